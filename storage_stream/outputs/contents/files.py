"""A local file, as the content of an answer: opened once, so that all of it is of one version.

Its disk is read in a thread: an event loop that waits for it serves nobody else.
"""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from storage_stream.errors import ObjectChanged, TruncatedStream
from storage_stream.outputs.contents.base import PIECE_BYTES
from storage_stream.outputs.planning.representation import Representation

if TYPE_CHECKING:
    from io import FileIO

    from storage_stream.outputs.planning.byte_ranges import Span
    from storage_stream.outputs.planning.representation import RequestHead

__all__ = ["FileContent", "FilePieces", "OpenedFile"]

_READ_AHEAD_BYTES = 4 * PIECE_BYTES  # one trip to a thread for four pieces: 256 KiB a client


class OpenedFile:
    """A file, read in threads; closed when the last of them is done with it.

    Who is cancelled does not wait for a thread, and a descriptor that is closed under its hands
    may be another file's a moment later.

    Args:
        file: It.
        facts: What it said of itself when it was opened.
    """

    def __init__(self, file: FileIO, facts: os.stat_result) -> None:
        self._file = file
        self._reading: asyncio.Future[tuple[bytes, os.stat_result]] | None = None
        self.facts = facts

    @classmethod
    async def at(cls, path: Path) -> OpenedFile:
        """Open it.

        Raises:
            OSError: It is not there, or cannot be read.
        """
        opening = asyncio.get_running_loop().run_in_executor(None, _opened, path)
        try:
            return cls(*await asyncio.shield(opening))
        except asyncio.CancelledError:
            opening.add_done_callback(_close_unwanted)
            raise

    async def read(self, start: int, size: int) -> bytes:
        """So many bytes; fewer at its end.

        Raises:
            ObjectChanged: Somebody has written to it since it was opened.
        """
        loop = asyncio.get_running_loop()
        self._reading = loop.run_in_executor(None, _read_at, self._file, start, size)
        data, facts = await asyncio.shield(self._reading)
        if (facts.st_mtime_ns, facts.st_size) != (self.facts.st_mtime_ns, self.facts.st_size):
            raise ObjectChanged("the file was written to while it was sent")
        return data

    def close(self) -> None:
        """Close it, as soon as nothing reads."""
        if self._reading is None or self._reading.done():
            self._file.close()
        else:
            self._reading.add_done_callback(lambda _: self._file.close())


class FilePieces:
    """A span of an open file."""

    def __init__(self, file: OpenedFile, span: Span) -> None:
        self._file = file
        self._at = span.start
        self._stop = file.facts.st_size if span.stop is None else span.stop
        self._held: bytes = b""
        self._given = 0

    async def next(self) -> bytes:
        """The next piece.

        Raises:
            ObjectChanged: The file was written to since it was opened.
            TruncatedStream: It has become shorter.
        """
        if self._given == len(self._held):
            self._held, self._given = await self._more(), 0
        piece = self._held[self._given : self._given + PIECE_BYTES]
        self._given += len(piece)
        return piece

    def close(self) -> None:
        """Forget what was read ahead; the file belongs to its content."""
        self._held, self._given = b"", 0
        self._at = self._stop

    async def _more(self) -> bytes:
        wanted = min(_READ_AHEAD_BYTES, self._stop - self._at)
        if wanted <= 0:
            return b""
        data = await self._file.read(self._at, wanted)
        if not data:
            raise TruncatedStream("the file became shorter while it was sent")
        self._at += len(data)
        return data


class FileContent:
    """A file for one answer.

    Args:
        path: The file.
        media_type: Its MIME type.
    """

    def __init__(self, path: str | os.PathLike[str], media_type: str) -> None:
        self._path = Path(path)
        self._media_type = media_type
        self._file: OpenedFile | None = None

    async def representation(self, request: RequestHead) -> Representation:
        """What there is, by what the open file says of itself.

        Raises:
            OSError: It is not there, or cannot be read.
        """
        del request  # it is the same for everybody
        self._file = await OpenedFile.at(self._path)
        facts = self._file.facts
        return Representation(
            facts.st_size,
            self._media_type,
            # What web servers take for strong: a file that is written to without a change of any
            # of the three has its clock turned back.
            f'"{facts.st_ino:x}-{facts.st_mtime_ns:x}-{facts.st_size:x}"',
            datetime.fromtimestamp(facts.st_mtime, UTC),
        )

    async def confirm(self) -> None:
        """It was opened."""

    async def open(self, span: Span) -> FilePieces:
        """Begin to read."""
        if self._file is None:
            raise ValueError("the file is read after it was looked at, and before it is closed")
        return FilePieces(self._file, span)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _opened(path: Path) -> tuple[FileIO, os.stat_result]:
    file = path.open("rb", buffering=0)
    try:
        return file, os.fstat(file.fileno())
    except BaseException:
        file.close()
        raise


def _close_unwanted(opening: asyncio.Future[tuple[FileIO, os.stat_result]]) -> None:
    if opening.exception() is None:
        opening.result()[0].close()


def _read_at(file: FileIO, start: int, size: int) -> tuple[bytes, os.stat_result]:
    file.seek(start)
    data = file.read(size)
    return data, os.fstat(file.fileno())
