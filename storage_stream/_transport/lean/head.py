"""The head of an answer: parsed by llhttp, and what follows from it for the body.

llhttp refuses what two readers could understand in two ways: a length that is none, two of them, a
length beside chunks, line ends that are none, blanks before a colon. Here its findings become a
`ReplyHead`, and a framing by the rest of RFC 9112 §6.3.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import httptools

from storage_stream._protocol.http import Framing, Headers, ReplyHead
from storage_stream.errors import ProtocolError

__all__ = ["MOST_HEADER_LINES", "MOST_HEAD_BYTES", "AnswerHead", "AnswerParser"]

MOST_HEAD_BYTES: Final = 64 * 1024
"""Custom metadata, the largest thing in a head of the service, has 8 KiB at most."""
MOST_HEADER_LINES: Final = 256

_WITHOUT_BODY: Final = frozenset({204, 304})
_SWITCHING: Final = 101


class AnswerHead:
    """A head, and what it says about the body behind it and the connection.

    Attributes:
        reply: Status and headers.
        framing: How the end of the body is known.
        length: Bytes of the body; None where only its end tells.
        keeps_alive: Whether the connection may carry another request.
    """

    __slots__ = ("framing", "keeps_alive", "length", "reply")

    def __init__(
        self, reply: ReplyHead, framing: Framing, length: int | None, *, keeps_alive: bool
    ) -> None:
        self.reply = reply
        self.framing = framing
        self.length = length
        self.keeps_alive = keeps_alive


class AnswerParser:
    """Reads one answer: its head, and its body when that comes in chunks.

    Attributes:
        is_complete: Whether the last chunk was read.
        excess: Whether bytes came behind the end of the answer.
    """

    __slots__ = ("_events", "_llhttp", "_overhead")

    def __init__(self) -> None:
        self._events = _Events()
        self._llhttp = httptools.HttpResponseParser(self._events)
        self._overhead = 0

    def read_head(self, data: memoryview | bytes, method: str) -> AnswerHead | None:
        """Read exactly one head, its empty line included.

        Returns:
            The head; None for one that only announces another (a 1xx).

        Raises:
            ProtocolError: It is none, or leaves open how its body ends.
        """
        try:
            self._llhttp.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            raise ProtocolError(f"the answer is no HTTP: {error}") from None
        events = self._events
        if not events.has_head:
            raise ProtocolError("the answer is no HTTP: an empty line, and no head before it")
        if len(events.names) > MOST_HEADER_LINES:
            raise ProtocolError(f"the answer has more than {MOST_HEADER_LINES} header lines")
        status: int = self._llhttp.get_status_code()
        if status < 200 and status != _SWITCHING:  # noqa: PLR2004 - the 1xx of HTTP
            return None
        return _head_of(status, self._llhttp.get_http_version(), events, method)

    def read_chunks(self, data: memoryview | bytes) -> list[bytes]:
        """Read bytes of a chunked body.

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
    """What llhttp calls back. It must not know the parser: the two would only die together."""

    __slots__ = ("excess", "has_head", "is_complete", "names", "pieces", "reason", "values")

    def __init__(self) -> None:
        self.names: list[bytes] = []
        self.values: list[bytes] = []
        self.reason = b""
        self.has_head = False
        self.is_complete = False
        self.excess = False
        self.pieces: list[bytes] = []

    def on_message_begin(self) -> None:
        self.excess = self.has_head

    def on_status(self, reason: bytes) -> None:
        self.reason = reason

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.has_head:  # else it stands behind the last chunk, and says nothing we need
            self.names.append(name)
            self.values.append(value)

    def on_headers_complete(self) -> None:
        self.has_head = True

    def on_body(self, piece: bytes) -> None:
        if not self.is_complete:  # else it is of an answer that nobody asked for
            self.pieces.append(piece)

    def on_message_complete(self) -> None:
        self.is_complete = True


def _text(raw: bytes) -> str:
    """What a line says; bytes that are no UTF-8 survive, as they do with aiohttp."""
    return raw.decode("utf-8", "surrogateescape").rstrip(" \t")


def _headers_of(events: _Events) -> Headers:
    names = [_lower_name(name) for name in events.names]
    try:
        values = [value.decode().rstrip(" \t") for value in events.values]
    except UnicodeDecodeError:
        values = [_text(value) for value in events.values]
    return Headers.received(names, values)


@lru_cache(maxsize=1024)
def _lower_name(name: bytes) -> str:
    return name.decode("ascii").lower()  # llhttp lets nothing else through


def _head_of(status: int, version: str, events: _Events, method: str) -> AnswerHead:
    if status == _SWITCHING or version not in {"1.1", "1.0"}:
        raise ProtocolError(f"the answer speaks another protocol: HTTP/{version}, status {status}")
    headers = _headers_of(events)
    reply = ReplyHead(status, _text(events.reason), headers)
    keeps_alive = _keeps_alive(version, _joined(headers, "connection"))
    if method == "HEAD" or status in _WITHOUT_BODY:
        return AnswerHead(reply, Framing.LENGTH, 0, keeps_alive=keeps_alive)
    coding = _joined(headers, "transfer-encoding")
    if coding is not None:
        if coding.lower() != "chunked" or version == "1.0":
            raise ProtocolError("the answer's Transfer-Encoding is none that was asked for")
        return AnswerHead(reply, Framing.CHUNKED, None, keeps_alive=keeps_alive)
    length = headers.get("content-length")
    if length is not None:  # llhttp lets one line of digits through
        return AnswerHead(reply, Framing.LENGTH, int(length), keeps_alive=keeps_alive)
    return AnswerHead(reply, Framing.CLOSE, None, keeps_alive=False)


def _joined(headers: Headers, name: str) -> str | None:
    """What all lines of a name say together (RFC 9110 §5.3)."""
    first = headers.get(name)
    return None if first is None else ", ".join(headers.get_all(name))


def _keeps_alive(version: str, connection: str | None) -> bool:
    if connection is None:
        return version == "1.1"
    if connection == "keep-alive":  # nothing else, as some servers always say
        return True
    words = {word.strip().lower() for word in connection.split(",")}
    return "close" not in words and (version == "1.1" or "keep-alive" in words)
