"""The head of an answer: read by the grammar of RFC 9112, and what follows from it for the body.

What two readers could understand in two ways is refused: a length that is none, two of them, a
length beside chunks, line ends that are none, blanks before a colon, folded lines. One look at the
whole head is cheaper than a call for each of its lines, and most of them nobody asks for.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from storage_stream._protocol.http import Framing, ReplyHead
from storage_stream._protocol.received_headers import ReceivedHeaders
from storage_stream.errors import ProtocolError

__all__ = ["HEAD", "MOST_HEADER_LINES", "MOST_HEAD_BYTES", "AnswerHead", "read_head"]

MOST_HEAD_BYTES: Final = 64 * 1024
"""Custom metadata, the largest thing in a head of the service, has 8 KiB at most."""
MOST_HEADER_LINES: Final = 256

HEAD: Final = re.compile(
    rb"HTTP/([0-9]\.[0-9] [1-9][0-9]{2}(?: [\t -~\x80-\xff]*+)?+)"  # RFC 9112 §4
    rb"((?>\r\n[!#$%&'*+.^_`|~0-9A-Za-z-]++:[\t -~\x80-\xff]*+)*+\r\n)"  # RFC 9110 §5.1 and §5.5
    rb"\r\n"
)
"""A whole head, in one pass without a step back. Groups: the status line behind `HTTP/`, lines."""

_FRAMING: Final = re.compile(rb"\r\n(content-length|transfer-encoding|connection):[\t ]*([^\r]*)")
_MOST_DIGITS: Final = 18  # of what 64 bits hold
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


def read_head(found: re.Match[bytes], method: str) -> AnswerHead | None:
    """What a head says.

    Args:
        found: It, as `HEAD` found it.
        method: Of the request that is answered.

    Returns:
        The head; None for one that only announces another (a 1xx).

    Raises:
        ProtocolError: It leaves open how its body ends, or is of another protocol.
    """
    line, lines = found.groups()
    status, reason, is_newer = _status_of(line)
    if status < 200:  # noqa: PLR2004 - the 1xx of HTTP
        return None
    if lines.count(b"\n") > MOST_HEADER_LINES + 1:
        raise ProtocolError(f"the answer has more than {MOST_HEADER_LINES} header lines")
    headers = ReceivedHeaders(lines)
    reply = ReplyHead(status, reason, headers)
    ends_at_once = method == "HEAD" or status in _WITHOUT_BODY
    return _framed(reply, headers.lower_block, is_newer=is_newer, ends_at_once=ends_at_once)


@lru_cache(maxsize=32)
def _status_of(line: bytes) -> tuple[int, str, bool]:
    """Status, reason, and whether it speaks 1.1; few lines are nearly all answers'."""
    version, status = line[:3], int(line[4:7])
    if status == _SWITCHING or version not in {b"1.1", b"1.0"}:
        raise ProtocolError(
            f"the answer speaks another protocol: HTTP/{version.decode()}, status {status}"
        )
    return status, line[8:].decode("utf-8", "surrogateescape").strip(" \t"), version == b"1.1"


def _framed(reply: ReplyHead, lowered: bytes, *, is_newer: bool, ends_at_once: bool) -> AnswerHead:
    """RFC 9112 §6.3 and §9.3."""
    length: int | None = None
    coding: bytes | None = None
    connection: list[bytes] = []
    for name, value in _FRAMING.findall(lowered):
        if name == b"connection":
            connection.append(value)
        elif length is not None or coding is not None:
            raise ProtocolError("the answer says twice how its body ends")
        elif name == b"content-length":
            digits = value.rstrip(b"\t ")
            if not digits.isdigit() or len(digits) > _MOST_DIGITS:
                raise ProtocolError("the answer's Content-Length is none")
            length = int(digits)
        else:
            coding = value.rstrip(b"\t ")
    keeps_alive = _keeps_alive(connection, is_newer=is_newer) if connection else is_newer
    if ends_at_once:
        return AnswerHead(reply, Framing.LENGTH, 0, keeps_alive=keeps_alive)
    if length is not None:
        return AnswerHead(reply, Framing.LENGTH, length, keeps_alive=keeps_alive)
    if coding is None:
        return AnswerHead(reply, Framing.CLOSE, None, keeps_alive=False)
    if coding != b"chunked" or not is_newer:
        raise ProtocolError("the answer's Transfer-Encoding is none that was asked for")
    return AnswerHead(reply, Framing.CHUNKED, None, keeps_alive=keeps_alive)


def _keeps_alive(lines: list[bytes], *, is_newer: bool) -> bool:
    """What all Connection lines say together (RFC 9110 §7.6.1), in lower case."""
    if lines == [b"keep-alive"]:  # nothing else, as some servers always say
        return True
    words = {word.strip(b"\t ") for line in lines for word in line.split(b",")}
    return b"close" not in words and (is_newer or b"keep-alive" in words)
