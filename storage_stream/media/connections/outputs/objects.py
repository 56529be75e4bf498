"""A target that is an object: written while it is computed, or kept until it is whole.

Which of the two, the first bytes of the file tell, so that nobody has to say it before: all
formats are written from front to back but TIFF, whose saver goes back to what it wrote.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from mimetypes import guess_type
from typing import TYPE_CHECKING, Any

from storage_stream.errors import UsageError
from storage_stream.media.bridge.pool import pool_of
from storage_stream.media.connections.outputs.forward_writer import ForwardWriter
from storage_stream.media.connections.outputs.opening import OpenedOutput, Writing, vips_target

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping

    from storage_stream import RequestKeywords, Storage, StreamWriter
    from storage_stream.media.bridge.pool import MediaPool
    from storage_stream.media.bridge.run import Run
    from storage_stream.media.spool import Spool

__all__ = ["NewPicture", "ObjectOutput"]

_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # the last two are BigTIFF


@dataclass(frozen=True, slots=True)
class NewPicture:
    """The object that is to be made.

    Attributes:
        storage: The client.
        bucket: Its bucket.
        name: Its name.
        content_type: Its MIME type; None for what the format says, or its name.
        metadata: Other fields of its resource.
        chunk_size: Bytes of one request.
        spool: Makes the spool of a TIFF.
        options: Keywords of every request.
    """

    storage: Storage
    bucket: str
    name: str
    content_type: str | None
    metadata: Mapping[str, Any] | None
    chunk_size: int
    spool: Callable[[], Spool]
    options: RequestKeywords

    @property
    def subject(self) -> str:
        """Its `gs://` name."""
        return f"gs://{self.bucket}/{self.name}"

    def check(self) -> None:
        """Refuse names and sizes that cannot be; no request.

        Raises:
            InvalidName: A name that cannot be.
            InvalidArgument: A chunk size that is no multiple of 256 KiB.
        """
        self.writer(None)

    def writer(self, guessed: str | None) -> StreamWriter:
        """An upload, piece by piece; no request."""
        return self.storage.upload_stream(
            *(self.bucket, self.name),
            content_type=self.content_type or guessed,
            metadata=self.metadata,
            chunk_bytes=self.chunk_size,
            **self.options,
        )

    async def upload(self, file: Any, guessed: str | None) -> Any:
        """Make it of a file."""
        return await self.storage.upload(
            *(self.bucket, self.name, file),
            content_type=self.content_type or guessed,
            metadata=self.metadata,
            chunk_bytes=self.chunk_size,
            **self.options,
        )


class ObjectOutput:
    """A new object, made when all was written, and not at all otherwise.

    Args:
        picture: What it is to be.

    Attributes:
        resource: The object's resource, once it is made.
    """

    def __init__(self, picture: NewPicture) -> None:
        self.picture = picture
        self.resource: Any = None

    def pool(self) -> MediaPool:
        """That of the client."""
        return pool_of(self.picture.storage)

    @asynccontextmanager
    async def opened(self, run: Run, suffix: str | None) -> AsyncGenerator[OpenedOutput]:
        """An upload, or a spool, whichever the first bytes ask for."""
        content_type = None if suffix is None else guess_type(f"x{suffix}")[0]
        writing = _ObjectWriting(self.picture, run, content_type)
        try:
            yield writing
            self.resource = await writing.commit()
        except BaseException as error:
            await writing.give_up(error)
            raise
        finally:
            writing.close()


class _ObjectWriting:
    """The bytes of one object on their way."""

    def __init__(self, picture: NewPicture, run: Run, content_type: str | None) -> None:
        self._picture = picture
        self._run = run
        self._content_type = content_type
        self._forward: ForwardWriter | None = None
        self._spool: Spool | None = None
        self._writer: StreamWriter | None = None

    # -- in the worker ---------------------------------------------------------------------

    def target(self) -> Any:
        return vips_target(self._run, self)

    def end(self) -> None:
        if self._forward is not None:
            self._forward.flush()

    def write(self, data: bytes) -> int:
        return self._chosen(data).write(data)

    def read(self, size: int) -> bytes:
        return self._chosen(b"").read(size)

    def seek(self, offset: int, whence: int) -> int:
        if self._forward is None and self._spool is None:
            return 0  # asked before the first byte: the beginning is all there is
        return self._chosen(b"").seek(offset, whence)

    def _chosen(self, beginning: bytes) -> Writing:
        if self._spool is not None:
            return self._spool
        if self._forward is not None:
            return self._forward
        if _is_patched_later(beginning):
            self._spool = self._picture.spool()
            return self._spool
        # A chunk that goes out may take as long as the client allows: it has time limits itself.
        self._forward = ForwardWriter(self._run, self._send, self._picture.chunk_size, None)
        return self._forward

    # -- on the loop -----------------------------------------------------------------------

    async def commit(self) -> Any:
        if self._spool is not None:
            return await self._picture.upload(self._spool.file, self._content_type)
        if self._writer is None:
            raise UsageError("nothing was written", subject=self._picture.subject)
        await self._writer.close()
        return self._writer.resource

    async def give_up(self, error: BaseException) -> None:
        if self._writer is not None:
            await self._writer.abort(error)

    def close(self) -> None:
        if self._spool is not None:
            self._spool.close()
        self._spool = self._forward = self._writer = None

    async def _send(self, piece: bytes) -> None:
        if self._writer is None:
            self._writer = self._picture.writer(self._content_type)
        await self._writer.write(piece)


def _is_patched_later(beginning: bytes) -> bool:
    """Whether the saver of a file that begins so goes back to its bytes 4 to 8 at the end."""
    return beginning.startswith(_TIFF)
