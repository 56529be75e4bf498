"""Bytes in memory, as the content of an answer."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from storage_stream.outputs.contents.base import PIECE_BYTES
from storage_stream.outputs.planning.representation import Representation

if TYPE_CHECKING:
    from datetime import datetime

    from storage_stream.outputs.planning.byte_ranges import Span
    from storage_stream.outputs.planning.representation import RequestHead

__all__ = ["MemoryContent", "MemoryPieces", "bytes_etag"]


def bytes_etag(data: bytes) -> str:
    """A strong entity tag: what has the same one is the same."""
    return f'"sha256-{hashlib.sha256(data).hexdigest()}"'


class MemoryPieces:
    """A span of them, piece by piece: a slow client holds a piece, not another copy of all."""

    def __init__(self, data: bytes, span: Span) -> None:
        self._data = data
        self._at = span.start
        self._stop = len(data) if span.stop is None else span.stop

    async def next(self) -> bytes:
        """The next piece."""
        piece = self._data[self._at : min(self._at + PIECE_BYTES, self._stop)]
        self._at += len(piece)
        return piece

    def close(self) -> None:
        """Nothing to let go of."""


class MemoryContent:
    """Bytes that do not change.

    Args:
        data: The bytes.
        media_type: Their MIME type.
        etag: Their entity tag.
        made: When they came to be; None where that is not known.
    """

    def __init__(self, data: bytes, media_type: str, etag: str, made: datetime | None) -> None:
        self._data = data
        self._there = Representation(len(data), media_type, etag, made)

    async def representation(self, request: RequestHead) -> Representation:
        """What there is."""
        del request  # it is the same for everybody
        return self._there

    async def confirm(self) -> None:
        """They are there."""

    async def open(self, span: Span) -> MemoryPieces:
        """Begin to read."""
        return MemoryPieces(self._data, span)

    def close(self) -> None:
        """Nothing is open."""
