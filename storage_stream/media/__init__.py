"""Pictures straight from a bucket: pyvips connections, incremental Pillow parsing, headers.

    from storage_stream.media import Source

    async with Source.new_from_object(storage, "bucket", "photo.jpg") as source:
        small = await source.thumbnail(300)

Connections need the extra `vips` (`pip install "storage-stream[vips]"`), the parser `pillow`;
nothing of either is imported before it is used.
"""

from typing import TYPE_CHECKING

from storage_stream._lazy import lazy_names

if TYPE_CHECKING:
    from storage_stream.media.errors import (
        DamagedImage,
        ExtraMissing,
        ImageTooLarge,
        MediaError,
        OutsideRunError,
        ParserClosed,
        SpoolTooSmall,
        TruncatedImage,
        UnidentifiedImage,
        UnseekableTooLarge,
        UnsupportedFormat,
    )

__all__ = [
    "DamagedImage",
    "ExtraMissing",
    "ImageTooLarge",
    "MediaError",
    "OutsideRunError",
    "ParserClosed",
    "SpoolTooSmall",
    "TruncatedImage",
    "UnidentifiedImage",
    "UnseekableTooLarge",
    "UnsupportedFormat",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "DamagedImage": "storage_stream.media.errors",
        "ExtraMissing": "storage_stream.media.errors",
        "ImageTooLarge": "storage_stream.media.errors",
        "MediaError": "storage_stream.media.errors",
        "OutsideRunError": "storage_stream.media.errors",
        "ParserClosed": "storage_stream.media.errors",
        "SpoolTooSmall": "storage_stream.media.errors",
        "TruncatedImage": "storage_stream.media.errors",
        "UnidentifiedImage": "storage_stream.media.errors",
        "UnseekableTooLarge": "storage_stream.media.errors",
        "UnsupportedFormat": "storage_stream.media.errors",
    },
)
