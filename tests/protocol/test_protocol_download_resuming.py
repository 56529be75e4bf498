"""The resumable download by example: what comes after an attempt that broke."""

from __future__ import annotations

import pytest
from download_heads import STORED, anonymous, head, partial
from download_steps import LOST, broken_after, fetch_of, finish, machine

from storage_stream._protocol.download_actions import Done, Fetch, Wait
from storage_stream._protocol.http import Framing, ReplyHead
from storage_stream._protocol.ranges import ByteRange
from storage_stream._protocol.retry import RetryPolicy
from storage_stream.errors import (
    ConnectFailed,
    ConnectionLost,
    IntegrityError,
    ObjectChanged,
    RangeNotSatisfiable,
    ServerError,
    TooManyRequests,
    TransferStalled,
    TruncatedStream,
)


def test_a_cut_body_is_asked_for_again_from_the_next_byte_of_the_same_generation() -> None:
    download = machine()
    again = broken_after(download, head(), STORED[:4])
    assert again.headers() == (("accept-encoding", "gzip"), ("range", "bytes=4-"))
    assert again.query() == (("generation", "7"),)
    download.receive_head(partial(4, 10))
    assert finish(download, STORED[4:]) == STORED[4:]
    assert download.next_action() == Done(verified=True)
    assert download.resumes == 1
    assert download.budget.attempts == 2


def test_a_resumed_range_keeps_its_end() -> None:
    download = machine(2, 8)
    again = broken_after(download, partial(2, 8), b"23")
    assert ("range", "bytes=4-7") in again.headers()
    download.receive_head(partial(4, 8))
    assert finish(download, b"4567") == b"4567"


def test_a_resumed_suffix_goes_on_where_it_stands() -> None:
    download = machine(-6)
    again = broken_after(download, partial(4, 10), b"45")
    assert ("range", "bytes=6-") in again.headers()
    download.receive_head(partial(6, 10))
    assert finish(download, b"6789") == b"6789"


def test_a_resume_of_a_server_without_ranges_skips_what_is_here() -> None:
    download = machine()
    broken_after(download, head(), STORED[:4])
    download.receive_head(head(200))
    assert bytes(download.receive_data(STORED[:3])) == b""
    assert bytes(download.receive_data(STORED[3:])) == STORED[4:]
    download.receive_end(Framing.LENGTH)
    assert download.next_action() == Done(verified=True)


def test_a_broken_answer_before_the_first_byte_is_asked_for_again_as_it_was() -> None:
    download = machine(2, 5)
    download.fail(ConnectFailed("no connection"), 0.5)
    assert download.resumes == 0
    download.waited()
    assert fetch_of(download) == Fetch(ByteRange(2, 5), None, accept_gzip=True)


def test_the_first_repeat_after_progress_does_not_wait() -> None:
    download = machine()
    download.receive_head(head())
    download.receive_data(b"0")
    download.fail(LOST, 0.5)
    assert download.next_action() == Wait(0.0, LOST)


def test_a_repeat_without_progress_waits_between_zero_and_the_backoff() -> None:
    download = machine(policy=RetryPolicy(initial_delay=4.0))
    download.fail(LOST, 0.5)
    assert download.next_action() == Wait(2.0, LOST)


def test_retry_after_is_waited_for_even_after_progress() -> None:
    download = machine()
    download.receive_head(head())
    download.receive_data(b"0")
    download.fail(LOST, 0.5)
    download.waited()
    slow = TooManyRequests("slow down", status=429)
    with pytest.raises(TooManyRequests):
        download.receive_head(ReplyHead(429), slow)
    download.fail(slow, 0.5, retry_after=30.0)
    assert download.next_action() == Wait(30.0, slow)


def test_five_hundred_cuts_with_progress_deliver() -> None:
    content = bytes(range(256)) * 2
    download = machine(policy=RetryPolicy(retries=1))
    facts = {"x_goog_stored_content_length": "512", "x_goog_hash": None}
    download.receive_head(head(content_length="512", **facts))
    taken = bytes(download.receive_data(content[:1]))
    for offset in range(1, 501):
        download.fail(LOST, 0.9)
        download.waited()
        download.receive_head(partial(offset, 512, 512, **facts))
        taken += bytes(download.receive_data(content[offset : offset + 1]))
    taken += finish(download, content[501:])
    assert taken == content
    assert download.next_action() == Done(verified=None)
    assert download.resumes == 500


