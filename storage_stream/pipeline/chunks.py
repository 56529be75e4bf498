"""Stages on chunks as such: cut them to one size, or put each through a function."""

import asyncio
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from typing import Any, TypeAlias

from storage_stream._cancellation import is_being_cancelled
from storage_stream.errors import InvalidArgument
from storage_stream.pipeline.source import (
    BytesLike,
    Input,
    Source,
    as_bytes,
    open_source,
    run_blocking,
)
from storage_stream.pipeline.stage import ByteStage, cancel_and_wait

__all__ = ["Blocks", "ChunkFunction", "map_chunks", "rechunk"]

ChunkFunction: TypeAlias = Callable[[bytes], BytesLike | Awaitable[BytesLike]]


def rechunk(source: Source, size: int) -> ByteStage:
    """Give the same bytes in chunks of exactly `size` bytes; the last one may be shorter.

    Args:
        source: what to read; closed with the stage.
        size: bytes per chunk.

    Raises:
        InvalidArgument: the size is not positive.
    """
    blocks = Blocks(size)
    taken = open_source(source)
    return ByteStage(_rechunk(taken, blocks), taken)


def map_chunks(
    source: Source, function: ChunkFunction, *, to_thread: bool = False, concurrency: int = 1
) -> ByteStage:
    """Give `function(chunk)` for each chunk of the source, in the source's order.

    The chunks are as the source gives them: put `rechunk` before it when their size matters.
    Empty results are left out. At most `concurrency` chunks are read ahead or worked on.

    Args:
        source: what to read; closed with the stage.
        function: takes and returns bytes; sync or async.
        to_thread: call it in a worker thread, for work that would hold the loop.
        concurrency: how many calls may run at once; more than 1 needs an async function or
            `to_thread` to be of use.

    Raises:
        TypeError: while iterating: the function returned something else than bytes.
        InvalidArgument: `concurrency` is not positive.

    A failing call fails the stage in its turn: the results before it are given first. Cancelling
    or closing cancels the calls that run; one in a thread is waited for, it cannot be stopped.
    """
    if concurrency < 1:
        raise InvalidArgument(f"concurrency must be positive, not {concurrency}")
    taken = open_source(source)
    apply = _Apply(function, to_thread=to_thread)
    if concurrency == 1:
        return ByteStage(_map_in_turn(taken, apply), taken)
    return ByteStage(_map_at_once(taken, apply, concurrency), taken)


class Blocks:
    """Collects bytes until blocks of exactly one size are whole; linear, whatever comes in."""

    def __init__(self, size: int) -> None:
        if size < 1:
            raise InvalidArgument(f"size must be positive, not {size}")
        self._size = size
        self._begun = bytearray()

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Give the blocks that the chunk completes."""
        start = 0
        if self._begun:
            start = self._size - len(self._begun)
            self._begun += memoryview(chunk)[:start]
            if len(self._begun) < self._size:
                return
            yield bytes(self._begun)
            self._begun.clear()
        while start + self._size <= len(chunk):
            yield chunk[start : start + self._size]
            start += self._size
        self._begun += memoryview(chunk)[start:]

    def finish(self) -> bytes:
        """Return what is left, shorter than a block, perhaps empty."""
        return bytes(self._begun)


async def _rechunk(source: Input, blocks: Blocks) -> AsyncGenerator[list[bytes], None]:
    while chunk := await source.read_chunk():
        for block in blocks.feed(chunk):
            yield [block]
    if last := blocks.finish():
        yield [last]


class _Apply:
    """One call of the user's function, however it wants to be called."""

    def __init__(self, function: ChunkFunction, *, to_thread: bool) -> None:
        self._function = function
        self._to_thread = to_thread
        self._origin = getattr(function, "__name__", type(function).__name__)

    async def __call__(self, chunk: bytes) -> bytes:
        result: Any
        if self._to_thread:
            result = await run_blocking(self._function, chunk)
        else:
            result = self._function(chunk)
        if inspect.isawaitable(result):
            result = await result
        return as_bytes(result, self._origin)


async def _map_in_turn(source: Input, apply: _Apply) -> AsyncGenerator[list[bytes], None]:
    while chunk := await source.read_chunk():
        if result := await apply(chunk):
            yield [result]


async def _map_at_once(
    source: Input, apply: _Apply, concurrency: int
) -> AsyncGenerator[list[bytes], None]:
    window = _Window(source, apply, concurrency)
    reader = asyncio.create_task(window.read_source())
    try:
        while (result := await window.next_result()) is not None:
            if result:
                yield [result]
    finally:
        await cancel_and_wait([reader, *window.calls])


class _Window:
    """The calls that run, oldest first; a chunk is read only when one more may run.

    The source is read in a task of its own, so that a finished result need not wait for a chunk.
    """

    def __init__(self, source: Input, apply: _Apply, concurrency: int) -> None:
        self._source = source
        self._apply = apply
        self._room = asyncio.Semaphore(concurrency)
        # None is the end; a failed source is a failed future.
        self._in_order: asyncio.Queue[asyncio.Future[bytes] | None] = asyncio.Queue()
        self.calls: set[asyncio.Future[bytes]] = set()

    async def read_source(self) -> None:
        """Start a call for each chunk; the end or a failure takes its place in the order."""
        try:
            while chunk := await self._read_when_room():
                call = asyncio.create_task(self._apply(chunk))
                self.calls.add(call)
                self._in_order.put_nowait(call)
        except BaseException as failure:
            if is_being_cancelled():
                raise
            self._in_order.put_nowait(_failed(failure))
        else:
            self._in_order.put_nowait(None)

    async def _read_when_room(self) -> bytes:
        await self._room.acquire()
        return await self._source.read_chunk()

    async def next_result(self) -> bytes | None:
        """Return the next call's result; `None` at the end."""
        oldest = await self._in_order.get()
        if oldest is None:
            return None
        try:
            return await oldest
        finally:
            self.calls.discard(oldest)
            self._room.release()


def _failed(failure: BaseException) -> asyncio.Future[bytes]:
    outcome: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    if isinstance(failure, asyncio.CancelledError):  # a future takes it no other way
        outcome.cancel()
        return outcome
    outcome.set_exception(failure)
    outcome.exception()  # seen: the stage may be closed before its turn comes
    return outcome
