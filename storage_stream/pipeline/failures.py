"""What can go wrong in a stage itself; a source's own exceptions pass through unchanged.

Every one is a ``PipelineError``, which is a ``ValueError``: the data is not what was promised.
The facts are fields, and a message never quotes the data, which may be private.
"""

__all__ = [
    "GzipFormatError",
    "JSONLineError",
    "LineTooLongError",
    "PipelineError",
    "StageClosedError",
    "TooManyBytesError",
    "TruncatedGzipError",
]


class PipelineError(ValueError):
    """Base of all errors that a stage raises about its data or its use."""


class StageClosedError(PipelineError):
    """A stage was read after it was closed, or after it had failed.

    Without this a second read after a failure would look like the end of the data.
    """


class LineTooLongError(PipelineError):
    """A line is longer than ``max_line_bytes``; the lines before it have been delivered.

    Attributes:
        line_number: the line's number, the first is 1.
        byte_offset: where the line begins in the source.
        max_line_bytes: the limit it broke.
    """

    def __init__(self, line_number: int, byte_offset: int, max_line_bytes: int) -> None:
        super().__init__(
            f"line {line_number} (at byte {byte_offset}) is longer than {max_line_bytes} bytes"
        )
        self.line_number = line_number
        self.byte_offset = byte_offset
        self.max_line_bytes = max_line_bytes


class JSONLineError(PipelineError):
    """A line is not one JSON value in UTF-8.

    Attributes:
        line_number: the line's number, the first is 1; blank lines count.
        byte_offset: where the line begins in the source.
        line: the line's bytes with its line end, to set aside what could not be parsed.
        reason: what the parser said.
    """

    def __init__(self, line_number: int, byte_offset: int, line: bytes, reason: str) -> None:
        super().__init__(f"line {line_number} (at byte {byte_offset}) is not JSON: {reason}")
        self.line_number = line_number
        self.byte_offset = byte_offset
        self.line = line
        self.reason = reason


class GzipFormatError(PipelineError):
    """The source is not gzip: a bad header, a broken body, a wrong CRC or trailing garbage.

    Attributes:
        byte_offset: an offset in the compressed source at or before the damage: the begin of
            the bytes that were being decompressed.
        reason: what the decompressor said.
    """

    def __init__(self, byte_offset: int, reason: str) -> None:
        super().__init__(f"not valid gzip after byte {byte_offset}: {reason}")
        self.byte_offset = byte_offset
        self.reason = reason


class TruncatedGzipError(PipelineError, EOFError):
    """The source ended inside a gzip member, or was empty.

    Attributes:
        bytes_in: compressed bytes that did arrive.
        bytes_out: bytes that were decompressed from them, and delivered.
    """

    def __init__(self, bytes_in: int, bytes_out: int) -> None:
        super().__init__(f"gzip source ended early: after {bytes_in} bytes ({bytes_out} out)")
        self.bytes_in = bytes_in
        self.bytes_out = bytes_out


class TooManyBytesError(PipelineError):
    """More bytes came than the caller allowed.

    Attributes:
        max_bytes: the limit.
    """

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"more than {max_bytes} bytes came out")
        self.max_bytes = max_bytes
