"""One task at a time uses a stream or file, and nobody after it was closed: one place says so."""

from __future__ import annotations

from storage_stream.errors import StreamClosed, UsageError

__all__ = ["Turn"]


class Turn:
    """`with turn:` around what awaits in the middle of a change.

    Args:
        subject: The object's `gs://` name, for errors.
        noun: What is used, in messages.
        closed: What to say where it is closed; None says just that.

    Attributes:
        closed: Whether it is closed; whoever closes it says so here.

    Raises, on entering:
        StreamClosed: It is closed.
        UsageError: Another task is in the middle of something.
    """

    __slots__ = ("_busy", "_noun", "_subject", "_why_closed", "closed")

    def __init__(self, subject: str, noun: str = "file", closed: str | None = None) -> None:
        self._subject = subject
        self._noun = noun
        self._why_closed = closed or f"the {noun} is closed"
        self._busy = False
        self.closed = False

    def check_open(self) -> None:
        """Raise `StreamClosed` where it is closed."""
        if self.closed:
            raise StreamClosed(self._why_closed, subject=self._subject)

    def __enter__(self) -> None:
        self.check_open()
        if self._busy:
            raise UsageError(f"another task is using this {self._noun}", subject=self._subject)
        self._busy = True

    def __exit__(self, *_: object) -> None:
        self._busy = False
