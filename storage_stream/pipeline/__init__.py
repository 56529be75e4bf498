"""Async stages on byte streams: each reads a source, in bounded memory, and closes it when closed.

A stage takes any source of bytes and is one itself, so stages nest. They know nothing of storage:
the stream of a download is to them one more object with `read(size)`.
"""

from storage_stream.errors import GzipFormatError, TooManyBytesError, TruncatedGzipError
from storage_stream.pipeline.chunks import map_chunks, rechunk
from storage_stream.pipeline.composition import pipe
from storage_stream.pipeline.compression import gunzip, gzip
from storage_stream.pipeline.failures import (
    JSONLineError,
    LineTooLongError,
    PipelineError,
    StageClosedError,
)
from storage_stream.pipeline.merging import merge
from storage_stream.pipeline.sinks import Sink, collect, copy, tee
from storage_stream.pipeline.source import BytesLike, Source
from storage_stream.pipeline.stage import ByteStage, Stage
from storage_stream.pipeline.text import json_lines, lines

__all__ = [
    "ByteStage",
    "BytesLike",
    "GzipFormatError",
    "JSONLineError",
    "LineTooLongError",
    "PipelineError",
    "Sink",
    "Source",
    "Stage",
    "StageClosedError",
    "TooManyBytesError",
    "TruncatedGzipError",
    "collect",
    "copy",
    "gunzip",
    "gzip",
    "json_lines",
    "lines",
    "map_chunks",
    "merge",
    "pipe",
    "rechunk",
    "tee",
]
