"""One generation of an object, to be read from any offset: every connection brings the same bytes.

It knows what the first answer said (the generation, the size) and holds all later ones to it. It
holds no bytes and no position.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from storage_stream._protocol.same_object import check_same
from storage_stream.errors import NotFound, ObjectChanged, PreconditionFailed, RangeNotSatisfiable

if TYPE_CHECKING:
    from storage_stream._protocol.media_head import ObjectHead
    from storage_stream.streams import DownloadRequest, StreamResponse

__all__ = ["OpenStream", "PinnedObject"]


class OpenStream(Protocol):
    """A download of the object, with all that the caller said about its requests."""

    def __call__(self, *, start: int, generation: int | None) -> DownloadRequest:
        """The download that begins at `start`; negative counts from the end."""
        ...


class PinnedObject:
    """What is known of the object, and a way to its bytes.

    Args:
        open_stream: Begins downloads.
        generation: The generation to read, or None for the one that is live at the first request.
        decodes: Whether stored gzip is decompressed; offsets then count decompressed bytes.
        subject: The object's `gs://` name.

    Attributes:
        head: What the headers of the first answer said; None before.
        size: Bytes that can be read, or None while that is not known.
    """

    def __init__(
        self, open_stream: OpenStream, generation: int | None, *, decodes: bool, subject: str
    ) -> None:
        self._open_stream = open_stream
        self._generation = generation
        self.decodes = decodes
        self.subject = subject
        self.head: ObjectHead | None = None
        self.size: int | None = None

    @property
    def generation(self) -> int | None:
        """The generation that is read, once it is known."""
        return self._generation

    async def stream_from(self, start: int) -> StreamResponse | None:
        """The bytes from `start` on; None when there is no byte. One request, or none.

        Where nothing is known yet and there is no byte at `start`, a second request from byte 0
        tells which generation this is true of.

        Raises:
            ObjectChanged: It is not there any more as it was.
            StorageError: It cannot be read.
        """
        if self.size is not None and start >= self.size:
            return None
        try:
            return await self.open_at(start)
        except RangeNotSatisfiable:
            if self.head is None and start > 0:
                (await self.open_at(0)).close()
                return await self.stream_from(start)
            if self.size is None and start > 0:
                return None
            raise

    async def open_at(self, start: int) -> StreamResponse:
        """The bytes from `start` on, or the last `-start` of them. One request.

        Raises:
            RangeNotSatisfiable: There is no byte.
            ObjectChanged: It is not there any more as it was.
        """
        try:
            stream = await self._open_stream(start=start, generation=self._generation)
        except (NotFound, PreconditionFailed) as error:
            if self.head is None:
                raise
            raise ObjectChanged(
                "the object was overwritten or deleted while it was read",
                method=error.method,
                subject=self.subject,
            ) from error
        try:
            self._learn(stream, start)
        except BaseException:
            stream.close()
            raise
        return stream

    def ended_at(self, offset: int) -> None:
        """All bytes before `offset` were there, and it is the end."""
        if self.size is None:
            self.size = offset

    def _learn(self, stream: StreamResponse, start: int) -> None:
        now = stream.metadata
        if self.head is None:
            self.head = now
            self._generation = now.generation if self._generation is None else self._generation
        else:
            check_same(self.head, now, pinned=self._generation is not None, resumed=True)
        if self.size is None and not self.decodes:
            self.size = now.size
        if self.size is None and start >= 0 and stream.content_length is not None:
            self.size = start + stream.content_length
