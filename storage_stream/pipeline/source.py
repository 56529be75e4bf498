"""Everything that a stage can read from, brought to one shape: `read_chunk` and `aclose`.

The kinds differ in how bytes are fetched, and in whether that blocks. This module does not know
what is done with the bytes; it checks only that they are bytes.
"""

import asyncio
import contextvars
import inspect
import io
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeAlias, TypeVar, cast

from storage_stream.pipeline.stage import ByteStage, Closable, Stage, close_object

__all__ = [
    "READ_BYTES",
    "BytesLike",
    "Input",
    "Source",
    "Turns",
    "as_bytes",
    "open_source",
    "run_blocking",
]

R = TypeVar("R")

# Large enough that a thread switch or a turn of the loop is small beside the work on the chunk,
# small enough that a hundred pipelines at once fit into a small container.
READ_BYTES = 256 * 1024
# How much a source that never waits may deliver before other tasks get a turn of the loop.
_TURN_BYTES = 1024 * 1024
# What one small chunk counts at least, so that a million tiny ones do not hold the loop either.
_CHUNK_COST_BYTES = 1024

BytesLike: TypeAlias = bytes | bytearray | memoryview


class _AsyncReadable(Protocol):
    def read(self, size: int, /) -> Awaitable[BytesLike]: ...


class _SyncReadable(Protocol):
    def read(self, size: int, /) -> BytesLike: ...


_Plain: TypeAlias = (
    BytesLike | _AsyncReadable | _SyncReadable | AsyncIterable[BytesLike] | Iterable[BytesLike]
)
Source: TypeAlias = _Plain | AbstractAsyncContextManager[_Plain]
"""What a stage accepts: bytes, what has `read(size)`, an iterable of bytes, sync or async;
or an async context manager that gives one of these, entered at the first read."""


class Input(Closable, Protocol):
    """An opened source."""

    async def read_chunk(self) -> bytes:
        """Return the next bytes, however many; `b""` only at the end."""
        ...


def open_source(source: object) -> Input:
    """Bring a source to the one shape; nothing is read or entered yet.

    `read` is preferred over iteration, because iterating a file or an `aiohttp.StreamReader`
    splits it into lines.

    Raises:
        TypeError: it is none of the accepted kinds; the message names what it is.
    """
    if isinstance(source, ByteStage):
        return _StageInput(source)
    if isinstance(source, bytes | bytearray | memoryview):
        return _MemoryInput(cast("BytesLike", source))
    if isinstance(source, Stage | str | Mapping):
        raise _unusable(cast("object", source))
    if callable(getattr(source, "read", None)):
        return _open_readable(source)
    if isinstance(source, AsyncIterable):
        return _AsyncItems(cast("AsyncIterable[object]", source))
    if isinstance(source, Iterable):
        return _SyncItems(cast("Iterable[object]", source))
    if isinstance(source, AbstractAsyncContextManager):
        return _ContextInput(cast("AbstractAsyncContextManager[object]", source))
    raise _unusable(source)


def _open_readable(source: Any) -> Input:
    if isinstance(source, io.BytesIO):
        return _BufferInput(source)
    # An async reader is seldom a plain coroutine function (it may be wrapped, or compiled), but
    # then it nearly always can be iterated asynchronously.
    if inspect.iscoroutinefunction(source.read) or isinstance(source, AsyncIterable):
        return _AsyncReader(source)
    return _BlockingReader(source)


def _unusable(source: object) -> TypeError:
    hint = {
        "str": "encode it first",
        "Stage": "it gives objects, not bytes",
    }
    kind = type(source).__name__
    advice = f" ({hint[kind]})" if kind in hint else ""
    return TypeError(
        f"cannot read bytes from {kind!r}{advice}: expected bytes, an object with read(size),"
        " an iterable or async iterable of bytes, or a stage"
    )


def as_bytes(item: object, origin: str) -> bytes:
    """Return the item as immutable bytes: a producer may reuse the buffer it handed out.

    Raises:
        TypeError: it is not bytes-like; the message names it and `origin`.
    """
    if type(item) is bytes:
        return item
    if isinstance(item, bytes | bytearray | memoryview):
        return bytes(cast("BytesLike", item))
    raise TypeError(f"{origin} gave {type(item).__name__!r}, expected bytes")


async def run_blocking(function: Callable[..., R], *args: Any) -> R:
    """Call a blocking function in a worker thread, with the caller's context variables.

    A thread cannot be interrupted, so a cancelled caller first waits until the call has returned:
    nobody may close a file or report the end while a thread still uses it. A second cancellation
    ends the waiting.

    Raises:
        RuntimeError: the function raised `StopIteration`, which no future can hold: whoever
            waited for it would wait for ever.
    """
    context = contextvars.copy_context()
    loop = asyncio.get_running_loop()
    future = loop.run_in_executor(None, lambda: context.run(_call, function, args))
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        await asyncio.wait([future])
        if not future.cancelled():
            future.exception()  # looked at, so that asyncio does not report it: the cancel counts
        raise


