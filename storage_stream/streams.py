"""What a download hands out: a stream that fills every read, resumes by itself and cannot lie.

`Storage.download_stream` makes a `DownloadRequest`, which does nothing until it is entered or
awaited; then it is a `StreamResponse`.
"""

from __future__ import annotations

import asyncio
import warnings
from typing import TYPE_CHECKING, Any, Self

from storage_stream import pipeline
from storage_stream._open_request import OpenRequest
from storage_stream._transfer.exact_reads import ExactReads
from storage_stream.errors import InvalidArgument
from storage_stream.pipeline.text import MAX_LINE_BYTES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from types import TracebackType

    from storage_stream._protocol.media_head import ObjectHead
    from storage_stream._transfer.download import Download
    from storage_stream.errors import ClientClosed

__all__ = ["DownloadRequest", "StreamResponse"]


class StreamResponse:
    """The bytes of an object as they arrive, in bounded memory.

    Not made by hand: `async with storage.download_stream(bucket, name) as stream:`.

    A connection that breaks is replaced by one that goes on from the next byte of the same
    generation; the reader sees nothing of it but `resumes`. At the end of a whole object its
    crc32c is compared with the service's, and `IntegrityError` raised in place of the end when
    they differ. At most one read's size and 1 MiB besides are held in memory.

    One task at a time may read. Cancelling a read loses no byte: the next one goes on.
    """

    def __init__(self, download: Download, on_close: Callable[[StreamResponse], None]) -> None:
        self._download = download
        self._on_close = on_close
        self._reads = ExactReads(download)
        self._delivered = 0

    # -- what is known ---------------------------------------------------------------------

    @property
    def response(self) -> Any:
        """The `aiohttp.ClientResponse` of the latest request; its headers are the service's."""
        return self._download.raw_response

    @property
    def content_length(self) -> int | None:
        """Bytes that reading to the end will give, or None when that is not known before.

        None for bodies of unknown length, and for objects stored as gzip that are decompressed
        on the way; never a length that differs from what `read` delivers.
        """
        return self._download.content_length

    @property
    def metadata(self) -> ObjectHead:
        """What the headers say: generation, content type, stored size, checksums and more."""
        return self._download.object

    @property
    def generation(self) -> int | None:
        """The generation that is read, and that every resume asks for."""
        return self._download.object.generation

    @property
    def content_type(self) -> str | None:
        """The object's MIME type."""
        return self._download.object.content_type

    @property
    def bytes_read(self) -> int:
        """Bytes that were handed out so far."""
        return self._delivered

    @property
    def resumes(self) -> int:
        """How often the download was continued after a broken connection."""
        return self._download.resumes

    @property
    def verified(self) -> bool | None:
        """Whether the checksum of the whole object was compared and is right.

        True only after its end was reached. None before, and where there is nothing to compare:
        a range, a body that the service decompressed, a server that sends no checksum.
        """
        return self._download.verified

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._reads.closed

    # -- reading ---------------------------------------------------------------------------

    async def read(self, size: int | None = -1) -> bytes:
        """Read bytes, as many as asked for.

        Args:
            size: How many bytes; fewer come only at the end. -1 (or None) reads all the rest.

        Returns:
            Bytes; `b""` at the end, every time.

        Raises:
            StreamClosed: The stream was closed.
            IntegrityError: The end was reached, and the checksum is wrong.
            StorageError: The download cannot be continued.
        """
        if size is not None and size > 0:
            data = self._reads.take(size)
            if data is not None:
                self._delivered += size
                return data
        return self._counted(await self._reads.read(_limit(size)))

    async def read1(self, size: int = -1) -> bytes:
        """Read what is there, waiting only when nothing is.

        Args:
            size: At most so many bytes; -1 for whatever there is (up to 512 KiB or so).
        """
        if size == 0:
            return b""
        return self._counted(await self._reads.read1(_limit(size)))

    async def readexactly(self, size: int) -> bytes:
        """Read exactly so many bytes.

        Raises:
            asyncio.IncompleteReadError: The object ended before; `partial` holds what there was.
        """
        if size < 0:
            raise InvalidArgument(f"readexactly takes a number of bytes, not {size}")
        data = await self.read(size)
        if len(data) < size:
            raise asyncio.IncompleteReadError(data, size)
        return data

    async def readinto(self, buffer: bytearray | memoryview) -> int:
        """Fill a writable buffer.

        Returns:
            Bytes written to it; fewer than it holds only at the end, 0 there.

        Raises:
            TypeError: The buffer is read-only; nothing was taken from the stream.
        """
        target = memoryview(buffer).cast("B")
        if target.readonly:
            raise TypeError("readinto takes a writable buffer")
        count = await self._reads.readinto(target)
        self._delivered += count
        return count

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._iterate()

    async def iter_chunks(self, size: int = 64 * 1024) -> AsyncIterator[bytes]:
        """The rest in chunks of `size` bytes; only the last may be shorter.

        Raises:
            InvalidArgument: A size under 1.
        """
        if size < 1:
            raise InvalidArgument(f"chunks have at least 1 byte, not {size}")
        while chunk := await self.read(size):
            yield chunk

    def iter_lines(
        self, *, keep_ends: bool = False, max_line_bytes: int = MAX_LINE_BYTES
    ) -> AsyncIterator[bytes]:
        r"""The rest as lines of bytes, split at `\n` or `\r\n`; see `pipeline.lines`.

        Ending the iteration early leaves the stream open, somewhere behind the last line. So does
        cancelling, which ends the iteration: what it had read ahead is lost to this stream.
        """
        return pipeline.lines(self._iterate(), keep_ends=keep_ends, max_line_bytes=max_line_bytes)

    # -- ending ----------------------------------------------------------------------------

    def close(self) -> None:
        """End it: drop what is buffered and let go of the connection. Idempotent.

        A connection whose body has not arrived to its end is closed, not drained.
        """
        if not self._reads.closed:
            self._reads.close()
            self._download.close()
            self._on_close(self)

    def abandon(self, error: ClientClosed) -> None:
        """The client was closed: let go of the connection, and raise this when it is read."""
        self._download.abandon(error)

    async def __aenter__(self) -> Self:
        self._reads.check_open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if not self._reads.closed and not self._download.is_over:
            self._download.close()  # before what may be an error
            warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self, stacklevel=2)

    def __repr__(self) -> str:
        state = (
            "closed" if self._reads.closed else f"{self._delivered} of {self.content_length} bytes"
        )
        return f"<StreamResponse {self._download.subject} {state}>"

    # -- inside ----------------------------------------------------------------------------

    def _counted(self, data: bytes) -> bytes:
        self._delivered += len(data)
        return data

    async def _iterate(self) -> AsyncIterator[bytes]:
        while piece := await self.read1():
            yield piece


def _limit(size: int | None) -> int | None:
    """A size as files spell it: below zero, or None, is all."""
    return None if size is None or size < 0 else size


class DownloadRequest(OpenRequest[StreamResponse]):
    """A download that has not begun: enter it, or await it.

        async with storage.download_stream("bucket", "name") as stream: ...
        stream = await storage.download_stream("bucket", "name")   # then close it yourself

    Until then nothing was sent, and dropping it costs nothing.
    """

    _noun = "download"
    _method = "download_stream"
