"""Says why a command waits: a request is about to be made again, or a cluster has no workers.

It listens to the library's log for that. Many transfers that meet the same trouble are one line a
second for people; programs get an event for each.
"""

import contextlib
import logging
import time
from collections.abc import Callable, Generator, Mapping
from typing import Any

from storage_stream.cli.output import Output
from storage_stream.cli.wording import plain_words

__all__ = ["waits_told"]

_LOG = "storage_stream"
_PAUSE_SECONDS = 1.0  # between two lines


@contextlib.contextmanager
def waits_told(
    output: Output, clock: Callable[[], float] = time.monotonic
) -> Generator[None, None, None]:
    """While the block runs, each wait is told of: before a repeat, and for workers.

    Args:
        output: Where.
        clock: Seconds that only grow.
    """
    log, listener = logging.getLogger(_LOG), _Listener(output, clock)
    level = log.level
    log.addHandler(listener)
    if log.getEffectiveLevel() > logging.INFO:  # else whoever set it hears more
        log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(listener)
        log.setLevel(level)


class _Listener(logging.Handler):
    def __init__(self, output: Output, clock: Callable[[], float]) -> None:
        super().__init__()
        self._output = output
        self._clock = clock
        self._told_at: float | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Tell of one. What goes wrong with that ends the command, as with any other output."""
        fields = record.__dict__
        match fields.get("event"):
            case "retry":
                self._repeat(fields)
            case "no_workers":
                seconds, left = round(fields["seconds"], 3), round(fields["seconds_left"], 3)
                self._output.event(
                    "no_workers", seconds=seconds, seconds_left=left, subject=fields["subject"]
                )
                self._output.say(_sentence(record))
            case "workers":
                self._output.event("workers", threads=fields["threads"], subject=fields["subject"])
                self._output.say(_sentence(record))
            case _:  # it says of no wait
                pass

    def _repeat(self, fields: Mapping[str, Any]) -> None:
        seconds, why = round(fields["seconds"], 3), plain_words(str(fields["why"]))
        self._output.event("retry", seconds=seconds, reason=why, subject=fields["subject"])
        now = self._clock()
        if self._told_at is not None and now - self._told_at < _PAUSE_SECONDS:
            return
        self._told_at = now
        self._output.say(f"Trying again in {seconds:.1f} s: {why}")


def _sentence(record: logging.LogRecord) -> str:
    text = plain_words(record.getMessage())
    return f"{text[:1].upper()}{text[1:]}."
