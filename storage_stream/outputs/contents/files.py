"""A local file, as the content of an answer: opened once, so that all of it is of one version.

Its disk is read in a thread: an event loop that waits for it serves nobody else.
"""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from storage_stream.errors import TruncatedStream
from storage_stream.outputs.contents.base import PIECE_BYTES
from storage_stream.outputs.planning.representation import Representation

if TYPE_CHECKING:
    from io import FileIO

    from storage_stream.outputs.planning.byte_ranges import Span
    from storage_stream.outputs.planning.representation import RequestHead

__all__ = ["FileContent", "FilePieces"]

_READ_AHEAD_BYTES = 4 * PIECE_BYTES  # one trip to a thread for four pieces: 256 KiB a client


class FilePieces:
    """A span of an open file."""

    def __init__(self, file: FileIO, span: Span, size: int) -> None:
        self._file = file
        self._at = span.start
        self._stop = size if span.stop is None else span.stop
        self._held: bytes = b""
        self._given = 0

    async def next(self) -> bytes:
        """The next piece.

        Raises:
            TruncatedStream: The file has become shorter since it was opened.
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
        data = await asyncio.to_thread(_read_at, self._file, self._at, wanted)
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
        self._file: FileIO | None = None
        self._size = 0

    async def representation(self, request: RequestHead) -> Representation:
        """What there is, by what the open file says of itself.

        Raises:
            OSError: It is not there, or cannot be read.
        """
        del request  # it is the same for everybody
        self._file, facts = await asyncio.to_thread(_opened, self._path)
        self._size = facts.st_size
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
        return FilePieces(self._file, span, self._size)

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


def _read_at(file: FileIO, start: int, size: int) -> bytes:
    file.seek(start)
    return file.read(size)
