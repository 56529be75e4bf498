"""The resumable download by example: what an answer is believed, and what not."""

from __future__ import annotations

import pytest
from download_heads import STORED, STORED_CRC32C, head, partial
from download_steps import fetch_of, finish, machine

from storage_stream._protocol.download_actions import Done
from storage_stream._protocol.http import Framing, ReplyHead
from storage_stream.errors import (
    IntegrityError,
    NotFound,
    ProtocolError,
    RangeNotSatisfiable,
)


def test_a_whole_object_is_fetched_without_range_and_verified() -> None:
    download = machine()
    assert fetch_of(download).headers() == (("accept-encoding", "gzip"),)
    assert fetch_of(download).query() == ()
    download.receive_head(head())
    assert download.content_length == 10
    had_all = download.has_all
    assert bytes(download.receive_data(STORED[:4])) == STORED[:4]
    assert bytes(download.receive_data(b"")) == b""
    assert bytes(download.receive_data(STORED[4:])) == STORED[4:]
    assert (had_all, download.has_all) == (False, True)
    download.receive_end(Framing.LENGTH)
    assert download.next_action() == Done(verified=True)
    assert download.budget.attempts == 1
    assert download.resumes == 0


def test_asking_again_without_telling_anything_gives_the_same_action() -> None:
    download = machine()
    assert download.next_action() is download.next_action()


@pytest.mark.parametrize(
    ("start", "stop", "header", "answer", "body"),
    [
        (2, 5, "bytes=2-4", partial(2, 5), b"234"),
        (7, None, "bytes=7-", partial(7, 10), b"789"),
        (-3, None, "bytes=-3", partial(7, 10), b"789"),
        (-30, None, "bytes=-30", partial(0, 10), STORED),
        (0, 4, "bytes=0-3", partial(0, 4), b"0123"),
        (8, 99, "bytes=8-98", partial(8, 10), b"89"),
    ],
)
def test_a_range(start: int, stop: int | None, header: str, answer: ReplyHead, body: bytes) -> None:
    download = machine(start, stop)
    assert ("range", header) in fetch_of(download).headers()
    download.receive_head(answer)
    assert download.content_length == len(body)
    assert finish(download, body) == body
    assert download.next_action() == Done(verified=True if body == STORED else None)


def test_a_range_that_turns_out_to_be_the_whole_object_is_verified() -> None:
    download = machine(0, 99)
    download.receive_head(partial(0, 10))
    with pytest.raises(IntegrityError):
        finish(download, b"0123456780")


@pytest.mark.parametrize(("start", "stop"), [(2, 5), (-4, None), (7, None), (0, 3)])
def test_a_server_that_ignores_the_range_is_read_past_what_is_not_wanted(
    start: int, stop: int | None
) -> None:
    download = machine(start, stop)
    download.receive_head(head(200))
    taken = b"".join(bytes(download.receive_data(bytes([byte]))) for byte in STORED)
    assert taken == STORED[start:stop]
    download.receive_end(Framing.LENGTH)
    assert download.next_action() == Done(verified=None)


def test_an_empty_object() -> None:
    download = machine()
    empty = head(
        x_goog_stored_content_length="0", content_length="0", x_goog_hash="crc32c=AAAAAA=="
    )
    download.receive_head(empty)
    assert download.content_length == 0
    assert download.has_all
    download.receive_end(Framing.LENGTH)
    assert download.next_action() == Done(verified=True)


def test_no_hash_means_not_verified() -> None:
    download = machine()
    download.receive_head(head(x_goog_hash=None))
    finish(download, STORED)
    assert download.next_action() == Done(verified=None)


@pytest.mark.parametrize("text", ["nonsense", "%%%", ""])
def test_an_unreadable_hash_is_no_hash_that_is_missing(text: str) -> None:
    download = machine()
    download.receive_head(head(x_goog_hash=f"crc32c={text}"))
    with pytest.raises(ProtocolError, match="crc32c"):
        finish(download, STORED)
    assert not isinstance(download.next_action(), Done)


def test_a_flipped_bit_is_an_integrity_error_with_both_values() -> None:
    download = machine()
    download.receive_head(head())
    with pytest.raises(IntegrityError) as caught:
        finish(download, b"0123456788")
    assert caught.value.expected == STORED_CRC32C
    assert caught.value.actual != STORED_CRC32C
    assert not isinstance(download.next_action(), Done)


