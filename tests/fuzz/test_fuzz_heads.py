"""Heads, chunks and header values: whatever a server writes in front of, and between, bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fuzzing import bent, fuzz, value_or_error
from hypothesis import given
from hypothesis import strategies as st

from storage_stream._protocol.checksums import decode_crc32c, parse_hashes
from storage_stream._protocol.http import Headers, ReplyHead, parse_number
from storage_stream._protocol.media_head import ObjectHead, coding_of
from storage_stream._protocol.ranges import ByteRange, ContentRange
from storage_stream._protocol.resumable_download import ResumableDownload
from storage_stream._protocol.resumable_upload import ResumableUpload
from storage_stream._protocol.retry import retry_after_seconds
from storage_stream._protocol.session_address import is_session_address
from storage_stream._transport.lean.chunks import ChunkReader
from storage_stream._transport.lean.head_reader import HeadReader
from storage_stream.errors import ProtocolError, StorageError

if TYPE_CHECKING:
    from storage_stream._transport.lean.head import AnswerHead

MOST_HEAD_BYTES = 128 * 1024  # more than a head may have

HEADS = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nx-goog-generation: 17\r\n\r\nhello",
    b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-4/10\r\nContent-Length: 5\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 308 Resume Incomplete\r\nRange: bytes=0-99\r\n\r\n",
    b"HTTP/1.0 404 \r\nTransfer-Encoding: chunked\r\nConnection: close, x\r\n\r\n",
]
CHUNKS = [b"5\r\nhello\r\n0\r\n\r\n", b"a;x=y\r\n0123456789\r\n0\r\nTrailer: a\r\n\r\n"]


def read_in_steps(data: bytes, step: int, method: str) -> AnswerHead | None:
    """Give a reader the bytes as a network would; what is behind the head is left over."""
    reader = HeadReader()
    for at in range(0, len(data), step):
        piece = bytearray(data[at : at + step])
        found = reader.read(piece, len(piece), method)
        if found is not None:
            head, rest = found
            assert len(rest) <= step
            return head
    return None


@fuzz(300)
@given(bent(HEADS), st.integers(1, 80), st.sampled_from(["GET", "HEAD", "POST"]))
def test_a_head(data: bytes, step: int, method: str) -> None:
    outcome = value_or_error(lambda: read_in_steps(data, step, method))
    assert outcome is None or isinstance(outcome, StorageError) or outcome.reply.status >= 200


@fuzz(50)
@given(st.binary(min_size=1, max_size=16), st.sampled_from([b"", HEADS[0][:30]]))
def test_a_head_without_end(piece: bytes, before: bytes) -> None:
    data = before + piece * (2 * MOST_HEAD_BYTES // len(piece))
    outcome = value_or_error(lambda: read_in_steps(data, 64 * 1024, "GET"))
    assert outcome is not None  # it is not waited for what never comes


@fuzz(200)
@given(bent(CHUNKS), st.integers(1, 40))
def test_chunks(data: bytes, step: int) -> None:
    reader = ChunkReader()

    def read() -> int:
        return sum(
            len(piece)
            for at in range(0, len(data), step)
            if not reader.is_complete
            for piece in reader.read(data[at : at + step])
        )

    given_out = value_or_error(read)
    assert isinstance(given_out, StorageError) or given_out <= len(data)


@pytest.mark.parametrize(
    "piece", [b"1\r\nx\r\n;", b"0" * 64, b"5;" + b"x" * 100 + b"\r\n", b"\r\n"]
)
def test_chunks_that_hold_next_to_nothing_come_to_an_end(piece: bytes) -> None:
    reader = ChunkReader()

    def read() -> None:
        for _ in range(2 * MOST_HEAD_BYTES // len(piece)):
            if reader.is_complete:
                return
            reader.read(piece)

    assert isinstance(value_or_error(read), ProtocolError | None)


VALUES = st.text(max_size=30) | st.sampled_from(
    ["bytes 0-4/10", "bytes */10", "bytes=0-4", "bytes=-5", "bytes 5-4/1", "bytes 0-4/*", "9" * 40]
)


@fuzz(300)
@given(VALUES)
def test_ranges_and_numbers(text: str) -> None:
    content = value_or_error(lambda: ContentRange.parse(text))
    if isinstance(content, ContentRange) and content.length is not None:
        assert content.length > 0
    value_or_error(lambda: ByteRange.from_header(text))
    assert (number := parse_number(text)) is None or number >= 0
    seconds = retry_after_seconds(text, lambda: 0.0)
    assert seconds is None or seconds >= 0
    assert is_session_address(text) in {True, False}
    decoded = decode_crc32c(text)
    assert decoded is None or 0 <= decoded < 2**32
    assert all(isinstance(value, str) for value in parse_hashes([text]).values())


LINES = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *("content-range", "content-length", "x-goog-hash", "x-goog-generation", "range"),
                *("x-goog-stored-content-length", "x-goog-stored-content-encoding", "location"),
                *("content-encoding", "etag", "content-type", "x-goog-metageneration"),
            ]
        ),
        VALUES | st.sampled_from(["gzip", "identity", "crc32c=AAAAAA==", "md5=x", "https://a/b?c"]),
    ),
    max_size=6,
)


@fuzz(300)
@given(LINES, st.sampled_from([200, 206, 204, 308, 404]), st.binary(max_size=40))
def test_a_download_believes_no_head_blindly(
    lines: list[tuple[str, str]], status: int, body: bytes
) -> None:
    head = ReplyHead(status, "", Headers(lines))
    value_or_error(lambda: ObjectHead.of(head))
    value_or_error(lambda: coding_of(head))
    machine = ResumableDownload(ByteRange(2, 9))

    def receive() -> int:
        machine.receive_head(head)
        return len(machine.receive_data(body))

    received = value_or_error(receive)
    assert isinstance(received, StorageError) or received <= 7 or machine.decodes


@fuzz(200)
@given(LINES, LINES)
def test_an_upload_believes_no_head_blindly(
    begun: list[tuple[str, str]], kept: list[tuple[str, str]]
) -> None:
    machine = ResumableUpload(total=1000)

    def drive() -> int:
        machine.offer(1000, ended=True)
        machine.next_action()
        machine.started(ReplyHead(200, "", Headers(begun)))
        action = machine.next_action()
        machine.sending(action)  # type: ignore[arg-type]  # it was started: it sends
        machine.incomplete(ReplyHead(308, "", Headers(kept)), action)  # type: ignore[arg-type]  # the same
        return machine.confirmed

    confirmed = value_or_error(drive)
    assert isinstance(confirmed, StorageError) or 0 <= confirmed <= 1000
