"""Says that a request is made again, and why, to whoever listens to the log of repeats.

Waiting is silent otherwise: nobody could tell a service that is down from one that is slow.
"""

from __future__ import annotations

import logging

__all__ = ["tell_repeat"]

_log = logging.getLogger("storage_stream.retry")


def tell_repeat(seconds: float, why: Exception | str, subject: str) -> None:
    """Log it, with `seconds`, `why` and `subject` as fields of the record, too.

    Args:
        seconds: Until the next attempt.
        why: What happened to the last one.
        subject: What it is about: a `gs://` name, or what is missing.
    """
    facts = {"seconds": seconds, "why": why, "subject": subject}
    _log.info("again in %.1f s: %s", seconds, why, extra=facts)