def test_a_body_of_unknown_length_ends_with_its_last_chunk() -> None:
    download = machine()
    download.receive_head(head(content_length=None, x_goog_stored_content_length=None))
    assert download.content_length is None
    assert finish(download, STORED, Framing.CHUNKED) == STORED
    assert download.next_action() == Done(verified=True)


def test_a_closed_connection_is_no_end_of_a_body_of_unknown_length() -> None:
    download = machine()
    download.receive_head(head(content_length=None, x_goog_stored_content_length=None))
    with pytest.raises(ProtocolError, match="closed"):
        finish(download, STORED, Framing.CLOSE)


def test_a_closed_connection_is_the_end_where_the_length_is_known() -> None:
    download = machine()
    download.receive_head(head(content_length=None))
    finish(download, STORED, Framing.CLOSE)
    assert download.next_action() == Done(verified=True)


@pytest.mark.parametrize(
    "answer",
    [
        head(204),
        head(301),
        head(206),
        head(206, content_range="bytes 0-9"),
        head(206, content_range="bytes */10"),
        partial(3, 10),
        partial(0, 10, content_length="9"),
        head(206, content_range="bytes 0-9/5"),
    ],
    ids=[
        "no content",
        "redirect",
        "no range",
        "no total",
        "an unsatisfied range",
        "other start",
        "other length",
        "contradiction",
    ],
)
def test_an_answer_that_does_not_fit_the_question_is_refused(answer: ReplyHead) -> None:
    with pytest.raises(ProtocolError):
        machine().receive_head(answer)


def test_more_bytes_than_the_object_has_are_refused() -> None:
    download = machine()
    download.receive_head(head())
    download.receive_data(STORED)
    with pytest.raises(ProtocolError, match="more than"):
        download.receive_data(b"!")


def test_more_bytes_than_the_content_range_says_are_refused() -> None:
    download = machine(2, 8)
    download.receive_head(partial(2, 5, content_length=None))
    with pytest.raises(ProtocolError, match="more than"):
        download.receive_data(b"234567")


def test_a_refusal_is_raised_through_fail_when_it_will_not_pass() -> None:
    download = machine()
    refusal = NotFound("no such object", status=404)
    with pytest.raises(NotFound) as caught:
        download.receive_head(ReplyHead(404), refusal)
    assert caught.value is refusal
    with pytest.raises(NotFound):
        download.fail(refusal, 0.5)
    assert download.budget.attempts == 1


def test_a_suffix_needs_the_size_of_the_object() -> None:
    with pytest.raises(ProtocolError, match="size is not told"):
        machine(-3).receive_head(partial(7, 10, "*"))
    unsized = head(200, content_length=None, x_goog_stored_content_length=None)
    with pytest.raises(ProtocolError, match="size is not told"):
        machine(-3).receive_head(unsized)


def test_a_suffix_that_begins_elsewhere_is_refused() -> None:
    with pytest.raises(ProtocolError, match="do not begin there"):
        machine(-3).receive_head(partial(6, 10))


@pytest.mark.parametrize("start", [10, 11, 500])
def test_a_range_behind_the_end_is_refused_also_where_the_server_ignores_it(start: int) -> None:
    with pytest.raises(RangeNotSatisfiable) as caught:
        machine(start, raw=True).receive_head(head(200))
    assert caught.value.status == 416


@pytest.mark.parametrize("start", [10, 11])
def test_a_range_behind_the_end_of_a_body_of_unknown_length_is_refused(start: int) -> None:
    download = machine(start)
    download.receive_head(head(content_length=None, x_goog_stored_content_length=None))
    assert bytes(download.receive_data(STORED)) == b""
    with pytest.raises(RangeNotSatisfiable):
        download.receive_end(Framing.CHUNKED)


def test_a_range_behind_the_end_of_stored_bytes_is_refused() -> None:
    download = machine(50, raw=True)
    refusal = RangeNotSatisfiable("behind the end", status=416)
    with pytest.raises(RangeNotSatisfiable) as caught:
        download.receive_head(head(416, content_range="bytes */10"), refusal)
    assert caught.value is refusal
