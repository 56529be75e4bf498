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
    from storage_stream.media.bridge.run import cancellable
    from storage_stream.media.connections.blocks.pinned_object import SourceStats
    from storage_stream.media.connections.connection import Connection
    from storage_stream.media.connections.custom_source import SourceCustom
    from storage_stream.media.connections.custom_target import TargetCustom
    from storage_stream.media.connections.source import Source
    from storage_stream.media.connections.target import Target
    from storage_stream.media.connections.transforming import transform
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
    from storage_stream.media.headers import HeaderReader, ImageInfo
    from storage_stream.media.limits import MemoryClass, check_memory, check_pixels, memory_class
    from storage_stream.media.parsing.objects import ParseObjectKeywords, parse_object
    from storage_stream.media.parsing.processor import StreamingProcessor
    from storage_stream.media.parsing.stream_parser import ParserKeywords, StreamParser
    from storage_stream.media.probing import RangeReader, probe, probe_file, probe_ranges

__all__ = [
    "Connection",
    "DamagedImage",
    "ExtraMissing",
    "HeaderReader",
    "ImageInfo",
    "ImageTooLarge",
    "MediaError",
    "MemoryClass",
    "OutsideRunError",
    "ParseObjectKeywords",
    "ParserClosed",
    "ParserKeywords",
    "RangeReader",
    "Source",
    "SourceCustom",
    "SourceStats",
    "SpoolTooSmall",
    "StreamParser",
    "StreamingProcessor",
    "Target",
    "TargetCustom",
    "TruncatedImage",
    "UnidentifiedImage",
    "UnseekableTooLarge",
    "UnsupportedFormat",
    "cancellable",
    "check_memory",
    "check_pixels",
    "memory_class",
    "parse_object",
    "probe",
    "probe_file",
    "probe_ranges",
    "transform",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "Connection": "storage_stream.media.connections.connection",
        "DamagedImage": "storage_stream.media.errors",
        "ExtraMissing": "storage_stream.media.errors",
        "ImageTooLarge": "storage_stream.media.errors",
        "MediaError": "storage_stream.media.errors",
        "OutsideRunError": "storage_stream.media.errors",
        "ParseObjectKeywords": "storage_stream.media.parsing.objects",
        "ParserKeywords": "storage_stream.media.parsing.stream_parser",
        "StreamParser": "storage_stream.media.parsing.stream_parser",
        "StreamingProcessor": "storage_stream.media.parsing.processor",
        "parse_object": "storage_stream.media.parsing.objects",
        "ParserClosed": "storage_stream.media.errors",
        "Source": "storage_stream.media.connections.source",
        "SourceCustom": "storage_stream.media.connections.custom_source",
        "SourceStats": "storage_stream.media.connections.blocks.pinned_object",
        "SpoolTooSmall": "storage_stream.media.errors",
        "Target": "storage_stream.media.connections.target",
        "TargetCustom": "storage_stream.media.connections.custom_target",
        "TruncatedImage": "storage_stream.media.errors",
        "UnidentifiedImage": "storage_stream.media.errors",
        "UnseekableTooLarge": "storage_stream.media.errors",
        "UnsupportedFormat": "storage_stream.media.errors",
        "HeaderReader": "storage_stream.media.headers",
        "ImageInfo": "storage_stream.media.headers",
        "MemoryClass": "storage_stream.media.limits",
        "check_memory": "storage_stream.media.limits",
        "check_pixels": "storage_stream.media.limits",
        "memory_class": "storage_stream.media.limits",
        "RangeReader": "storage_stream.media.probing",
        "probe": "storage_stream.media.probing",
        "probe_file": "storage_stream.media.probing",
        "probe_ranges": "storage_stream.media.probing",
        "cancellable": "storage_stream.media.bridge.run",
        "transform": "storage_stream.media.connections.transforming",
    },
)
