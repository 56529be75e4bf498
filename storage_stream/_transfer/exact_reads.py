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

_MANY_BYTES = 512 * 1024  # at a time, where all are wanted


class ExactReads:
    """What a stream reads from; one reader at a time. A failed or cancelled read takes nothing.

    Args:
        next_piece: Gives the next bytes, `b""` at the end; as many as it is asked for, if it can.
            A memoryview it gave is valid until it is called again.
        subject: The object's name, for errors.
    """

    def __init__(
        self,
        next_piece: Callable[[int], Awaitable[bytes | memoryview]],
        subject: str,
    ) -> None:
        self._next_piece = next_piece
        self._turn = Turn(subject, "stream")
        # What a read had taken before it failed; it comes before the piece.
        self._put_back: bytes | memoryview = b""
        self._piece: bytes | memoryview = b""
        self._at = 0  # where in the piece the next read begins
        self._at_end = False

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return self._turn.closed

    def close(self) -> None:
        """Drop what is held; every read, one that waits too, raises `StreamClosed`."""
        self._turn.closed = True
        self._put_back, self._piece, self._at = b"", b"", 0

    def check_open(self) -> None:
        """Raise `StreamClosed` if it is closed."""
        self._turn.check_open()

    def take(self, size: int) -> bytes | None:
        """`size` bytes, at least 1, out of the piece that is here; None: `read` has to wait.

        Without a turn, and without a task: most small reads end here. Whoever has the turn has
        used up the piece and waits for the next, and behind the closing there is none.
        """
        begin, stop = self._at, self._at + size
        if self._put_back or stop > len(self._piece):
            return None
        data = bytes(self._piece[begin:stop])  # before a step: a size that is none takes nothing
        self._at = stop
        return data

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
                while left := len(target) - position:
                    if not self._there and not await self._advance(left):
                        break
                    part = self._cut(left)
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
            while left != 0 and (self._there or await self._advance(left or _MANY_BYTES)):
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
        return len(self._put_back) or len(self._piece) - self._at

    async def _advance(self, at_least: int = 1) -> bool:
        """Wait for the next piece; the one before was used up."""
        if self._at_end:
            return False
        piece = await self._next_piece(at_least)
        self.check_open()
        self._piece, self._at = piece, 0
        self._at_end = not piece
        return not self._at_end

    def _cut(self, size: int) -> memoryview:
        """Up to `size` bytes off the front: a view of them, not a copy."""
        if self._put_back:
            view = memoryview(self._put_back)
            self._put_back = view[size:]
            return view[:size]
        view = memoryview(self._piece)[self._at : self._at + size]
        self._at += len(view)
        return view
