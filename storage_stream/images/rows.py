"""Records as callers see them. Times are aware, ids are UUIDs; it knows no database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

__all__ = [
    "ConverterRow",
    "Dicts",
    "FileRow",
    "Galleries",
    "Gallery",
    "GalleryImage",
    "GalleryImages",
    "GallerySummaries",
    "GallerySummary",
    "GalleryVersion",
    "ImageRow",
    "ImageRows",
    "Page",
    "Part",
]


class ImageRow(TypedDict):
    """An image: an original, or a version of one.

    id: Its own id.
    version: The version's name; None for an original.
    correlation_id: The gallery it is in.
    original_id: Of which it is a version; None for an original.
    file_id: The file with its bytes.
    revision: 0 for an original; counts the conversions of one original from 1.
    metadata: What converters and users say about it.
    timestamp: When it was stored.
    """

    id: UUID
    version: str | None
    correlation_id: UUID
    original_id: UUID | None
    file_id: UUID
    revision: int
    metadata: dict[str, Any]
    timestamp: datetime


class FileRow(TypedDict):
    """A file, whose bytes are an object in a bucket.

    state: See `schema.FILE_STATES`; only `ready` ones have their bytes.
    generation: Of the object, which is never replaced.
    md5, crc32c: Of the bytes, in base64, as the service tells them.
    """

    id: UUID
    name: str
    extension: str | None
    state: str
    bucket: str | None
    object_name: str | None
    generation: int | None
    content_type: str | None
    size: int | None
    md5: str | None
    crc32c: str | None
    metadata: dict[str, Any]
    timestamp: datetime


class ConverterRow(TypedDict):
    """A converter: its class, and the settings it works by.

    revision: 1 when it is made, one more with each change of it.
    """

    id: UUID
    cls: str
    name: str
    settings: dict[str, Any]
    revision: int
    timestamp: datetime


class Part(TypedDict):
    """Which part of a list it is.

    count: How many rows there are in all.
    offset: How many of them come before these.
    pages: How many parts there are, of `on_page` rows each.
    page: Which of them this is, from 1.
    """

    count: int
    offset: int
    page: int
    pages: int
    on_page: int


class Page(Part):
    """A part of a list, and its rows."""

    data: list[dict[str, Any]]


class GalleryVersion(ImageRow):
    """A row and its file."""

    file: FileRow


class GalleryImage(TypedDict):
    """An original and the latest revision of each of its versions, by name.

    id: The original's.
    versions: The original itself is `original`.
    """

    id: UUID
    versions: dict[str, GalleryVersion]


class Gallery(TypedDict):
    """All images with one `correlation_id`.

    id: That id.
    images: In the order in which their originals were stored.
    versions: Those of the newest image.
    """

    id: UUID
    images: list[GalleryImage]
    versions: dict[str, GalleryVersion]


class GallerySummary(TypedDict):
    """A gallery at a glance.

    id: The `correlation_id` of its images.
    name: None for one that nobody has named.
    images: How many originals it has.
    newest: The last of them that was stored; None where there is none.
    """

    id: UUID
    name: str | None
    images: int
    newest: GalleryImage | None


class GallerySummaries(Part):
    """A part of the list of galleries."""

    data: list[GallerySummary]


class GalleryImages(Part):
    """A part of one gallery; `count` is how many originals it has in all."""

    id: UUID
    name: str | None
    data: list[GalleryImage]


# For classes that have a method `list`, which hides the type inside them.
Dicts: TypeAlias = list[dict[str, Any]]
ImageRows: TypeAlias = list[ImageRow]
Galleries: TypeAlias = list[Gallery]
