"""`probe`: what the header of a picture in a bucket says, for a few thousand of its bytes.

It makes the requests that `headers.HeaderRanges` decides on, and knows no format itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, Unpack

from storage_stream.errors import (
    InvalidArgument,
    NotFound,
    ObjectChanged,
    PreconditionFailed,
    RangeNotSatisfiable,
)
from storage_stream.media.errors import MediaError, UnidentifiedImage
from storage_stream.media.headers import FIRST_BYTES, MAX_BYTES, HeaderRanges, HeaderReader

if TYPE_CHECKING:
    from collections.abc import Callable

    from storage_stream import DownloadRequest, ObjectHead, RequestKeywords, Storage
    from storage_stream.media.headers import ImageInfo

__all__ = ["RangeReader", "probe", "probe_file", "probe_ranges"]

_DECODED_BYTES = 16 * 1024
"""Read at once of what is decompressed on the way."""


class RangeReader(Protocol):
    """Something that ranges can be read from: an object, a cache of its blocks, a file."""

    async def read_range(self, start: int, length: int) -> bytes:
        """Bytes from `start` on; fewer than `length` only where it ends, none behind that."""
        ...


async def probe(
    storage: Storage,
    bucket: str,
    name: str,
    *,
    first: int = FIRST_BYTES,
    max_bytes: int = MAX_BYTES,
    generation: int | None = None,
    **options: Unpack[RequestKeywords],
) -> ImageInfo:
    """What the header of a picture says, read by ranges; no pixel is downloaded.

    JPEG, PNG, GIF, WebP, TIFF, BMP, JPEG 2000, AVIF, HEIF, PPM, TGA and QOI. One request; one
    more where something stands at the end (a TIFF's directory, a WebP's orientation), and more
    only for hundreds of kilobytes of metadata. All of them read the same generation. An object
    that is stored as gzip is read from its beginning, in a request of its own. Cancelling closes
    the connection.

    Args:
        storage: The client.
        bucket: The bucket.
        name: The object.
        first: Bytes of the first range.
        max_bytes: At most so many bytes in all; a header that needs more is refused.
        generation: Which generation; None for the one that is live at the first request.
        **options: See `RequestKeywords`.

    Returns:
        The header.

    Raises:
        UnidentifiedImage: It is no picture of these formats, or its header cannot be believed.
        NotFound: There is no such object.
        ObjectChanged: It was overwritten or deleted between two requests.
        InvalidArgument: `first` or `max_bytes` is less than 1.
    """
    ranges = _ranges(first, max_bytes)
    reader = _ObjectRanges(storage, bucket, name, generation, options)
    try:
        while (wanted := ranges.next_range()) is not None:
            ranges.receive(await reader.read_range(*wanted))
            if reader.head is not None and reader.head.content_encoding == "gzip":
                return await reader.probe_decoded(max_bytes)
            if reader.head is not None and reader.head.size is not None:
                ranges.know_size(reader.head.size)
    except MediaError as error:
        error.subject = reader.subject
        raise
    return ranges.info


async def probe_ranges(
    reader: RangeReader,
    *,
    first: int = FIRST_BYTES,
    max_bytes: int = MAX_BYTES,
    size: int | None = None,
) -> ImageInfo:
    """The same by any reader of ranges; `requests` counts what it was asked for.

    Args:
        reader: Gives the bytes.
        first: Bytes of the first range.
        max_bytes: At most so many bytes in all.
        size: The file's length, if it is known.

    Raises:
        UnidentifiedImage: It is no picture, or its header cannot be believed.
        InvalidArgument: `first` or `max_bytes` is less than 1.
    """
    ranges = _ranges(first, max_bytes, size)
    while (wanted := ranges.next_range()) is not None:
        ranges.receive(await reader.read_range(*wanted))
    return ranges.info


def probe_file(
    read_range: Callable[[int, int], bytes],
    *,
    first: int = FIRST_BYTES,
    max_bytes: int = MAX_BYTES,
    size: int | None = None,
) -> ImageInfo:
    """The same of what is read without waiting: a file, a spool, memory.

    Args:
        read_range: Gives the bytes from an offset on, at most so many.
        first: Bytes of the first range.
        max_bytes: At most so many bytes in all.
        size: The file's length, if it is known.

    Raises:
        UnidentifiedImage: It is no picture, or its header cannot be believed.
        InvalidArgument: `first` or `max_bytes` is less than 1.
    """
    ranges = _ranges(first, max_bytes, size)
    while (wanted := ranges.next_range()) is not None:
        ranges.receive(read_range(*wanted))
    return ranges.info


def _finished(reader: HeaderReader, max_bytes: int) -> ImageInfo:
    """What is known at the end of the reading; a file that goes on has not ended there."""
    is_beyond = reader.is_beyond
    try:
        return reader.finish()
    except UnidentifiedImage as error:
        if not is_beyond:
            raise
        raise UnidentifiedImage(f"no header within {max_bytes} bytes") from error


def _ranges(first: int, max_bytes: int, size: int | None = None) -> HeaderRanges:
    if first < 1 or max_bytes < 1:
        raise InvalidArgument(f"a header has at least 1 byte, not {min(first, max_bytes)}")
    ranges = HeaderRanges(first=first, max_bytes=max_bytes)
    if size is not None:
        ranges.know_size(size)
    return ranges


class _ObjectRanges:
    """An object's stored bytes, all of one generation.

    Attributes:
        head: What the first answer said about the object.
        subject: Its `gs://` name.
    """

    def __init__(
        self, storage: Storage, bucket: str, name: str, generation: int | None, options: Any
    ) -> None:
        self._storage = storage
        self._bucket = bucket
        self._name = name
        self._generation = generation
        self._options = options
        self.subject = f"gs://{bucket}/{name}"
        self.head: ObjectHead | None = None

    async def read_range(self, start: int, length: int) -> bytes:
        """As `RangeReader` has it.

        Raises:
            ObjectChanged: It is not the object of the first answer.
        """
        try:
            async with self._open(start=start, end=start + length, raw=True) as stream:
                self._check(stream.metadata)
                return await stream.read(length)
        except RangeNotSatisfiable:  # behind its end, or it is empty
            return b""
        except (NotFound, PreconditionFailed) as error:
            if self.head is None:
                raise
            raise self._changed() from error

    async def probe_decoded(self, max_bytes: int) -> ImageInfo:
        """The header of what the object's gzip contains; it has no ranges, only a beginning."""
        reader = HeaderReader(max_bytes=max_bytes)
        async with self._open() as stream:
            self._check(stream.metadata)
            while not reader.is_over and (piece := await stream.read(_DECODED_BYTES)):
                reader.feed(piece)
            info = reader.info or _finished(reader, max_bytes)
            return replace(info, bytes_read=stream.bytes_read, requests=2)

    def _open(self, **part: Any) -> DownloadRequest:
        return self._storage.download_stream(
            self._bucket, self._name, generation=self._generation, **part, **self._options
        )

    def _check(self, head: ObjectHead) -> None:
        if self.head is None:
            self.head = head
            self._generation = head.generation if self._generation is None else self._generation
        elif (head.generation, head.etag) != (self.head.generation, self.head.etag):
            raise self._changed()

    def _changed(self) -> ObjectChanged:
        return ObjectChanged(
            "the object was overwritten or deleted while it was read", subject=self.subject
        )
