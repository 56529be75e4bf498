"""A compressed file over one of ours, both closed together.

What fsspec makes of `compression=` leaves the file below open, for whoever collects it: here a
file that is not closed is given up.
"""

from __future__ import annotations

import io
from typing import Any

from storage_stream.integrations.fsspec.given_up import GivenUp
from storage_stream.integrations.fsspec.library import compression_of, compressions

__all__ = ["CompressedFile", "compressed"]


def compressed(file: Any, path: str, mode: str, compression: str | None) -> Any:
    """The file, or one that compresses over it.

    Args:
        file: What is below.
        path: Whose ending says how, for `infer`.
        mode: `rb`, `wb`, …
        compression: `gzip`, `bz2`, …; `infer`; None for none.
    """
    name = compression_of(path, compression)
    if name is None:
        return file
    return CompressedFile(compressions[name](file, mode=mode[0]), file)


class CompressedFile(GivenUp, io.BufferedIOBase):
    """Both files as one.

    Args:
        over: Compresses, or decompresses.
        below: What it does that with.
    """

    def __init__(self, over: Any, below: Any) -> None:
        super().__init__()
        self._over = over
        self._below = below

    def readable(self) -> bool:
        """Whether it was opened to be read."""
        return bool(self._over.readable())

    def writable(self) -> bool:
        """Whether it was opened to be written."""
        return bool(self._over.writable())

    def seekable(self) -> bool:
        """Whether it can seek."""
        return bool(self._over.seekable())

    def read(self, size: int | None = -1) -> bytes:
        """Decompressed bytes."""
        data: bytes = self._over.read(-1 if size is None else size)
        return data

    def read1(self, size: int = -1) -> bytes:
        """Decompressed bytes, as many as there are."""
        return self.read(1 << 16 if size < 0 else size)

    def write(self, data: Any) -> int:
        """Compress these bytes."""
        count: int = self._over.write(data)
        return count

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a decompressed position, by reading to it."""
        position: int = self._over.seek(offset, whence)
        return position

    def tell(self) -> int:
        """The decompressed position."""
        position: int = self._over.tell()
        return position

    def close(self) -> None:
        """End both. A new object is made now."""
        if not self.closed:
            try:
                self._over.close()
                self._below.close()
            finally:
                super().close()

    def discard(self) -> None:
        """Give a new object up."""
        if hasattr(self._below, "discard"):
            self._below.discard()
        super().close()

    def __del__(self) -> None:
        """Leave both as they are: the one below says it, if it was to be an object."""
