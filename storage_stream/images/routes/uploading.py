"""A picture on its way from a request into the bucket: measured and looked at as it goes by.

What its first bytes say is believed, what the request says is not: it is a picture of a known
format with pixels within the limit, or nothing of it is stored. Between the socket and the bucket
it is held nowhere but for its header. This knows no web framework.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from storage_stream.images.checks import checked_name
from storage_stream.images.errors import ValidationError
from storage_stream.images.files.written_file import write_file
from storage_stream.images.routes.problems import BodyTooLargeError, UnsupportedMediaTypeError
from storage_stream.media import probe
from storage_stream.media.headers import HeaderReader
from storage_stream.media.limits import check_pixels

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator

    from storage_stream.images.files.file_service import FileService
    from storage_stream.images.files.written_file import SourceFile, WrittenFile
    from storage_stream.media.headers import ImageInfo

__all__ = [
    "MAX_UPLOAD_BYTES",
    "MAX_UPLOAD_PIXELS",
    "PictureUpload",
    "checked_path",
]

MAX_UPLOAD_BYTES = 100 * 1024 * 1024
MAX_UPLOAD_PIXELS = 256_000_000
_HEADER_BYTES = 1 << 20
_UNKNOWN = "application/octet-stream"
_ALIASES = {"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg", "image/heic": "image/heif"}
_TAKEN = {
    "image/jpeg": ("jpg", "jpeg", "jpe"),
    "image/png": ("png",),
    "image/gif": ("gif",),
    "image/webp": ("webp",),
    "image/avif": ("avif",),
    "image/heif": ("heic", "heif"),
    "image/tiff": ("tif", "tiff"),
    "image/bmp": ("bmp",),
    "image/jp2": ("jp2",),
}
"""Formats that begin with a sign of their own, which no page and no script has; and how their
files end. TGA is not among them: it has none, so that anything could be taken for it."""


class PictureUpload:
    """One upload.

    Args:
        files: Where it goes.
        name: Its name, which may have folders, for converters that ask for them.
        declared_type: What the request says it is: a picture's MIME type, or
            `application/octet-stream`.
        max_bytes: Bytes that it may have.
        max_pixels: Pixels that it may have.

    Raises:
        ValidationError: The name cannot be.
        UnsupportedMediaTypeError: It is called something else than a picture.
    """

    def __init__(
        self,
        files: FileService,
        name: str,
        declared_type: str | None,
        *,
        max_bytes: int = MAX_UPLOAD_BYTES,
        max_pixels: int = MAX_UPLOAD_PIXELS,
    ) -> None:
        self._files = files
        self._name = checked_path(name)
        self._declared = _checked_type(declared_type)
        self._max_bytes = max_bytes
        self._max_pixels = max_pixels
        self._reader = HeaderReader(max_bytes=_HEADER_BYTES)
        self._received = 0
        self._info: ImageInfo | None = None

    @property
    def info(self) -> ImageInfo:
        """What its header says, when it is stored.

        Raises:
            ValueError: It is not.
        """
        if self._info is None:
            raise ValueError("nothing has been stored yet")
        return self._info

    @asynccontextmanager
    async def storing(
        self, body: AsyncIterable[bytes], length: int | None
    ) -> AsyncGenerator[WrittenFile]:
        """Around what it becomes; unless that is committed, nothing of it stays.

        Args:
            body: Its bytes.
            length: How many, where the request says so.

        Raises:
            BodyTooLargeError: It has too many bytes.
            UnidentifiedImage: It is no picture.
            UnsupportedMediaTypeError: It is another picture than it is called.
            ImageTooLarge: It has too many pixels.
            StorageError: It cannot be stored.
        """
        if length is not None and length > self._max_bytes:
            raise BodyTooLargeError(self._max_bytes)
        pieces = aiter(body)
        first = await self._header(pieces)
        info = self._reader.info
        if info is not None:
            self._check(info)
        mime = self._declared if info is None else info.mime
        if mime == _UNKNOWN:
            raise UnsupportedMediaTypeError(
                "its header is behind its data: its type has to be said"
            )
        data, extension = self._counted(first, pieces), _extension(self._name, mime)
        async with write_file(self._files, self._name, extension, data, mime) as written:
            if info is None:
                self._check(await self._probed(written.source))
            yield written

    async def _header(self, pieces: AsyncIterator[bytes]) -> list[bytes]:
        """What came until the header was known, or cannot be known before the rest came."""
        held: list[bytes] = []
        while not self._reader.is_over:
            piece = await anext(pieces, None)
            if piece is None:
                self._reader.finish()
                break
            self._count(piece)
            held.append(piece)
            self._reader.feed(piece)
        return held

    async def _counted(
        self, first: list[bytes], rest: AsyncIterator[bytes]
    ) -> AsyncGenerator[bytes]:
        while first:
            yield first.pop(0)
        async for piece in rest:
            self._count(piece)
            yield piece

    def _count(self, piece: bytes) -> None:
        self._received += len(piece)
        if self._received > self._max_bytes:
            raise BodyTooLargeError(self._max_bytes)

    async def _probed(self, stored: SourceFile) -> ImageInfo:
        bucket, name = stored.bucket, stored.object_name
        return await probe(self._files.storage, bucket, name, generation=stored.generation)

    def _check(self, info: ImageInfo) -> None:
        if info.mime not in _TAKEN:
            raise UnsupportedMediaTypeError(f"{info.format} is not taken")
        check_pixels(info, self._max_pixels)
        if self._declared not in (_UNKNOWN, info.mime):
            raise UnsupportedMediaTypeError(f"it is {info.mime}, and not {self._declared}")
        self._info = info


def checked_path(name: str) -> str:
    """A file's name, with folders or without; nothing of it leads upwards or to a root.

    Objects are not named by it, but whoever saves the file may believe it.

    Raises:
        ValidationError: It cannot be.
    """
    checked_name(name, "name")
    if "\\" in name or any(part in ("", ".", "..") for part in name.split("/")):
        raise ValidationError("a name with or without folders is expected", field="name")
    return name


def _checked_type(declared: str | None) -> str:
    # Without one a page of a stranger could send it with its visitor's cookies, without asking.
    given = (declared or "").partition(";")[0].strip().lower()
    known = _ALIASES.get(given, given)
    if known == _UNKNOWN or known in _TAKEN:
        return known
    raise UnsupportedMediaTypeError(
        f"a picture's type or {_UNKNOWN} is expected, not {given!r:.80}"
    )


def _extension(name: str, mime: str) -> str:
    """That of the name where it fits the format, else the format's own."""
    known = _TAKEN[mime]
    given = name.rpartition(".")[2].lower()
    return given if given in known else known[0]
