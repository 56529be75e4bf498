"""What can be uploaded, as something that is read while it is sent, and again for a repeat.

Nothing that the caller opened is closed, moved or changed: a file object is read from where it
stands, and stands behind what was read afterwards.
"""

from __future__ import annotations

import asyncio
import inspect
import os
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from storage_stream._protocol.checksums import Crc32c
from storage_stream._transfer.opened_file import opened
from storage_stream.errors import InvalidArgument, TransferError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from storage_stream._protocol.http import Content
    from storage_stream._protocol.multipart import MultipartFrame

__all__ = ["FramedContent", "HashedContent", "content_of"]

_READ_BYTES = 1024 * 1024  # for one hop to the thread that reads


async def content_of(data: Any) -> bytes | Content:
    """Bytes, or a content to be read while it is sent.

    Args:
        data: bytes, bytearray, memoryview; str (as UTF-8); None (nothing); a path (`os.PathLike`;
            a plain str is text, not a path); a binary or text file object, read from its current
            position on.

    Raises:
        TypeError: Anything else.
        OSError: The file cannot be read.
    """
    if data is None:
        return b""
    if isinstance(data, bytes):
        return data
    if isinstance(data, str):
        return data.encode()
    if isinstance(data, bytearray | memoryview):
        return bytes(cast("bytearray", data))  # a copy: the caller may change it while it is sent
    if isinstance(data, os.PathLike):
        return await asyncio.to_thread(_PathContent, Path(cast("os.PathLike[str]", data)))
    if callable(getattr(data, "read", None)) and not inspect.iscoroutinefunction(data.read):
        return await asyncio.to_thread(_content_of_file, data)
    raise TypeError(f"cannot upload {type(data).__name__}: pass bytes, str, a path or a file")


class _PathContent:
    """A file by its name: opened anew for every attempt."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as file:
            self.length = os.fstat(file.fileno()).st_size

    async def chunks(self) -> AsyncIterator[bytes]:
        """See `Content.chunks`."""
        async with opened(self._path, "rb") as file:
            left = self.length
            while left:
                chunk = await file.read(min(_READ_BYTES, left))
                if not chunk:
                    raise TransferError(f"{self._path.name} became shorter while it was sent")
                left -= len(chunk)
                yield chunk


class _FileContent:
    """An open binary file, from where it stands; repeats seek back there."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._start = file.tell()
        self.length = max(0, file.seek(0, os.SEEK_END) - self._start)
        file.seek(self._start)

    async def chunks(self) -> AsyncIterator[bytes]:
        """See `Content.chunks`."""
        await asyncio.to_thread(self._file.seek, self._start)
        left = self.length
        while left:
            chunk = await asyncio.to_thread(self._file.read, min(_READ_BYTES, left))
            if not chunk:
                raise TransferError("the file became shorter while it was sent")
            left -= len(chunk)
            yield chunk


def _content_of_file(file: IO[Any]) -> bytes | Content:
    """Text is read at once: its length in bytes is not known before it is encoded."""
    probe = file.read(0)
    if isinstance(probe, str):
        text: str = file.read()
        return text.encode()
    if not isinstance(probe, bytes):
        raise TypeError(f"read() of {type(file).__name__} gives {type(probe).__name__}, not bytes")
    seekable = getattr(file, "seekable", None)
    if seekable is None or not seekable():
        raise InvalidArgument("a file that cannot seek has no known length: read it first")
    return _FileContent(file)


class HashedContent:
    """A content whose crc32c is taken as it goes out."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self.length = content.length
        self.crc = Crc32c()

    async def chunks(self) -> AsyncIterator[bytes]:
        """See `Content.chunks`; the checksum begins anew with it."""
        self.crc = Crc32c()
        async for chunk in self._content.chunks():
            self.crc.update(chunk)
            yield chunk


class FramedContent:
    """A content inside a multipart frame."""

    def __init__(self, frame: MultipartFrame, content: bytes | Content) -> None:
        self._frame = frame
        self._content = content
        size = len(content) if isinstance(content, bytes) else content.length
        self.length = len(frame.head) + size + len(frame.tail)

    async def chunks(self) -> AsyncIterator[bytes]:
        """See `Content.chunks`."""
        yield self._frame.head
        if isinstance(self._content, bytes):
            if self._content:
                yield self._content
        else:
            async for chunk in self._content.chunks():
                yield chunk
        yield self._frame.tail
