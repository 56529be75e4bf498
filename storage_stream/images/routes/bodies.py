"""What comes and goes as JSON: pydantic models, which are the schemas of the OpenAPI.

Of a file's place in the bucket they say nothing: its bytes are reached by its id. FastAPI reads
the annotations here when the program runs.
"""

from datetime import datetime
from typing import Annotated, Any, TypeAlias
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from storage_stream.images.checks import checked_metadata

__all__ = [
    "ChangedConverter",
    "ChangedImage",
    "Conversion",
    "Converter",
    "ConverterPage",
    "Deleted",
    "Exists",
    "FileConversion",
    "Gallery",
    "GalleryImage",
    "GalleryImagePage",
    "GalleryName",
    "GalleryPage",
    "GallerySummary",
    "Image",
    "ImageIds",
    "ImagePage",
    "NewConverter",
    "NewImage",
    "StoredFile",
]


def _storable(given: dict[str, Any]) -> dict[str, Any]:
    """What can be stored, and given back; checked here, too, so that the field is named."""
    return checked_metadata(given, "")


JsonObject: TypeAlias = Annotated[dict[str, Any], AfterValidator(_storable)]
VersionName: TypeAlias = Annotated[str, Field(min_length=1, max_length=200)]


class _Body(BaseModel):
    """What callers send; a word that nobody knows is an error, and not a wish that is ignored."""

    model_config = ConfigDict(extra="forbid")


class NewImage(_Body):
    """An image of a file that was uploaded; with `version` and `original_id` a version."""

    file_id: UUID
    version: VersionName | None = None
    original_id: UUID | None = None
    correlation_id: UUID | None = None
    metadata: JsonObject = Field(default_factory=dict)


class ChangedImage(_Body):
    """What is to be other: all of the metadata, or the gallery of an original."""

    metadata: JsonObject | None = None
    correlation_id: UUID | None = None


class Conversion(_Body):
    """How an original is converted anew."""

    converter_id: UUID
    converter_settings: JsonObject | None = None
    metadata: JsonObject | None = None


class FileConversion(Conversion):
    """How an image is made of a file."""

    file_id: UUID
    correlation_id: UUID | None = None


class ImageIds(_Body):
    """Which images."""

    ids: list[UUID] = Field(min_length=1, max_length=1000)


class GalleryName(_Body):
    """What a gallery is called."""

    name: VersionName


class NewConverter(_Body):
    """A converter; what its settings can be is told in the documentation."""

    name: VersionName
    settings: JsonObject
    cls: str = Field(default="ImageConverter", max_length=200)


class ChangedConverter(_Body):
    """What is to be other: the name, or all of the settings."""

    name: VersionName | None = None
    settings: JsonObject | None = None


class Image(BaseModel):
    """An image: an original, or a version of one."""

    id: UUID
    version: str | None
    correlation_id: UUID
    original_id: UUID | None
    file_id: UUID
    revision: int
    metadata: dict[str, Any]
    timestamp: datetime


class StoredFile(BaseModel):
    """A file; its bytes are at `…/files/{id}/content`."""

    id: UUID
    name: str
    extension: str | None
    state: str
    content_type: str | None
    size: int | None
    md5: str | None
    crc32c: str | None
    metadata: dict[str, Any]
    timestamp: datetime


class Converter(BaseModel):
    """A converter, and the settings it works by."""

    id: UUID
    cls: str
    name: str
    settings: dict[str, Any]
    revision: int
    timestamp: datetime


class _Page(BaseModel):
    """A part of a list: the `page`th of `pages`, of `count` rows in all."""

    count: int
    offset: int
    page: int
    pages: int
    on_page: int


class ListedImage(BaseModel):
    """An image, with the columns that were asked for."""

    id: UUID | None = None
    version: str | None = None
    correlation_id: UUID | None = None
    original_id: UUID | None = None
    file_id: UUID | None = None
    revision: int | None = None
    metadata: dict[str, Any] | None = None
    timestamp: datetime | None = None


class ImagePage(_Page):
    """Some of the images."""

    data: list[ListedImage]


class ConverterPage(_Page):
    """Some of the converters."""

    data: list[Converter]


class GalleryVersion(Image):
    """An image and its file."""

    file: StoredFile


class GalleryImage(BaseModel):
    """An original, named `original`, and the latest of each of its versions."""

    id: UUID
    versions: dict[str, GalleryVersion]


class Gallery(BaseModel):
    """All images of a gallery; `versions` are those of the newest."""

    id: UUID
    images: list[GalleryImage]
    versions: dict[str, GalleryVersion]


class GallerySummary(BaseModel):
    """A gallery at a glance: how many originals it has, and the newest of them."""

    id: UUID
    name: str | None
    images: int
    newest: GalleryImage | None


class GalleryPage(_Page):
    """Some of the galleries."""

    data: list[GallerySummary]


class GalleryImagePage(_Page):
    """Some of a gallery's originals."""

    id: UUID
    name: str | None
    data: list[GalleryImage]


class Deleted(BaseModel):
    """How many originals went away."""

    deleted: int


class Exists(BaseModel):
    """Whether there is such an image."""

    exists: bool
