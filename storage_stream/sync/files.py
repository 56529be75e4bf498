"""Files, synchronous: with the methods of Python's own, so that others can read and write by them.

Lines cross the portal many at a time. Whoever stops taking lines and asks for something else finds
the file standing behind the last line that he took.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Self

from storage_stream import ObjectReader as AsyncObjectReader
from storage_stream import ObjectWriter as AsyncObjectWriter
from storage_stream import TextReader as AsyncTextReader
from storage_stream import TextWriter as AsyncTextWriter
from storage_stream.errors import StorageError
from storage_stream.sync.face import Owner, Resource

__all__ = ["ObjectReader", "ObjectWriter", "TextReader", "TextWriter"]

# A seek back within the last 256 KiB costs no request; this and a long line fit in.
_HOP_SIZE = 64 * 1024


class _Readable(Resource):
    """A file that is read line by line, many of them at once."""

    def __init__(self, inner: Any, owner: Owner) -> None:
        super().__init__(inner, owner)
        self._lines: deque[Any] = deque()
        self._given = 0  # of those that came with the last hop
        self._mark: int | None = None  # where the file stood before that

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        if not self._lines:
            mark, lines = self._owner.run(_lines_ahead, super()._usable())
            if not lines:
                raise StopIteration
            self._mark, self._given = mark, 0
            self._lines.extend(lines)
        self._given += 1
        return self._lines.popleft()

    def _usable(self) -> Any:
        inner = super()._usable()
        if self._lines:
            mark, given = self._mark, self._given
            self._lines.clear()
            self._owner.run(_stand_behind, inner, mark, given)
        return inner


async def _lines_ahead(file: Any) -> tuple[int, list[Any]]:
    """The place, and some lines from there; one, where more cannot be had without an error."""
    mark = await file.tell()
    try:
        return mark, await file.readlines(_HOP_SIZE)
    except (StorageError, UnicodeError):
        await file.seek(mark)
        line = await file.readline()
        return mark, [line] if line else []


async def _stand_behind(file: Any, mark: int, lines: int) -> None:
    await file.seek(mark)
    for _ in range(lines):
        await file.readline()


class _Writable(Resource):
    """A file that is written."""

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        return self._owner.run(anext, self._usable())  # which says that it is not readable


class ObjectReader(_Readable, mirrors=AsyncObjectReader):
    """An object as a binary file: read it, seek in it, go through its lines.

    Not made by hand: `with storage.open("bucket", "name", "rb") as file:`. It can be given to what
    reads binary files (`io.BufferedReader`, `zipfile`, pandas). The rest is as in the asynchronous
    `ObjectReader`. One thread at a time may use it.
    """


class ObjectWriter(_Writable, mirrors=AsyncObjectWriter):
    """A new object as a binary file, written from its beginning to its end.

    Not made by hand: `with storage.open("bucket", "name", "wb") as file:`. Closing it makes the
    object; leaving its block by an exception gives it up. The rest is as in the asynchronous
    `ObjectWriter`.
    """


class TextReader(_Readable, mirrors=AsyncTextReader):
    """An object as a text file: characters and lines.

    Not made by hand: `with storage.open("bucket", "name", "r") as file:`. It can be given to what
    reads text files (`csv`, `json`). The rest is as in the asynchronous `TextReader`.
    """


class TextWriter(_Writable, mirrors=AsyncTextWriter):
    """A new object as a text file, written from its beginning to its end.

    Not made by hand: `with storage.open("bucket", "name", "w") as file:`. The rest is as in the
    asynchronous `TextWriter`.
    """
