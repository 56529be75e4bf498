"""What can be done with a blob's bytes, wherever they are; `Blob` stands on this."""

from __future__ import annotations

import asyncio
import inspect
import os
import shutil
from typing import IO, TYPE_CHECKING, Any

from aiohttp import web

from storage_stream.outputs.aiohttp_web import send_data
from storage_stream.outputs.blob_streams import LocalStream, OpenBlob, check_bounds

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Generator
    from contextlib import AbstractAsyncContextManager

    from storage_stream.outputs.blob_streams import BlobStream

__all__ = ["BlobIO"]

_SAVED_AT_ONCE_BYTES = 256 * 1024  # one trip to a thread for each


class _Done:
    """A finished thing to await, for who does, and nothing for who does not."""

    def __await__(self) -> Generator[None, None, None]:
        yield from ()


class BlobIO:
    """Reading, saving and sending, by the data that a blob holds."""

    __slots__ = ()

    if TYPE_CHECKING:

        @property
        def data(self) -> Any:
            """What its bytes are in."""

    @property
    def content(self) -> bytes:
        """All bytes, of what is on this machine.

        Raises:
            BlobNotLoaded: They are in a bucket: `await blob.read()`.
            ValueError: The blob holds no data.
        """
        content: bytes = self.data.content
        return content

    async def read(self, start: int = 0, end: int | None = None) -> bytes:
        """Bytes in memory; fewer, or none, where it ends before. Of an object one request.

        Args:
            start: The first; negative counts from the end.
            end: One behind the last; None for the end.

        Raises:
            InvalidArgument: A range that is none.
            NotFound: The object's generation is not there any more.
        """
        async with self._stream(start, end) as stream:
            return await stream.read()

    def save(self, filepath: str | os.PathLike[str] | Any) -> Awaitable[None]:
        """Into a file, or into whatever has `write`; `await` it.

        An object comes in bounded memory, verified, and a path is replaced only when all of it is
        there. What is on this machine is saved when this returns, awaited or not; a coroutine with
        a large file awaits `asyncio.to_thread(blob.save, path)`, so that its loop is not held up.

        Args:
            filepath: A path, or a file that is open for bytes, whose `write` may be async.

        Raises:
            OSError: It cannot be written.
            NotFound: The object's generation is not there any more.
        """
        data = self.data
        if isinstance(filepath, str | os.PathLike):
            if hasattr(data, "save_as"):
                saving: Awaitable[None] = data.save_as(filepath)
                return saving
            data.save(filepath)
        elif hasattr(data, "stream") or inspect.iscoroutinefunction(filepath.write):
            return self._write_to(filepath)
        else:
            with data.open() as file:
                shutil.copyfileobj(file, filepath, _SAVED_AT_ONCE_BYTES)
        return _Done()

    def open(self, start: int = 0) -> OpenBlob:
        """Read it as a stream: `async with blob.open() as stream: await stream.read(1000)`.

        What is on this machine can be a plain file, too: `with blob.open() as file`, or
        `PIL.Image.open(blob.open())`.

        Args:
            start: The first byte of the stream; negative counts from the end.
        """
        data = self.data

        def file() -> IO[bytes]:
            opened: IO[bytes] = data.open()
            if start:
                opened.seek(start if start > 0 else max(0, opened.seek(0, os.SEEK_END) + start))
            return opened

        return OpenBlob(lambda: self._stream(start, None), file)

    async def iter_chunks(self, size: int = 64 * 1024) -> AsyncGenerator[bytes]:
        """All bytes in chunks of `size`; only the last may be shorter. Of an object one request.

        Raises:
            InvalidArgument: A size under 1.
            NotFound: The object's generation is not there any more.
        """
        async with self._stream(0, None) as stream:
            async for chunk in stream.iter_chunks(size):
                yield chunk

    def response(self, request: Any = None) -> Any:
        """Answer a request with the bytes: ranges, conditions, HEAD.

        Args:
            request: An `aiohttp.web.Request`; None, or a FastAPI one, for FastAPI.

        Returns:
            For FastAPI a response to return; for aiohttp.web one to be awaited, and then returned.

        Raises:
            ExtraMissing: FastAPI is not installed.
        """
        if isinstance(request, web.Request):
            return send_data(request, self.data)
        return self.data.response()

    def _stream(self, start: int, stop: int | None) -> AbstractAsyncContextManager[BlobStream]:
        check_bounds(start, stop)
        data = self.data
        if hasattr(data, "stream"):
            stream: AbstractAsyncContextManager[BlobStream] = data.stream(start, stop)
            return stream
        return LocalStream(data.open, start, stop)

    async def _write_to(self, target: Any) -> None:
        is_async = inspect.iscoroutinefunction(target.write)
        async with self._stream(0, None) as stream:
            while piece := await stream.read(_SAVED_AT_ONCE_BYTES):
                if is_async:
                    await target.write(piece)
                else:
                    await asyncio.to_thread(target.write, piece)
