"""The head of an answer: parsed by llhttp, and what follows from it for the body.

llhttp refuses what two readers could understand in two ways: a length that is none, two of them, a
length beside chunks, line ends that are none, blanks before a colon, folded lines. It is asked for
no line: a call for each costs more than the parsing, and most of them nobody looks at. What it let
through can be searched for those that somebody does.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import httptools

from storage_stream._protocol.http import Framing, ReplyHead
from storage_stream._protocol.received_headers import ReceivedHeaders
from storage_stream.errors import ProtocolError

if TYPE_CHECKING:
    from storage_stream._protocol.http import Headers

__all__ = ["MOST_HEADER_LINES", "MOST_HEAD_BYTES", "AnswerHead", "read_head"]

MOST_HEAD_BYTES: Final = 64 * 1024
"""Custom metadata, the largest thing in a head of the service, has 8 KiB at most."""
MOST_HEADER_LINES: Final = 256

_PROTOCOL: Final = b"HTTP/"
_USUAL: Final = b"HTTP/1.1 "
_FEW_BYTES: Final = 4 * MOST_HEADER_LINES  # less than that many lines have: `a:` and the line break
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


def read_head(head: bytes, method: str) -> AnswerHead | None:
    """What a head says.

    Args:
        head: It, up to its first empty line, which is in it.
        method: Of the request that is answered.

    Returns:
        The head; None for one that only announces another (a 1xx).

    Raises:
        ProtocolError: It is none, leaves open how its body ends, or is of another protocol.
    """
    llhttp = httptools.HttpResponseParser(None)
    try:
        llhttp.feed_data(head)
    except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
        raise ProtocolError(f"the answer is no HTTP: {error}") from None
    status: int = llhttp.get_status_code()
    is_usual = head.startswith(_USUAL)
    begin = 0 if is_usual else _begin_of(head)
    version: str = "1.1" if is_usual else llhttp.get_http_version()
    if status < 200 or version not in {"1.1", "1.0"}:  # noqa: PLR2004 - the 1xx of HTTP
        _check_announces(status, version)
        return None
    if len(head) > _FEW_BYTES and head.count(b"\n") > MOST_HEADER_LINES + 2:
        raise ProtocolError(f"the answer has more than {MOST_HEADER_LINES} header lines")
    end = head.index(b"\r\n", begin)
    headers = ReceivedHeaders(head[end:-2])
    framing, length = _framing_of(status, headers, method, version)
    if length and is_usual:
        keeps_alive: bool = llhttp.should_keep_alive()
    else:
        # Behind a head without a body llhttp has forgotten it already, and cannot be asked; of
        # HTTP/1.0 it believes a server that says both.
        keeps_alive = framing is not Framing.CLOSE and _keeps_alive(headers, version)
    reply = ReplyHead(status, _reason_of(head[begin:end]), headers)
    return AnswerHead(reply, framing, length, keeps_alive=keeps_alive)


def _check_announces(status: int, version: str) -> None:
    """A head that is no answer yet, unless it is none that there may be."""
    if status < 100:  # noqa: PLR2004 - below there is none
        raise ProtocolError(f"the answer is no HTTP: status {status}")
    if status == _SWITCHING or status >= 200:  # noqa: PLR2004 - the 1xx of HTTP
        raise ProtocolError(f"the answer speaks another protocol: HTTP/{version}, status {status}")


def _begin_of(head: bytes) -> int:
    """Of the status line; empty lines before it do not count (RFC 9112 §2.2).

    llhttp speaks RTSP and ICE, too.
    """
    begin = 0 if head.startswith(_PROTOCOL) else len(head) - len(head.lstrip(b"\r\n"))
    if begin == len(head):
        raise ProtocolError("the answer is no HTTP: an empty line, and no head before it")
    if not head.startswith(_PROTOCOL, begin):
        raise ProtocolError("the answer speaks another protocol")
    return begin


@lru_cache(maxsize=32)
def _reason_of(line: bytes) -> str:
    """Behind version and status; few lines are nearly all answers'."""
    return b"".join(line.split(b" ", 2)[2:]).decode("utf-8", "surrogateescape").strip(" \t")


def _framing_of(
    status: int, headers: Headers, method: str, version: str
) -> tuple[Framing, int | None]:
    """RFC 9112 §6.3."""
    if method == "HEAD" or status in _WITHOUT_BODY:
        return Framing.LENGTH, 0
    length = headers.get("content-length")
    if length is not None:  # llhttp lets one line of digits through, and no coding beside it
        return Framing.LENGTH, int(length)
    codings = headers.get_all("transfer-encoding")
    if not codings:
        return Framing.CLOSE, None
    if ", ".join(codings).lower() != "chunked" or version == "1.0":
        raise ProtocolError("the answer's Transfer-Encoding is none that was asked for")
    return Framing.CHUNKED, None


def _keeps_alive(headers: Headers, version: str) -> bool:
    """What all Connection lines say together (RFC 9110 §7.6.1)."""
    lines = headers.get_all("connection")
    if not lines:
        return version == "1.1"
    if lines == ["keep-alive"]:  # nothing else, as some servers always say
        return True
    words = {word.strip(" \t").lower() for line in lines for word in line.split(",")}
    return "close" not in words and (version == "1.1" or "keep-alive" in words)
