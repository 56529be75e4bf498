"""Images in a bucket, their versions and galleries in a database.

    from storage_stream.images import Database, FileService, ImageService

    async with Database.sqlite("images.db") as database:
        files = FileService(database, storage, "my-bucket")
        async with ImageService(database, files) as images: ...

Needs the extra `images` (`pip install "storage-stream[images]"`), and `vips` or `pillow` to
convert; nothing of them is imported before it is used. `images_router` (the same over HTTP) and
`gallery_app` (a web page for people) need `fastapi`.
"""

from typing import TYPE_CHECKING, Any

from storage_stream._lazy import lazy_names
from storage_stream.media import ExtraMissing

if TYPE_CHECKING:
    from storage_stream.images.conversion.converter_service import (
        ConvertedVersion,
        ConverterService,
    )
    from storage_stream.images.conversion.image_converter import ImageConverter
    from storage_stream.images.conversion.settings import (
        ConverterSettings,
        VersionSettings,
        VersionSource,
    )
    from storage_stream.images.errors import (
        ClaimLost,
        Conflict,
        ConversionError,
        ConversionTimeout,
        DatabaseFailed,
        ImageServiceError,
        NotFound,
        PermissionDenied,
        PreconditionFailed,
        UnreadableImage,
        ValidationError,
    )
    from storage_stream.images.files.file_service import FileService
    from storage_stream.images.page import gallery_app
    from storage_stream.images.permissions import Permissions
    from storage_stream.images.routes import Authorize, images_router
    from storage_stream.images.rows import (
        ConverterRow,
        FileRow,
        Gallery,
        GalleryImage,
        GalleryImages,
        GallerySummaries,
        GallerySummary,
        GalleryVersion,
        ImageRow,
        Page,
    )
    from storage_stream.images.service import ImageService
    from storage_stream.images.sql.database import Database

__all__ = [
    "Authorize",
    "ClaimLost",
    "Conflict",
    "ConversionError",
    "ConversionTimeout",
    "ConvertedVersion",
    "ConverterRow",
    "ConverterService",
    "ConverterSettings",
    "Database",
    "DatabaseFailed",
    "FileRow",
    "FileService",
    "Gallery",
    "GalleryImage",
    "GalleryImages",
    "GallerySummaries",
    "GallerySummary",
    "GalleryVersion",
    "ImageConverter",
    "ImageRow",
    "ImageService",
    "ImageServiceError",
    "NotFound",
    "Page",
    "PermissionDenied",
    "Permissions",
    "PreconditionFailed",
    "UnreadableImage",
    "ValidationError",
    "VersionSettings",
    "VersionSource",
    "gallery_app",
    "images_router",
]

_MODULES = {
    "conversion.converter_service": ("ConvertedVersion", "ConverterService"),
    "sql.database": ("Database",),
    "errors": (
        *("ClaimLost", "Conflict", "ConversionError", "ConversionTimeout", "DatabaseFailed"),
        *("ImageServiceError", "NotFound", "PermissionDenied", "PreconditionFailed"),
        "UnreadableImage",
        "ValidationError",
    ),
    "files.file_service": ("FileService",),
    "conversion.image_converter": ("ImageConverter",),
    "page": ("gallery_app",),
    "permissions": ("Permissions",),
    "routes": ("Authorize", "images_router"),
    "rows": (
        *("ConverterRow", "FileRow", "Gallery", "GalleryImage", "GalleryImages"),
        *("GallerySummaries", "GallerySummary", "GalleryVersion", "ImageRow", "Page"),
    ),
    "service": ("ImageService",),
    "conversion.settings": ("ConverterSettings", "VersionSettings", "VersionSource"),
}
_EXTRA = frozenset({"sqlalchemy", "alembic"})

_get, __dir__ = lazy_names(
    __name__,
    {name: f"{__name__}.{module}" for module, names in _MODULES.items() for name in names},
)


def __getattr__(name: str) -> Any:
    """The public names; see `lazy_names`.

    Raises:
        ExtraMissing: The libraries of the extra are not installed.
    """
    try:
        return _get(name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        raise ExtraMissing(f"{error.name} is missing: install storage-stream[images]") from error
