"""What a file cannot do, said as Python's own files say it: `io.UnsupportedOperation`."""

from __future__ import annotations

import io
from typing import NoReturn, Self

__all__ = ["NotReadable", "NotWritable"]


class NotReadable:
    """A file that is written."""

    async def readable(self) -> bool:
        """Whether it can be read: no."""
        return False

    async def writable(self) -> bool:
        """Whether it can be written to."""
        return True

    async def seekable(self) -> bool:
        """Whether it can be written to anywhere but at the end: no."""
        return False

    async def read(self, *_: object) -> NoReturn:
        """Raise `io.UnsupportedOperation`."""
        raise io.UnsupportedOperation("not readable")

    async def read1(self, *_: object) -> NoReturn:
        """Raise `io.UnsupportedOperation`."""
        raise io.UnsupportedOperation("not readable")

    async def readinto(self, *_: object) -> NoReturn:
        """Raise `io.UnsupportedOperation`."""
        raise io.UnsupportedOperation("not readable")

    async def readline(self, *_: object) -> NoReturn:
        """Raise `io.UnsupportedOperation`."""
        raise io.UnsupportedOperation("not readable")

    async def readlines(self, *_: object) -> NoReturn:
        """Raise `io.UnsupportedOperation`."""
        raise io.UnsupportedOperation("not readable")

    async def seek(self, *_: object) -> NoReturn:
        """Raise `io.UnsupportedOperation`: an object is written from its beginning to its end."""
        raise io.UnsupportedOperation("an object is written in order")

    async def truncate(self, *_: object) -> NoReturn:
        """Raise `io.UnsupportedOperation`."""
        raise io.UnsupportedOperation("an object is written in order")

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> NoReturn:
        raise io.UnsupportedOperation("not readable")


class NotWritable:
    """A file that is read."""

    async def readable(self) -> bool:
        """Whether it can be read."""
        return True

    async def writable(self) -> bool:
        """Whether it can be written to: no."""
        return False

    async def seekable(self) -> bool:
        """Whether `seek` works."""
        return True

    async def write(self, *_: object) -> NoReturn:
        """Raise `io.UnsupportedOperation`."""
        raise io.UnsupportedOperation("not writable")

    async def writelines(self, *_: object) -> NoReturn:
        """Raise `io.UnsupportedOperation`."""
        raise io.UnsupportedOperation("not writable")

    async def truncate(self, *_: object) -> NoReturn:
        """Raise `io.UnsupportedOperation`."""
        raise io.UnsupportedOperation("not writable")
