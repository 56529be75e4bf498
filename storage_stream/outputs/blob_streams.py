"""Reading a blob without knowing where its bytes are: one interface for all of them."""

from __future__ import annotations

import asyncio
import io
from typing import IO, TYPE_CHECKING, Any, Protocol, Self

from storage_stream.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from contextlib import AbstractAsyncContextManager
    from types import TracebackType

__all__ = ["BlobStream", "LocalStream", "OpenBlob", "check_bounds", "no_bytes"]


class BlobStream(Protocol):
    """Bytes in order, as `StreamResponse` gives them."""

    async def read(self, size: int = -1) -> bytes:
        """So many bytes; fewer only at the end, `b""` there; -1 for all the rest."""
        ...

    def iter_chunks(self, size: int = ...) -> AsyncIterator[bytes]:
        """The rest in chunks of `size` bytes; only the last may be shorter."""
        ...

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The rest in pieces of any size."""
        ...


class LocalStream:
    """A file as such a stream; its disk is read in a thread. It is closed with the block.

    Args:
        opening: Opens the file.
        start: The first byte; negative counts from the end.
        stop: One behind the last, or None.
    """

    def __init__(self, opening: Callable[[], IO[bytes]], start: int, stop: int | None) -> None:
        self._opening = opening
        self._start = start
        self._stop = stop
        self._file: IO[bytes] | None = None
        self._left: int | None = None

    async def read(self, size: int = -1) -> bytes:
        """So many bytes; fewer only at the end.

        Raises:
            ValueError: The block was left, or not entered.
        """
        if self._file is None:
            raise ValueError("the blob is read inside its block: async with blob.open() as stream")
        wanted = size
        if self._left is not None:
            wanted = self._left if size < 0 else min(size, self._left)
        data = await asyncio.to_thread(self._file.read, wanted)
        if self._left is not None:
            self._left -= len(data)
        return data

    async def iter_chunks(self, size: int = 64 * 1024) -> AsyncIterator[bytes]:
        """The rest in chunks.

        Raises:
            InvalidArgument: A size under 1.
        """
        if size < 1:
            raise InvalidArgument(f"chunks have at least 1 byte, not {size}")
        while chunk := await self.read(size):
            yield chunk

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self.iter_chunks()

    async def __aenter__(self) -> Self:
        self._file = await asyncio.to_thread(self._opened)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _opened(self) -> IO[bytes]:
        file = self._opening()
        try:
            size = file.seek(0, 2)
            start = file.seek(self._start if self._start >= 0 else max(0, size + self._start))
        except BaseException:
            file.close()
            raise
        if self._stop is not None:
            self._left = max(0, self._stop - start)
        return file


class OpenBlob:
    """What `Blob.open` gives: `async with` for a stream; a plain file, if it is local.

    As a file it is used with `with`, or at once (`PIL.Image.open(blob.open())`): it is opened when
    it is first asked for something, and then closed by `close()`.

    Args:
        stream: Makes the stream.
        file: Opens the file, or raises `BlobNotLoaded`.
    """

    def __init__(
        self,
        stream: Callable[[], AbstractAsyncContextManager[BlobStream]],
        file: Callable[[], IO[bytes]],
    ) -> None:
        self._stream = stream
        self._file = file
        self._entered: AbstractAsyncContextManager[BlobStream] | None = None
        self._opened: IO[bytes] | None = None

    async def __aenter__(self) -> BlobStream:
        self._entered = self._stream()
        return await self._entered.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._entered is not None:
            await self._entered.__aexit__(kind, error, traceback)

    def __enter__(self) -> IO[bytes]:
        return self._plain()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._opened is not None:
            self._opened.close()

    def __getattr__(self, name: str) -> Any:
        """What a file can do.

        Raises:
            BlobNotLoaded: It is not on this machine.
        """
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._plain(), name)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._plain())

    def _plain(self) -> IO[bytes]:
        if self._opened is None:
            self._opened = self._file()
        return self._opened


def no_bytes() -> LocalStream:
    """Of a range behind the end: slices of Python's are empty there, and so are all blobs'."""
    return LocalStream(io.BytesIO, 0, None)


def check_bounds(start: int, stop: int | None) -> None:
    """Refuse what names no bytes.

    Raises:
        InvalidArgument: A stop before the start, or besides a start that counts from the end.
    """
    if stop is not None and (start < 0 or stop < start):
        raise InvalidArgument(f"{start}:{stop} is no range of bytes")
