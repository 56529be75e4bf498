"""The library's log: one logger, `storage_stream`, and the records that have fields.

What happens to a transfer on its way is told here, so that a program can read it: each record
has an `event` and its facts as attributes, for formatters and handlers that know `extra`. Where
it goes is the application's; by itself nothing is shown. No record holds a token, a key, a
session's address or bytes of an object.
"""

from __future__ import annotations

import logging

from storage_stream.errors import IntegrityError, TransferStalled

__all__ = ["log", "tell_failure", "tell_repeat", "tell_restart", "tell_resume"]

log = logging.getLogger("storage_stream")
log.addHandler(logging.NullHandler())  # a library's: else Python prints its warnings to stderr


def tell_repeat(seconds: float, why: Exception | str, subject: str) -> None:
    """A request failed and is made again: event `retry`, INFO, before the wait.

    Waiting is silent otherwise: nobody could tell a service that is down from one that is slow.

    Args:
        seconds: Until the next attempt.
        why: What happened to the last one.
        subject: What it is about: a `gs://` name, or what is missing.
    """
    facts = {"event": "retry", "seconds": seconds, "why": why, "subject": subject}
    log.info("again in %.1f s: %s", seconds, why, extra=facts)


def tell_resume(subject: str, offset: int) -> None:
    """A transfer that broke goes on: event `resume`, INFO.

    Args:
        subject: The object's `gs://` name.
        offset: The byte from which.
    """
    facts = {"event": "resume", "subject": subject, "offset": offset}
    log.info("%s goes on at byte %d", subject, offset, extra=facts)


def tell_restart(subject: str) -> None:
    """An upload's session was lost, or its bytes damaged, and all is sent again: WARNING.

    Args:
        subject: The object's `gs://` name; the event is `session_restart`.
    """
    facts = {"event": "session_restart", "subject": subject}
    log.warning("%s is uploaded again from its beginning, in a new session", subject, extra=facts)


def tell_failure(error: Exception, subject: str) -> None:
    """What of an error the log tells by itself, whether or not it is raised in the end.

    A body that came too slowly (event `stall`, WARNING), bytes that do not have the checksum that
    is kept of them (event `integrity_failure`, ERROR); nothing of any other.

    Args:
        error: What happened.
        subject: The object's `gs://` name.
    """
    if isinstance(error, TransferStalled):
        facts = {"event": "stall", "subject": subject}
        log.warning("%s: %s", subject, error.message, extra=facts)
    elif isinstance(error, IntegrityError):
        facts = {
            "event": "integrity_failure",
            "subject": subject,
            "expected": error.expected,
            "actual": error.actual,
        }
        log.error("%s: %s", subject, error.message, extra=facts)
