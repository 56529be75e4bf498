"""Bytes that go out while the picture is still computed, in the thread that computes it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from storage_stream.media.errors import UnsupportedFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from storage_stream.media.bridge.run import Run

__all__ = ["ForwardWriter"]


class ForwardWriter:
    """Bytes on their way to the loop: one piece is under way while the next one is filled.

    Who is faster than the network waits here, in his thread.

    Args:
        run: What waits for the loop.
        send: Sends a piece, on the loop.
        piece_size: Bytes of a piece.
        timeout: Seconds to wait until a piece was sent; None waits for ever.
    """

    def __init__(
        self,
        run: Run,
        send: Callable[[bytes], Coroutine[Any, Any, Any]],
        piece_size: int,
        timeout: float | None,
    ) -> None:
        self._run = run
        self._send = send
        self._piece_size = piece_size
        self._timeout = timeout
        self._filling = bytearray()
        self._under_way: Callable[[], None] | None = None

    def write(self, data: bytes) -> int:
        """Take the next bytes."""
        self._filling += data
        if len(self._filling) >= self._piece_size:
            self._hand_over()
        return len(data)

    def seek(self, offset: int, whence: int) -> int:
        """Nothing goes back here.

        Raises:
            UnsupportedFormat: A saver does.
        """
        raise UnsupportedFormat(
            f"a saver goes back to what it wrote (seek({offset}, {whence})), and only TIFF is kept"
            " for that",
            subject=self._run.subject,
        )

    def read(self, size: int) -> bytes:
        """Nothing is read back here."""
        raise io.UnsupportedOperation(f"read({size}): what was written is on its way")

    def flush(self) -> None:
        """Wait until all of it was sent; in the worker."""
        if self._filling:
            self._hand_over()
        if self._under_way is not None:
            self._under_way()
            self._under_way = None

    def _hand_over(self) -> None:
        piece, self._filling = bytes(self._filling), bytearray()
        if self._under_way is not None:
            self._under_way()
        self._under_way = self._run.start(lambda: self._send(piece), self._timeout)
