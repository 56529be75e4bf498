"""A body that comes in chunks: read by llhttp, and within limits."""

from __future__ import annotations

from typing import Final

import httptools

from storage_stream._transport.lean.head import MOST_HEAD_BYTES
from storage_stream.errors import ProtocolError

__all__ = ["ChunkReader"]

_HEAD: Final = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


class ChunkReader:
    """Reads the chunks behind one head.

    Attributes:
        is_complete: Whether the last chunk was read.
        excess: Whether bytes came behind the end of the answer.
    """

    __slots__ = ("_events", "_llhttp", "_overhead")

    def __init__(self) -> None:
        self._events = _Events()
        self._llhttp = httptools.HttpResponseParser(self._events)
        self._llhttp.feed_data(_HEAD)  # it reads nothing else than whole answers
        self._events.has_begun = True
        self._overhead = 0

    def read(self, data: memoryview | bytes) -> list[bytes]:
        """Read bytes of the body.

        Returns:
            What they hold of it.

        Raises:
            ProtocolError: They are no chunks, or more is said about them than they are.
        """
        events = self._events
        pieces: list[bytes] = []
        events.pieces = pieces
        try:
            self._llhttp.feed_data(data)
        except httptools.HttpParserError as error:
            if not events.is_complete:  # else it is what follows the end that makes no sense
                raise ProtocolError(f"a chunk is none: {error}") from None
            events.excess = True
        self._overhead = 0 if pieces else self._overhead + len(data)
        if self._overhead > MOST_HEAD_BYTES:
            raise ProtocolError("chunks without end, and no bytes in them")
        return pieces

    @property
    def is_complete(self) -> bool:
        """Whether the last chunk was read."""
        return self._events.is_complete

    @property
    def excess(self) -> bool:
        """Whether bytes came behind the end of the answer."""
        return self._events.excess


class _Events:
    """What llhttp calls back. It must not know the reader: the two would only die together."""

    __slots__ = ("excess", "has_begun", "is_complete", "pieces")

    def __init__(self) -> None:
        self.has_begun = False
        self.is_complete = False
        self.excess = False
        self.pieces: list[bytes] = []

    def on_message_begin(self) -> None:
        self.excess = self.has_begun

    def on_body(self, piece: bytes) -> None:
        if not self.is_complete:  # else it is of an answer that nobody asked for
            self.pieces.append(piece)

    def on_message_complete(self) -> None:
        self.is_complete = True
