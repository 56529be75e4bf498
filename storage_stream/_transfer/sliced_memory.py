"""Downloads into memory: a large object over several connections into one buffer, or in order."""

from __future__ import annotations

import asyncio
import io
from contextlib import aclosing
from typing import TYPE_CHECKING

from storage_stream._protocol.slice_plan import SlicePlan
from storage_stream._shielding import end
from storage_stream._transfer.exact_reads import ExactReads
from storage_stream._transfer.sliced import BufferSink, can_be_sliced, check_whole, fetch_slices
from storage_stream.errors import InvalidArgument, TransferError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from storage_stream._transfer.download import Download
    from storage_stream._transfer.sliced_file import SliceHow
    from storage_stream._transport.clock import Clock

__all__ = ["fill", "iterate", "read_slices"]


async def read_slices(first: Download, how: SliceHow, clock: Clock) -> bytes:
    """The bytes of a large object; `first` is open, can be sliced, and is closed in the end.

    Held once: the memory of `bytes` that nobody else has is written through `BytesIO`, and given
    out without a copy.

    Raises:
        TransferError: There is no memory for them.
    """
    size = first.content_length or 0
    try:
        whole = io.BytesIO(bytes(size))  # zeros that are no memory yet
    except (MemoryError, OverflowError):
        first.close()
        raise TransferError(
            f"the object has {size} bytes, more than there is memory for: "
            "download_to_filename, iter_download and download_stream hold a few at a time",
            subject=first.subject,
        ) from None
    with whole.getbuffer() as view:
        await _fill_by_slices(first, view, how, clock)
    return whole.getvalue()


async def fill(first: Download, view: memoryview, how: SliceHow, clock: Clock) -> int:
    """The bytes of an object into a buffer; `first` is open, and closed in the end.

    Returns:
        How many there are.

    Raises:
        InvalidArgument: More than there is room for.
    """
    try:
        size = first.content_length
        if size is not None and size > len(view):
            raise InvalidArgument(f"the buffer has {len(view)} bytes, the object {size}")
        if size is not None and can_be_sliced(first, how.slice_bytes, how.workers):
            await _fill_by_slices(first, view[:size], how, clock)
            return size
        reads = ExactReads(first)
        count = await reads.readinto(view)
        if await reads.read1(1):  # at the end a wrong checksum is raised, too
            raise InvalidArgument(f"the buffer has {len(view)} bytes, the object more")
        return count
    finally:
        first.close()


async def _fill_by_slices(first: Download, view: memoryview, how: SliceHow, clock: Clock) -> None:
    start = first.machine.offset
    plan = SlicePlan(
        start,
        start + len(view),
        slice_bytes=how.slice_bytes,
        workers=how.workers,
        begins_alone=True,
    )
    await fetch_slices(first, plan, BufferSink(view, start), clock, how.workers)
    check_whole(first, plan)


async def iterate(first: Download, how: SliceHow, clock: Clock) -> AsyncGenerator[bytes, None]:
    """The bytes of an object in order; `first` is open, and closed in the end.

    Slices are begun ahead of what was taken, at most `how.workers` of them.

    Raises:
        StorageError: In place of bytes that cannot be had, or of the end: the checksum is wrong.
    """
    try:
        if can_be_sliced(first, how.slice_bytes, how.workers):
            async with aclosing(_Window(first, how, clock).pieces()) as pieces:
                async for piece in pieces:
                    yield piece
        else:
            while received := await first.next_piece():
                yield bytes(received)
    finally:
        first.close()


class _Window:
    """Slices that are under way, and their bytes that nobody took yet."""

    def __init__(self, first: Download, how: SliceHow, clock: Clock) -> None:
        self._first = first
        self._how = how
        self._clock = clock
        start = self._position = first.machine.offset
        self._plan = SlicePlan(
            start,
            start + (first.content_length or 0),
            slice_bytes=how.slice_bytes,
            workers=how.workers,
            in_order=True,
        )
        self._pieces: dict[int, bytes] = {}  # by offset
        self._arrived = asyncio.Event()
        self._moved = asyncio.Event()

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """All of them, in order."""
        plan, how = self._plan, self._how
        fetching = asyncio.create_task(
            fetch_slices(self._first, plan, self, self._clock, how.workers, self._ready)
        )
        fetching.add_done_callback(lambda _: self._arrived.set())
        try:
            while self._position < plan.stop:
                yield await self._next_piece(fetching)
            await fetching
            check_whole(self._first, plan)
        finally:
            await end(fetching, 0)

    async def _next_piece(self, fetching: asyncio.Task[None]) -> bytes:
        while (piece := self._pieces.pop(self._position, None)) is None:
            if fetching.done():
                fetching.result()
            self._arrived.clear()
            await self._arrived.wait()
        self._position += len(piece)
        self._moved.set()
        return piece

    async def write(self, data: bytes | memoryview, offset: int) -> None:
        """See `Sink.write`."""
        self._pieces[offset] = bytes(data)
        if offset == self._position:
            self._arrived.set()

    async def _ready(self) -> None:
        """Wait until the next slice lies in the window."""
        ahead = (self._how.workers - 1) * self._how.slice_bytes
        while (start := self._plan.next_start) is not None and start > self._position + ahead:
            self._moved.clear()
            await self._moved.wait()
