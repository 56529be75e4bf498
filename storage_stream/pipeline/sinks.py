"""Where bytes go: writing to sinks on the way (`tee`), or at the end (`copy`, `collect`).

A sink is never closed here: it is its owner who knows whether more will be written to it.
"""

import inspect
import io
from collections.abc import AsyncGenerator, Callable, MutableMapping, MutableSet
from typing import Any, Protocol, TypeAlias, cast

from storage_stream.errors import InvalidArgument, TooManyBytesError
from storage_stream.pipeline.source import Input, Source, open_source, run_blocking
from storage_stream.pipeline.stage import ByteStage

__all__ = ["Sink", "collect", "copy", "tee"]


class _Writable(Protocol):
    def write(self, data: bytes, /) -> Any: ...


class _Updatable(Protocol):
    def update(self, data: bytes, /) -> Any: ...


Sink: TypeAlias = _Writable | _Updatable
"""What bytes can be written to: `write` (sync or async), or a hash's `update`."""


def tee(source: Source, *sinks: Sink) -> ByteStage:
    """Pass the source through, and write each chunk to every sink before it is given.

    Args:
        source: what to read; closed with the stage.
        sinks: objects with `write`, sync or async, or hashes (`update`); `drain` is awaited
            where there is one, and a file is written in a worker thread. Not closed, not flushed.

    Raises:
        TypeError: something is not a sink.
        OSError: while iterating: a sink took no bytes. What a sink raises passes unchanged.

    A failing sink fails the stage: what is given has been written everywhere. Cancelling during a
    write leaves open whether that chunk arrived.
    """
    writers = [_Writer(sink) for sink in sinks]
    taken = open_source(source)
    return ByteStage(_tee(taken, writers), taken)


async def copy(source: Source, sink: Sink) -> int:
    """Write the whole source to the sink; return the number of bytes.

    The source is closed at the end, on failure and on cancellation, the sink never. Sinks and
    errors are as for `tee`.
    """
    copied_bytes = 0
    async with tee(source, sink) as written:
        async for chunk in written:
            copied_bytes += len(chunk)
    return copied_bytes


async def collect(source: Source, max_bytes: int | None = None) -> bytes:
    """Return all bytes of the source, which is closed then.

    Args:
        source: what to read.
        max_bytes: most bytes to accept; `None` is no limit.

    Raises:
        TooManyBytesError: there are more; no more than one chunk beyond the limit was read.
    """
    if max_bytes is not None and max_bytes < 0:
        raise InvalidArgument(f"max_bytes must not be negative, not {max_bytes}")
    chunks: list[bytes] = []
    collected_bytes = 0
    async with tee(source) as whole:
        async for chunk in whole:
            collected_bytes += len(chunk)
            if max_bytes is not None and collected_bytes > max_bytes:
                raise TooManyBytesError(max_bytes)
            chunks.append(chunk)
    return b"".join(chunks)


async def _tee(source: Input, writers: "list[_Writer]") -> AsyncGenerator[list[bytes], None]:
    while chunk := await source.read_chunk():
        for writer in writers:
            await writer.write(chunk)
        yield [chunk]


class _Writer:
    """Writes whole chunks to one sink, however it wants to be called."""

    def __init__(self, sink: object) -> None:
        self._write = _write_method(sink)
        self._drain: Callable[[], Any] | None = getattr(sink, "drain", None)
        self._blocks = isinstance(sink, io.IOBase) and not isinstance(sink, io.BytesIO)
        self._name = type(sink).__name__

    async def write(self, chunk: bytes) -> None:
        rest = chunk
        while rest:
            rest = rest[await self._write_some(rest) :]
        if self._drain is not None:
            await self._settle(self._drain())

    async def _write_some(self, data: bytes) -> int:
        """Write, and return how much was taken: an unbuffered file may take a part only."""
        if self._blocks:
            taken = await run_blocking(self._write, data)
            if taken is None:  # what a non-blocking file answers
                raise BlockingIOError(f"{self._name} took no bytes: it is in non-blocking mode")
        else:
            taken = await self._settle(self._write(data))
        if not isinstance(taken, int):
            return len(data)
        if taken <= 0:
            raise OSError(f"{self._name}.write() took {taken} of {len(data)} bytes")
        return taken

    @staticmethod
    async def _settle(outcome: Any) -> Any:
        return await outcome if inspect.isawaitable(outcome) else outcome


def _write_method(sink: Any) -> Callable[[bytes], Any]:
    # A dict and a set have an update, too, and it would take the bytes for keys.
    kind = cast("type[object]", type(sink))
    keyed = issubclass(kind, MutableMapping | MutableSet)
    if issubclass(kind, io.TextIOBase):
        raise TypeError(f"cannot write bytes to {kind.__name__!r}: open it in binary mode")
    for name in ("write",) if keyed else ("write", "update"):
        method = getattr(sink, name, None)
        if callable(method):
            return cast("Callable[[bytes], Any]", method)
    raise TypeError(
        f"cannot write bytes to {kind.__name__!r}: expected an object with write(), or a hash"
    )
