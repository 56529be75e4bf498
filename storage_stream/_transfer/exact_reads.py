"""Reads of exactly so many bytes, out of pieces that come as they come and are only borrowed.

A piece may lie in memory that the network writes over as soon as the next one is asked for. So at
most one is held, the caller gets copies, and every byte is copied once: out of the network's
memory into what the caller gets.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from storage_stream._transfer.turn import Turn

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["ExactReads"]


class ExactReads:
    """What a stream reads from; one reader at a time. A failed or cancelled read takes nothing.

    Args:
        next_piece: Gives the next bytes, `b""` at the end. A memoryview it gave is valid until
            it is called again.
        subject: The object's name, for errors.
    """

    def __init__(
        self,
        next_piece: Callable[[], Awaitable[bytes | memoryview]],
        subject: str,
    ) -> None:
        self._next_piece = next_piece
        self._turn = Turn(subject, "stream")
        # What a read had taken before it failed; it comes before the piece.
        self._put_back: bytes | memoryview = b""
        self._piece: bytes | memoryview = b""
        self._at_end = False

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return self._turn.closed

    def close(self) -> None:
        """Drop what is held; every read, one that waits too, raises `StreamClosed`."""
        self._turn.closed = True
        self._put_back = self._piece = b""

    def check_open(self) -> None:
        """Raise `StreamClosed` if it is closed."""
        self._turn.check_open()

    async def read(self, size: int | None) -> bytes:
        """Read `size` bytes, fewer only at the end; None reads all the rest."""
        with self._turn:
            if size is not None and size <= self._there:
                return bytes(self._cut(size))
            return await self._gather(size)

    async def read1(self, size: int | None) -> bytes:
        """Read what is there, at most `size` bytes of it, waiting only when nothing is."""
        with self._turn:
            if not self._there:
                await self._advance()
            return bytes(self._cut(self._there if size is None else size))

    async def readinto(self, target: memoryview) -> int:
        """Fill a writable buffer of bytes; gives how many there were."""
        position = 0
        with self._turn:
            try:
                while position < len(target) and (self._there or await self._advance()):
                    part = self._cut(len(target) - position)
                    target[position : position + len(part)] = part
                    position += len(part)
            except BaseException:
                self._put_back = bytes(target[:position])
                raise
        return position

    async def _gather(self, size: int | None) -> bytes:
        whole = io.BytesIO()  # grows in place, and gives its memory away without copying it
        left = size
        try:
            while left != 0 and (self._there or await self._advance()):
                part = self._cut(self._there if left is None else left)
                whole.write(part)
                left = None if left is None else left - len(part)
        except BaseException:
            self._put_back = whole.getvalue()
            raise
        return whole.getvalue()

    @property
    def _there(self) -> int:
        """Bytes that can be had without waiting and lie in a row."""
        return len(self._put_back or self._piece)

    async def _advance(self) -> bool:
        """Wait for the next piece; the one before was used up."""
        if self._at_end:
            return False
        piece = await self._next_piece()
        self.check_open()
        self._piece = piece
        self._at_end = not piece
        return not self._at_end

    def _cut(self, size: int) -> bytes | memoryview:
        """Up to `size` bytes off the front; a view of them, if need be, and not a copy."""
        source = self._put_back or self._piece
        part, rest = source, source[:0]
        if size < len(source):
            view = memoryview(source)
            part, rest = view[:size], view[size:]
        if self._put_back:
            self._put_back = rest
        else:
            self._piece = rest
        return part