@pytest.mark.parametrize("retries", [0, 1, 5])
def test_without_progress_it_gives_up_after_the_retries_and_one_attempt(retries: int) -> None:
    download = machine(policy=RetryPolicy(retries=retries))
    refusal = ServerError("try later", status=503)
    for _ in range(retries):
        with pytest.raises(ServerError):
            download.receive_head(ReplyHead(503), refusal)
        download.fail(refusal, 0.0)
        download.waited()
    with pytest.raises(ServerError):
        download.receive_head(ReplyHead(503), refusal)
    with pytest.raises(ServerError):
        download.fail(refusal, 0.0)
    assert download.budget.attempts == retries + 1


def test_without_retries_a_cut_is_an_error_and_never_a_short_success() -> None:
    download = machine(policy=RetryPolicy(retries=0))
    download.receive_head(head())
    download.receive_data(STORED[:9])
    with pytest.raises(ConnectionLost):
        download.fail(LOST, 0.0)


def test_a_trickle_is_no_progress() -> None:
    stalled = TransferStalled("too slow")
    download = machine(policy=RetryPolicy(retries=1))
    download.receive_head(head())
    download.receive_data(STORED[:1])
    download.fail(stalled, 0.5)
    download.waited()
    download.receive_head(partial(1, 10))
    download.receive_data(STORED[1:2])
    with pytest.raises(TransferStalled):
        download.fail(stalled, 0.5)


def test_a_body_that_ends_early_is_truncated_and_resumed() -> None:
    download = machine()
    download.receive_head(head(content_length=None))
    download.receive_data(STORED[:6])
    with pytest.raises(TruncatedStream, match="byte 6 of 10") as caught:
        download.receive_end(Framing.CHUNKED)
    download.fail(caught.value, 0.5)
    download.waited()
    assert fetch_of(download).byte_range == ByteRange(6)


def test_a_server_may_send_less_than_the_range_and_is_asked_for_the_rest() -> None:
    download = machine(0, 8)
    download.receive_head(partial(0, 3))
    download.receive_data(STORED[:3])
    with pytest.raises(TruncatedStream):
        download.receive_end(Framing.LENGTH)


def test_the_end_of_a_shorter_range_is_not_the_end_of_an_object_of_unknown_size() -> None:
    download = machine(0, 8)
    unsized = {"x_goog_stored_content_length": None}
    download.receive_head(partial(0, 3, "*", **unsized))
    assert download.content_length is None
    download.receive_data(STORED[:3])
    with pytest.raises(TruncatedStream):
        download.receive_end(Framing.LENGTH)


def test_a_partial_answer_must_bring_what_its_content_range_says() -> None:
    download = machine()
    unsized = {"x_goog_stored_content_length": None}
    download.receive_head(partial(0, 10, "*", content_length=None, **unsized))
    download.receive_data(STORED[:4])
    with pytest.raises(TruncatedStream):
        download.receive_end(Framing.CHUNKED)


def test_a_connection_that_breaks_behind_the_last_wanted_byte_does_no_harm() -> None:
    download = machine(2, 5)
    download.receive_head(partial(2, 5))
    download.receive_data(b"234")
    download.fail(LOST, 0.5)
    assert download.next_action() == Done(verified=None)


def test_a_connection_that_breaks_behind_the_last_byte_is_verified_all_the_same() -> None:
    download = machine()
    download.receive_head(head())
    download.receive_data(b"0123456788")
    with pytest.raises(IntegrityError):
        download.fail(LOST, 0.5)


def test_a_416_at_the_known_end_is_the_end() -> None:
    download = machine()
    unsized = {"x_goog_stored_content_length": None, "content_length": None}
    broken_after(download, head(**unsized), STORED)
    refusal = RangeNotSatisfiable("behind the end", status=416)
    download.receive_head(head(416, content_range="bytes */10"), refusal)
    assert download.next_action() == Done(verified=True)


def test_a_416_that_tells_another_size_is_a_changed_object() -> None:
    download = machine(2)
    broken_after(download, partial(2, 10), b"234")
    refusal = RangeNotSatisfiable("behind the end", status=416)
    with pytest.raises(ObjectChanged, match="10 bytes"):
        download.receive_head(head(416, content_range="bytes */5"), refusal)


def test_a_416_without_a_size_is_the_services_refusal() -> None:
    download = machine()
    broken_after(download, head(), STORED[:4])
    refusal = RangeNotSatisfiable("behind the end", status=416)
    with pytest.raises(RangeNotSatisfiable):
        download.receive_head(head(416, content_range="bytes */*"), refusal)


def test_a_416_of_an_unpinned_object_is_no_proof_of_the_end() -> None:
    unsized = {"x_goog_stored_content_length": None, "content_length": None}
    download = machine()
    broken_after(download, anonymous(etag='"a"', **unsized), STORED)
    refusal = RangeNotSatisfiable("behind the end", status=416)
    with pytest.raises(RangeNotSatisfiable):
        download.receive_head(head(416, content_range="bytes */10"), refusal)
