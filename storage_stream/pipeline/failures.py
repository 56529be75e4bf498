"""What can go wrong in a stage itself; a source's own exceptions pass through unchanged.

Every one is a `PipelineError`, which is a `ValueError`: the data is not what was promised.
The facts are fields, and a message never quotes the data, which may be private.
"""

from storage_stream.errors import StorageError

__all__ = [
    "JSONLineError",
    "LineTooLongError",
    "PipelineError",
    "StageClosedError",
]


class PipelineError(StorageError, ValueError):
    """Base of all errors that a stage raises about its data or its use."""


class StageClosedError(PipelineError):
    """A stage was read after it was closed, or after it had failed.

    Without this a second read after a failure would look like the end of the data.
    """


class LineTooLongError(PipelineError):
    """A line is longer than `max_line_bytes`; the lines before it have been delivered.

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
