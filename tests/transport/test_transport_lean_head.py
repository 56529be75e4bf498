"""What a head says, beside what llhttp reports of each of its lines: it is the same."""

from __future__ import annotations

import re

import httptools
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from storage_stream._protocol.http import Framing
from storage_stream._transport.lean.head import AnswerHead, read_head
from storage_stream._transport.lean.head_reader import HeadReader
from storage_stream.errors import ProtocolError

OK = b"HTTP/1.1 200 OK\r\n"
STATUS_LINES = [OK, b"HTTP/1.0 200 OK\r\n", b"HTTP/1.1 206\r\n", b"HTTP/1.1 204 \r\n"]
LINES = [
    *(
        b"content-length: 5\r\n",
        b"Content-Length:7 \t\r\n",
        b"content-length: 999999999999999\r\n",
    ),
    *(b"transfer-encoding: chunked\r\n", b"a: b\r\n", b"A:\r\n", b"x:\xc3\xa4\xff\r\n"),
    *(b"connection: close\r\n", b"Connection: keep-alive\r\n", b"connection: upgrade\r\n"),
]
ODD = [*(b" fold\r\n", b"\r\n", b"\r", b"\n", b":", b" ", b"\t", b"\0", b"\x7f", b"\x0b")]


class Judge:
    """What llhttp makes of a head."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []
        self.heads = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        text = value.decode("utf-8", "surrogateescape").rstrip(" \t")
        self.lines.append((name.decode().lower(), text))

    def on_headers_complete(self) -> None:
        self.heads += 1


def ours(head: bytes) -> AnswerHead | None:
    return read_head(head, "GET")


@st.composite
def heads(draw: st.DrawFn) -> bytes:
    lines = draw(st.lists(st.sampled_from(LINES) | st.sampled_from(ODD), max_size=5))
    head = draw(st.sampled_from(STATUS_LINES)) + b"".join(lines)
    if draw(st.booleans()):
        at = draw(st.integers(0, len(head) - 1))
        head = head[:at] + bytes([draw(st.integers(0, 255))]) + head[at + draw(st.integers(0, 1)) :]
    return re.split(b"\r\n\r\n", head, maxsplit=1)[0].removesuffix(b"\r\n") + b"\r\n\r\n"


@settings(max_examples=100, deadline=None)
@given(heads())
@example(OK + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n")
@example(OK + b"a: b\r\n fold\r\n\r\n")
@example(OK + b"a : b\r\n\r\n")
@example(OK + b"content-length: 5\r\nx:\xc3\xa4\xff\r\nA:\r\n\r\n")
def test_the_lines_are_those_that_llhttp_reports(head: bytes) -> None:
    judge = Judge()
    parser = httptools.HttpResponseParser(judge)
    try:
        found = ours(head)
    except ProtocolError:
        return
    assert found is not None  # no status line here announces another
    parser.feed_data(head)
    assert judge.heads == 1
    assert found.reply.status == parser.get_status_code()
    assert list(found.reply.headers) == judge.lines


@pytest.mark.parametrize(
    ("lines", "framing", "length", "kept"),
    [
        (b"content-length: 5\r\n", Framing.LENGTH, 5, True),
        (b"Content-Length:7 \t\r\nCONNECTION: Close\r\n", Framing.LENGTH, 7, False),
        (b"connection: a, close\r\ncontent-length: 0\r\n", Framing.LENGTH, 0, False),
        (b"connection: a\r\nconnection: close\r\ncontent-length: 0\r\n", Framing.LENGTH, 0, False),
        (b"connection: a , Close\t\r\ncontent-length: 5\r\n", Framing.LENGTH, 5, False),
        (b"connection: a\r\nconnection: close\r\ncontent-length: 5\r\n", Framing.LENGTH, 5, False),
        (b"connection: closed, close;x\r\ncontent-length: 5\r\n", Framing.LENGTH, 5, True),
        (b"connection: keep-alive\r\ncontent-length: 5\r\n", Framing.LENGTH, 5, True),
        (b"Transfer-Encoding: Chunked\r\n", Framing.CHUNKED, None, True),
        (b"x-content-length: 5\r\nx: content-length: 5\r\n", Framing.CLOSE, None, False),
        (b"", Framing.CLOSE, None, False),
    ],
)
def test_how_the_body_ends(
    lines: bytes,
    framing: Framing,
    length: int | None,
    kept: bool,  # noqa: FBT001 - what is expected
) -> None:
    head = ours(OK + lines + b"\r\n")
    assert head is not None
    assert (head.framing, head.length, head.keeps_alive) == (framing, length, kept)


@pytest.mark.parametrize(
    "head",
    [
        b"RTSP/1.0 200 OK\r\n\r\n",
        b"\r\nRTSP/1.0 200 OK\r\nserver: HTTP/1.1\r\n\r\n",
        b"ICE/1.0 200 OK\r\n\r\n",
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"HTTP/1.1 101 Other\r\n\r\n",
        b"HTTP/1.1 000 OK\r\n\r\n",
        b"HTTP/1.1 099 OK\r\n\r\n",
        b"\r\n\r\n",
        OK + b"content-length: 5\r\ncontent-length: 5\r\n\r\n",
        OK + b"transfer-encoding: identity\r\ncontent-length: 5\r\n\r\n",
        OK + b"transfer-encoding: gzip, chunked\r\n\r\n",
        OK + b"transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n",
        OK + b"content-length: 5\n\nhello\r\n\r\n",
        OK + b"a: b\rcontent-length: 5\r\n\r\n",
        OK + b"a: b\0c\r\n\r\n",
        OK + b"x: y\r\n" * 257 + b"\r\n",
    ],
)
def test_what_is_no_head_of_ours(head: bytes) -> None:
    with pytest.raises(ProtocolError):
        ours(head)


def test_an_older_server_has_to_say_that_it_goes_on() -> None:
    for line, keeps_alive in ((b"", False), (b"connection: Keep-Alive\r\n", True)):
        head = ours(b"HTTP/1.0 200 OK\r\ncontent-length: 5\r\n" + line + b"\r\n")
        assert head is not None
        assert head.keeps_alive == keeps_alive


@pytest.mark.parametrize("cut", range(1, 40))
def test_a_head_is_the_same_however_it_is_cut(cut: int) -> None:
    data = b"HTTP/1.1 100 Go\r\n\r\n" + OK + b"content-length: 3\r\nx: y\r\n\r\nabc"
    reader, memory = HeadReader(), bytearray(1000)
    pieces = [data[at : at + cut] for at in range(0, len(data), cut)]
    found: tuple[AnswerHead, memoryview] | None = None
    for piece in pieces:
        memory[: len(piece)] = piece
        found = reader.read(memory, len(piece), "GET")
        if found is not None:
            break
    assert found is not None
    head, rest = found
    assert head.length == 3
    assert list(head.reply.headers) == [("content-length", "3"), ("x", "y")]
    assert b"abc".startswith(bytes(rest))
