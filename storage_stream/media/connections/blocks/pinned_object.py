"""An object as a decoder reads it: the first answer says what it is, and all others must agree.

It knows the client and no decoder. Whether the object can be read in any order is found out here:
it cannot where the service decompresses it on the way, or answers a range with everything.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage_stream.errors import (
    NotFound,
    ObjectChanged,
    PreconditionFailed,
    RangeNotSatisfiable,
    TooManyBytesError,
    TruncatedStream,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from storage_stream import (
        DownloadKeywords,
        ObjectHead,
        Storage,
        StreamResponse,
    )

__all__ = ["PinnedObject", "SourceStats"]

_WHOLE = 200  # the status of an answer that ignores the range


@dataclass(slots=True)
class SourceStats:
    """What reading cost.

    Attributes:
        requests: Requests whose answers were read, those after a broken connection too.
        bytes_downloaded: Bytes of the object that arrived.
        unique_bytes: The same, without those that arrived before.
        callbacks: Reads of the decoder.
        cache_hits: Of these, those that did not wait for the network.
        waited: Seconds that the others waited.
    """

    requests: int = 0
    bytes_downloaded: int = 0
    unique_bytes: int = 0
    callbacks: int = 0
    cache_hits: int = 0
    waited: float = 0.0


class PinnedObject:
    """One generation of an object, read by requests of our own making.

    Args:
        storage: The client.
        bucket: The bucket.
        name: The object.
        generation: The one to read; None for the one that the first answer brings.
        max_bytes: What may be downloaded in all; None for no limit.
        options: Keywords of every request.

    Attributes:
        head: What the first answer said; None before, and of an empty object.
        size: Bytes in all, or None while or where that is not known.
        is_seekable: Whether any part can be asked for; True until an answer says otherwise.
    """

    def __init__(
        self,
        storage: Storage,
        bucket: str,
        name: str,
        *,
        generation: int | None,
        max_bytes: int | None,
        options: DownloadKeywords,
    ) -> None:
        self.storage = storage
        self.bucket = bucket
        self.name = name
        self.subject = f"gs://{bucket}/{name}"
        self.stats = SourceStats()
        self.head: ObjectHead | None = None
        self.size: int | None = None
        self.is_seekable = True
        self._generation = generation
        self._max_bytes = max_bytes
        self._options = options

    @property
    def generation(self) -> int | None:
        """The generation that is read, once it is known."""
        return self._generation

    async def first(self, size: int) -> bytes:
        """The first bytes, and with them what the object is. One request.

        Raises:
            NotFound: There is no such object.
        """
        try:
            async with self.stream(0, size) as stream:
                self._learn(stream, size)
                data = await stream.read(size)
        except RangeNotSatisfiable:  # of an empty object
            self.size = 0
            return b""
        if self.size is not None and len(data) < min(size, self.size):
            raise self._short()
        return data

    async def pieces(self, start: int, stop: int, size: int) -> AsyncGenerator[bytes]:
        """The bytes from `start` to `stop`, `size` at a time.

        Raises:
            ObjectChanged: It was overwritten or deleted since the first answer.
            TooManyBytesError: More than may be downloaded; nothing was asked for.
        """
        self._check_budget(stop - start)
        async with self.stream(start, stop) as stream:
            while start < stop:
                wanted = min(size, stop - start)
                data = await stream.read(wanted)
                if len(data) < wanted:
                    raise self._short()
                start += wanted
                self.stats.bytes_downloaded += len(data)
                yield data

    @contextlib.asynccontextmanager
    async def stream(
        self, start: int = 0, stop: int | None = None
    ) -> AsyncGenerator[StreamResponse]:
        """A request for some of it, of the same generation as all before it."""
        try:
            wanted: DownloadKeywords = {
                **self._options,
                "start": start,
                "end": stop,
                "generation": self._generation,
            }
            async with self.storage.download_stream(self.bucket, self.name, **wanted) as stream:
                self.stats.requests += 1
                self._check_same(stream)
                try:
                    yield stream
                finally:
                    self.stats.requests += stream.resumes
        except (NotFound, PreconditionFailed, RangeNotSatisfiable) as error:
            if self.head is None:
                raise
            raise self._changed() from error

    def count(self, size: int) -> None:
        """Bytes arrived by `stream`."""
        self._check_budget(size)
        self.stats.bytes_downloaded += size

    def _learn(self, stream: StreamResponse, size: int) -> None:
        """What the first answer says."""
        self.head = stream.metadata
        if self._generation is None:
            self._generation = stream.generation
        length = stream.content_length
        if length is None:  # decompressed on the way, or of unknown length
            self.is_seekable = False
            return
        self.size = self.head.size
        if self.size is None:
            self.size = length if length < size else _total(stream)
        ranged = getattr(stream.response, "status", None) != _WHOLE
        self.is_seekable = self.size is not None and (ranged or self.size <= size)

    def _check_same(self, stream: StreamResponse) -> None:
        if self.head is None or self._generation is not None:
            return  # the first one; or the client itself compares generations
        now, before = stream.metadata, self.head
        if (now.etag, now.size) != (before.etag, before.size):
            raise self._changed()

    def _short(self) -> TruncatedStream:
        return TruncatedStream("less came than the object has", subject=self.subject)

    def _changed(self) -> ObjectChanged:
        return ObjectChanged(
            "the object was overwritten or deleted while it was read", subject=self.subject
        )

    def _check_budget(self, more: int) -> None:
        limit = self._max_bytes
        if limit is not None and self.stats.bytes_downloaded + more > limit:
            error = TooManyBytesError(limit)
            error.subject = self.subject
            raise error


def _total(stream: StreamResponse) -> int | None:
    """The size that the answer's Content-Range tells (RFC 9110 §14.4)."""
    headers = getattr(stream.response, "headers", {})
    total = headers.get("Content-Range", "").rpartition("/")[2]
    return int(total) if total.isascii() and total.isdigit() else None
