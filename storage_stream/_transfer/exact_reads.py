"""Reads of exactly so many bytes, out of pieces that come as they come and are only borrowed.

A piece may lie in memory that the network writes over as soon as the next one is asked for. So at
most one is held, the caller gets copies, and every byte is copied once: out of the network's
memory into what the caller gets. Where many are wanted at once the network writes there itself.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Protocol

from storage_stream._transfer.turn import Turn

if TYPE_CHECKING:
    from collections.abc import Awaitable

__all__ = ["ExactReads"]

_MANY_BYTES = 512 * 1024  # at a time, where all are wanted
_DIRECT_BYTES = 256 * 1024  # of which more are better received than copied to where they belong
_STEP_BYTES = 1024 * 1024  # at a time: their checksum is computed while they are in the cache
_LARGEST_BYTES = 16 * 1024 * 1024  # for which memory is taken before they are there


class PieceSource(Protocol):
    """Where the bytes come from, which is a `Download`."""

    @property
    def subject(self) -> str:
        """The object's name, for errors."""
        ...

    @property
    def left(self) -> int | None:
        """Bytes that are still to come; None where nobody knows."""
        ...

    def next_piece(self, at_least: int) -> Awaitable[bytes | memoryview]:
        """The next bytes, `b""` at the end; as many as it is asked for, if it can.

        A memoryview it gave is valid until it is called again.
        """
        ...

    def receive_into(self, target: memoryview, /) -> Awaitable[int] | None:
        """The next bytes, into this memory; None, or 0 of them, say that `next_piece` knows."""
        ...


class ExactReads:
    """What a stream reads from; one reader at a time. A failed or cancelled read takes nothing.

    Args:
        source: Where the bytes come from.
        direct_bytes: Where more are wanted, and none is here, they are received into what the
            caller gets.
    """

    def __init__(self, source: PieceSource, direct_bytes: int = _DIRECT_BYTES) -> None:
        self._source = source
        self._direct_bytes = direct_bytes
        self._turn = Turn(source.subject, "stream")
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
            if size is None:
                return await self._gather(None)
            if size and not self._there:
                if self._direct_bytes < size <= min(_LARGEST_BYTES, self._source.left or 0):
                    return await self._receive(size)
                await self._advance(size)
            if size <= self._there:
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
        with self._turn:
            return await self._fill(target)

    async def _fill(self, target: memoryview) -> int:
        position = 0
        try:
            while left := len(target) - position:
                step = target[position : position + _STEP_BYTES]
                count = 0
                if not self._there:
                    count = await self._receive_directly(step)
                    if not count and not await self._advance(left):
                        break
                if not count:
                    part = self._cut(left)
                    count = len(part)
                    target[position : position + count] = part
                position += count
        except BaseException:
            self._give_back(target[:position])
            raise
        return position

    async def _receive_directly(self, target: memoryview) -> int:
        """Bytes that went where they belong at once; 0 says nothing."""
        if len(target) <= self._direct_bytes:
            return 0
        receiving = self._source.receive_into(target)
        if receiving is None:
            return 0
        count = await receiving
        self.check_open()
        return count

    async def _receive(self, size: int) -> bytes:
        """So many bytes, of which there are enough, received into the memory they are given in."""
        whole = io.BytesIO()
        whole.seek(size - 1)
        whole.write(b"\0")  # all of it at once
        with whole.getbuffer() as target:
            count = await self._fill(target)
        if count < size:
            whole.truncate(count)
        return whole.getvalue()

    async def _gather(self, size: int | None) -> bytes:
        whole = io.BytesIO()  # grows in place, and gives its memory away without copying it
        left = size
        try:
            while left != 0 and (self._there or await self._advance(left or _MANY_BYTES)):
                part = self._cut(self._there if left is None else left)
                whole.write(part)
                left = None if left is None else left - len(part)
        except BaseException:
            self._give_back(whole.getvalue())
            raise
        return whole.getvalue()

    def _give_back(self, data: bytes | memoryview) -> None:
        """What a read had taken before it failed; behind the closing nobody reads it."""
        if not self.closed:
            self._put_back = bytes(data)

    @property
    def _there(self) -> int:
        """Bytes that can be had without waiting and lie in a row."""
        return len(self._put_back) or len(self._piece) - self._at

    async def _advance(self, at_least: int = 1) -> bool:
        """Wait for the next piece; the one before was used up."""
        if self._at_end:
            return False
        piece = await self._source.next_piece(at_least)
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
