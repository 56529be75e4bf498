"""Bytes that are kept until a picture is whole: in memory while they are few, then in a file."""

from __future__ import annotations

import os
import tempfile
from typing import IO, TYPE_CHECKING, cast

from storage_stream.media.errors import SpoolTooSmall

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Spool"]

_MEMORY_BYTES = 8 * 1024 * 1024

_PIECE_BYTES = 256 * 1024


class Spool:
    """A file of the time until `close`: written anywhere, read as often as it is asked for.

    Args:
        max_bytes: How much it keeps at most; None for no limit.
        limit_name: What that limit is called, for the error.
        memory_bytes: What is kept in memory before a temporary file is begun.
        folder: Where that file is; None for the system's temporary folder.
        subject: The object's `gs://` name, for the error.
    """

    def __init__(
        self,
        max_bytes: int | None,
        limit_name: str,
        *,
        memory_bytes: int = _MEMORY_BYTES,
        folder: str | None = None,
        subject: str | None = None,
    ) -> None:
        self._max_bytes = max_bytes
        self._limit_name = limit_name
        self._subject = subject
        self._size = 0
        # Closed by `close`; it is held over many calls. tempfile takes 0 for no limit of memory.
        self._file = tempfile.SpooledTemporaryFile(max(memory_bytes, 1), dir=folder)  # noqa: SIM115 - see above

    @property
    def size(self) -> int:
        """How long it is, in bytes."""
        return self._size

    @property
    def file(self) -> IO[bytes]:
        """The file, at its beginning; to be read, not closed."""
        self._file.seek(0)
        return cast("IO[bytes]", self._file)

    def append(self, data: bytes | memoryview) -> None:
        """Keep these bytes behind the others, wherever it stands.

        Raises:
            SpoolTooSmall: They are more than may be kept; none of them is.
        """
        self._file.seek(0, os.SEEK_END)
        self.write(data)

    def write(self, data: bytes | memoryview) -> int:
        """Write where it stands; all of it is taken.

        Raises:
            SpoolTooSmall: It would be more than may be kept; none of it is.
        """
        size = memoryview(data).nbytes
        end = self._file.tell() + size
        if self._max_bytes is not None and end > self._max_bytes:
            raise SpoolTooSmall(
                "a file of this kind is kept until it is whole, and is more than"
                f" {self._limit_name}={self._max_bytes} bytes",
                subject=self._subject,
            )
        self._file.write(data)
        self._size = max(self._size, end)
        return size

    def read(self, size: int) -> bytes:
        """Read back where it stands."""
        return self._file.read(size)

    def seek(self, offset: int, whence: int) -> int:
        """Set the position, as `io.IOBase.seek`."""
        self._file.seek(offset, whence)
        return self._file.tell()

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
