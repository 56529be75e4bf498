"""Bytes that are kept until a picture is whole: in memory while they are few, then in a file."""

from __future__ import annotations

import os
import tempfile
from typing import IO, TYPE_CHECKING, cast

from storage_stream.media.errors import SpoolTooSmall

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Spool"]

MEMORY_BYTES = 8 * 1024 * 1024
"""What is kept in memory before a temporary file is begun."""

_PIECE_BYTES = 256 * 1024


class Spool:
    """What was written to it, from its beginning, as often as it is asked for.

    Args:
        max_bytes: How much it keeps at most.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._size = 0
        # Closed by `close`; a parser holds it over many calls.
        self._file = tempfile.SpooledTemporaryFile(MEMORY_BYTES)  # noqa: SIM115 - see above

    @property
    def size(self) -> int:
        """Bytes that were written."""
        return self._size

    @property
    def file(self) -> IO[bytes]:
        """The file, at its beginning; to be read, not closed."""
        self._file.seek(0)
        return cast("IO[bytes]", self._file)

    def write(self, data: bytes | memoryview) -> None:
        """Keep these bytes behind the others.

        Raises:
            SpoolTooSmall: They are more than may be kept; none of them is.
        """
        size = memoryview(data).nbytes
        if self._size + size > self._max_bytes:
            raise SpoolTooSmall(
                f"a picture of this kind is kept until its end, and is longer than the"
                f" {self._max_bytes} bytes allowed"
            )
        self._file.seek(0, os.SEEK_END)
        self._file.write(data)
        self._size += size

    def pieces(self) -> Iterator[bytes]:
        """Everything that was written, in pieces."""
        file = self.file
        while piece := file.read(_PIECE_BYTES):
            yield piece

    def __del__(self) -> None:
        # A parser that is simply forgotten, as Pillow's own may be, leaves nothing either.
        self._file.close()

    def close(self) -> None:
        """Forget it all, and give back its memory or its file."""
        self._file.close()
