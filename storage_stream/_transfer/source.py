"""What can be uploaded: what can be read again from any byte, and what comes only once.

Nothing that the caller opened is closed, moved or changed: a file object is read from where it
stands, and stands behind what was read afterwards; where it stood, if the upload failed.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import os
import threading
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeAlias, cast

from storage_stream._transfer.path_source import PathSource
from storage_stream.errors import TransferError, UsageError
from storage_stream.pipeline.source import Input, open_source, run_blocking

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = [
    "FileSource",
    "MemorySource",
    "Rewindable",
    "alone",
    "pieces_of",
    "source_of",
]

_READ_BYTES = 1024 * 1024  # for one hop to the thread that reads

# What is being read now, by its identity: it lives for as long as it stands here.
_in_use: dict[int, object] = {}


@contextlib.contextmanager
def alone(data: Any) -> Generator[None]:
    """Around an upload: what has a position of its own is read by one upload at a time.

    Two that seek and read in turn would each get bytes of the other's place, of the right number,
    and no checksum could tell: it is taken of what was read.

    Raises:
        UsageError: Another upload is reading it.
    """
    can_run_out = isinstance(cast("object", data), Iterator | AsyncIterator)
    if not can_run_out and not callable(getattr(data, "read", None)):
        yield
        return
    mark = object()
    if _in_use.setdefault(id(data), mark) is not mark:  # one step: other threads have loops, too
        raise UsageError(f"another upload is reading this {type(data).__name__}")
    try:
        yield
    finally:
        del _in_use[id(data)]


async def source_of(data: Any) -> bytes | Rewindable | Input:
    """Bring what the caller gave to one of three shapes.

    Args:
        data: bytes, bytearray, memoryview; str (as UTF-8); None (nothing); a path (`os.PathLike`;
            a plain str is text, not a path); a binary or text file object, read from its current
            position on; anything with `read(size)`, sync or async (pipes, sockets' readers,
            aiofiles, streams of downloads); an iterable or async iterable of bytes.

    Raises:
        TypeError: Anything else.
        OSError: The file cannot be read; `io.UnsupportedOperation` where it is open for writing.
        InvalidArgument: A path to what has no length: a pipe, a device, a file of the kernel's.
    """
    in_memory = _in_memory(data)
    if in_memory is not None:
        return in_memory
    if isinstance(data, os.PathLike):
        return await run_blocking(PathSource, Path(cast("os.PathLike[str]", data)))
    await _check_readable(data)
    if _is_text(data):
        return open_source(_encoded(data))
    if _is_blocking_file(data) and await run_blocking(data.seekable):
        with contextlib.suppress(OSError):  # files of the kernel's can seek, but not to their end
            return await run_blocking(FileSource, data)
    try:
        return open_source(data)
    except TypeError:
        kind = type(data).__name__
        raise TypeError(
            f"cannot upload {kind}: pass bytes, text, a path, a file or an iterable of bytes"
        ) from None


async def _check_readable(data: Any) -> None:
    """Refuse a file that is open for writing only.

    It can tell where it stands and where it ends, and both are the same place: it would pass for
    a file of no bytes.
    """
    readable: Any = getattr(data, "readable", None)
    if not callable(readable) or not callable(getattr(data, "read", None)):
        return
    answer: Any = readable()
    if not (await answer if inspect.isawaitable(answer) else answer):
        raise io.UnsupportedOperation(f"{type(data).__name__} is not open for reading")


def _in_memory(data: Any) -> bytes | None:
    """The bytes of what is bytes already, or None."""
    if data is None:
        return b""
    if isinstance(data, str):
        return data.encode()
    if isinstance(data, bytes | bytearray | memoryview):
        return bytes(cast("bytes", data))  # a copy of what the caller may change while it is sent
    return None


def _is_text(data: Any) -> bool:
    """Whether it reads text. What is opened as text has an encoding, what is not has none."""
    return callable(getattr(data, "read", None)) and hasattr(data, "encoding")


def _is_blocking_file(data: Any) -> bool:
    methods = ("read", "seek", "tell", "seekable")
    has_all = all(callable(getattr(data, name, None)) for name in methods)
    return has_all and not isinstance(data, AsyncIterable)


async def _encoded(text: Any) -> AsyncIterator[bytes]:
    """The rest of a text file as UTF-8, whatever it was written in."""
    read: Any = text.read
    is_async = isinstance(text, AsyncIterable)
    while True:
        piece: Any = await (read(_READ_BYTES) if is_async else run_blocking(read, _READ_BYTES))
        if not isinstance(piece, str):
            raise TypeError(f"read() of {type(text).__name__} gives {type(piece).__name__}")
        if not piece:
            return
        yield piece.encode()


class MemorySource:
    """Bytes in memory."""

    def __init__(self, data: bytes) -> None:
        self._view = memoryview(data)
        self.length = len(data)

    async def chunks(self, start: int, stop: int) -> AsyncIterator[bytes | memoryview]:
        """The bytes from `start` to `stop`; a source that became shorter is an error."""
        for position in range(start, stop, _READ_BYTES):
            yield self._view[position : min(position + _READ_BYTES, stop)]

    lent_chunks = chunks  # nobody writes over it


class FileSource:
    """An open binary file that can seek, from where it stands.

    A request that was given up may still be reading in its thread while the next one begins, so
    each read goes to its own place, and one at a time.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._given_up = False
        self._origin = file.tell()
        self.length = max(0, file.seek(0, os.SEEK_END) - self._origin)
        file.seek(self._origin)

    async def chunks(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """The bytes from `start` to `stop`; a source that became shorter is an error."""
        while start < stop:
            chunk = await run_blocking(self._read_at, start, min(_READ_BYTES, stop - start))
            if not chunk:
                raise TransferError("the file became shorter while it was sent")
            start += len(chunk)
            yield chunk

    lent_chunks = chunks  # it makes its own memory

    async def put_back(self) -> None:
        """Let the file stand where it stood: nothing of it was used."""
        await run_blocking(self._put_back)

    def _put_back(self) -> None:
        with self._lock:
            self._given_up = True
            self._file.seek(self._origin)

    def _read_at(self, position: int, size: int) -> bytes:
        with self._lock:
            if self._given_up:
                return b""
            self._file.seek(self._origin + position)
            return self._file.read(size)


Rewindable: TypeAlias = MemorySource | PathSource | FileSource
"""Bytes of known length that can be read again, from anywhere."""


async def pieces_of(source: bytes | Rewindable | Input) -> AsyncIterator[bytes]:
    """A source read once; closing this does not close what the caller opened."""
    if isinstance(source, bytes):
        yield source
    elif isinstance(source, Rewindable):
        async for chunk in source.chunks(0, source.length):
            yield bytes(chunk)
    else:
        while chunk := await source.read_chunk():
            yield chunk
