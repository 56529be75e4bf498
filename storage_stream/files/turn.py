"""A file is used by one task at a time, and not after it was closed: one place says so."""

from __future__ import annotations

from storage_stream.errors import StreamClosed, UsageError

__all__ = ["Turn"]


class Turn:
    """`with turn:` around what awaits in the middle of a change.

    Raises, on entering:
        StreamClosed: The file is closed.
        UsageError: Another task is in the middle of something.
    """

    __slots__ = ("_busy", "_subject", "closed")

    def __init__(self, subject: str) -> None:
        self._subject = subject
        self._busy = False
        self.closed = False

    def check_open(self) -> None:
        """Raise `StreamClosed` where the file is closed."""
        if self.closed:
            raise StreamClosed("the file is closed", subject=self._subject)

    def __enter__(self) -> None:
        self.check_open()
        if self._busy:
            raise UsageError("another task is using this file", subject=self._subject)
        self._busy = True

    def __exit__(self, *_: object) -> None:
        self._busy = False