def _call(function: Callable[..., R], args: tuple[Any, ...]) -> R:
    try:
        return function(*args)
    except StopIteration as error:
        name = getattr(function, "__qualname__", type(function).__name__)
        raise RuntimeError(f"{name}() raised StopIteration") from error


class Turns:
    """Lets other tasks run now and then where nothing else waits."""

    def __init__(self) -> None:
        self._taken_bytes = 0

    async def spend(self, size: int) -> None:
        """Count work on `size` bytes; give way when it is enough for one turn."""
        self._taken_bytes += max(size, _CHUNK_COST_BYTES)
        if self._taken_bytes >= _TURN_BYTES:
            self._taken_bytes = 0
            await asyncio.sleep(0)


class _StageInput:
    def __init__(self, stage: ByteStage) -> None:
        self._stage = stage

    async def read_chunk(self) -> bytes:
        return await anext(self._stage, b"")

    async def aclose(self) -> None:
        await self._stage.aclose()


class _MemoryInput:
    def __init__(self, data: BytesLike) -> None:
        # A copy only of what can change or is not laid out byte by byte.
        contiguous = isinstance(data, memoryview) and data.contiguous
        self._data = memoryview(data).cast("B") if contiguous else memoryview(bytes(data))
        self._position = 0
        self._turns = Turns()

    async def read_chunk(self) -> bytes:
        chunk = bytes(self._data[self._position : self._position + READ_BYTES])
        self._position += len(chunk)
        await self._turns.spend(len(chunk))
        return chunk

    async def aclose(self) -> None:
        self._data = memoryview(b"")


class _BufferInput:
    def __init__(self, buffer: io.BytesIO) -> None:
        self._buffer = buffer
        self._turns = Turns()

    async def read_chunk(self) -> bytes:
        chunk = self._buffer.read(READ_BYTES)
        await self._turns.spend(len(chunk))
        return chunk

    async def aclose(self) -> None:
        self._buffer.close()


class _AsyncReader:
    def __init__(self, source: Any) -> None:
        self._source = source
        self._origin = f"{type(source).__name__}.read()"

    async def read_chunk(self) -> bytes:
        data = self._source.read(READ_BYTES)
        if inspect.isawaitable(data):
            data = await data
        return as_bytes(data, self._origin)

    async def aclose(self) -> None:
        await close_object(self._source)


class _BlockingReader:
    def __init__(self, source: Any) -> None:
        self._source = source
        self._origin = f"{type(source).__name__}.read()"

    async def read_chunk(self) -> bytes:
        data = await run_blocking(self._source.read, READ_BYTES)
        if inspect.isawaitable(data):  # an async read that did not look like one
            data = await data
        return as_bytes(data, self._origin)

    async def aclose(self) -> None:
        await close_object(self._source, run_blocking)


class _AsyncItems:
    def __init__(self, source: AsyncIterable[object]) -> None:
        self._source = source
        self._items = aiter(source)
        self._origin = type(source).__name__

    async def read_chunk(self) -> bytes:
        async for item in self._items:
            if chunk := as_bytes(item, self._origin):
                return chunk
        return b""

    async def aclose(self) -> None:
        await _close_items(self._items, self._source)


class _SyncItems:
    def __init__(self, source: Iterable[object]) -> None:
        self._source = source
        self._items = iter(source)
        self._origin = type(source).__name__
        self._turns = Turns()

    async def read_chunk(self) -> bytes:
        for item in self._items:
            chunk = as_bytes(item, self._origin)
            await self._turns.spend(len(chunk))
            if chunk:
                return chunk
        return b""

    async def aclose(self) -> None:
        await _close_items(self._items, self._source)


async def _close_items(items: object, source: object) -> None:
    try:
        await close_object(items)
    finally:
        if source is not items:
            await close_object(source)


class _ContextInput:
    def __init__(self, manager: AbstractAsyncContextManager[object]) -> None:
        self._manager = manager
        self._entered = False
        self._input: Input | None = None

    async def read_chunk(self) -> bytes:
        if self._input is None:
            given = await self._manager.__aenter__()
            self._entered = True
            self._input = open_source(given)
        return await self._input.read_chunk()

    async def aclose(self) -> None:
        if self._entered:
            # What the block gave belongs to the manager: leaving the block closes it.
            await self._manager.__aexit__(None, None, None)
