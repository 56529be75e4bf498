"""The resumable download by example: gzip stored, decompressed, or made on the way."""

from __future__ import annotations

import pytest
from download_heads import STORED, head, partial
from download_steps import GZIP, TRANSCODED, broken_after, fetch_of, finish, machine

from storage_stream._protocol.download_actions import Done, Fetch
from storage_stream._protocol.http import Framing
from storage_stream._protocol.media_head import Coding
from storage_stream._protocol.ranges import ByteRange
from storage_stream.errors import (
    InvalidArgument,
    ProtocolError,
    RangeNotSatisfiable,
)


def test_stored_gzip_is_decoded_by_the_driver_and_verified_as_stored() -> None:
    download = machine()
    download.receive_head(head(**GZIP))
    assert download.decodes
    assert download.content_length is None
    assert (download.decoded_skip, download.decoded_stop) == (0, None)
    finish(download, STORED)
    assert download.next_action() == Done(verified=True)


def test_stored_gzip_is_delivered_as_it_is_when_raw() -> None:
    download = machine(2, 5, raw=True)
    download.receive_head(partial(2, 5, **GZIP))
    assert not download.decodes
    assert download.content_length == 3
    assert (download.decoded_skip, download.decoded_stop) == (0, None)
    assert finish(download, b"234") == b"234"


@pytest.mark.parametrize(("start", "stop"), [(3, 6), (0, 6), (3, None)])
def test_a_range_of_decoded_bytes_is_fetched_from_the_beginning(
    start: int, stop: int | None
) -> None:
    download = machine(start, stop)
    download.receive_head(partial(start, stop or 10, **GZIP))
    assert fetch_of(download) == Fetch(ByteRange(), 7, accept_gzip=True)
    download.receive_head(head(**GZIP))
    assert (download.decoded_skip, download.decoded_stop) == (start, stop)
    assert finish(download, STORED) == STORED
    assert download.next_action() == Done(verified=True)


def test_a_range_of_decoded_bytes_needs_no_second_request_where_ranges_are_ignored() -> None:
    download = machine(3, 6)
    download.receive_head(head(**GZIP))
    assert finish(download, STORED) == STORED
    assert (download.decoded_skip, download.decoded_stop) == (3, 6)


def test_the_end_of_decoded_bytes_cannot_be_asked_for() -> None:
    with pytest.raises(InvalidArgument, match="raw=True"):
        machine(-3).receive_head(partial(7, 10, **GZIP))


def test_a_range_behind_the_stored_gzip_may_still_be_inside_the_decoded_bytes() -> None:
    download = machine(5000, 6000)
    refusal = RangeNotSatisfiable("behind the end", status=416)
    download.receive_head(head(416, content_range="bytes */10"), refusal)
    assert fetch_of(download) == Fetch(ByteRange(), None, accept_gzip=True)
    download.receive_head(head(**GZIP))
    assert (download.decoded_skip, download.decoded_stop) == (5000, 6000)
    assert finish(download, STORED) == STORED


def test_a_range_behind_the_end_of_an_object_that_is_no_gzip_costs_one_request_more() -> None:
    download = machine(5000, 6000)
    refusal = RangeNotSatisfiable("behind the end", status=416)
    download.receive_head(head(416, content_range="bytes */10"), refusal)
    with pytest.raises(RangeNotSatisfiable):
        download.receive_head(head(200))
    assert download.budget.attempts == 2


def test_a_server_that_refuses_the_whole_object_as_out_of_range_is_not_asked_for_ever() -> None:
    download = machine(5000)
    refusal = RangeNotSatisfiable("behind the end", status=416)
    download.receive_head(head(416, content_range="bytes */10"), refusal)
    with pytest.raises(RangeNotSatisfiable):
        download.receive_head(head(416, content_range="bytes */10"), refusal)


def test_a_decompressed_body_counts_decoded_bytes_and_is_not_verified() -> None:
    download = machine(3, 12)
    download.receive_head(head(**TRANSCODED))
    assert download.coding is Coding.DECODED
    assert not download.decodes
    assert download.content_length is None  # where the decoded bytes end, nobody says
    body = b"abcdefghijklmnop"
    assert finish(download, body, Framing.CHUNKED) == body[3:12]
    assert download.next_action() == Done(verified=None)


def test_a_decompressed_body_is_resumed_by_skipping() -> None:
    download = machine()
    broken_after(download, head(**TRANSCODED), b"abcd")
    download.receive_head(head(**TRANSCODED))
    assert finish(download, b"abcdefghijklmnop", Framing.CHUNKED) == b"efghijklmnop"
    assert download.next_action() == Done(verified=None)


def test_a_decompressed_body_is_refused_where_the_stored_bytes_are_wanted() -> None:
    with pytest.raises(ProtocolError, match="decompressed"):
        machine(raw=True).receive_head(head(**TRANSCODED))


def test_a_resume_in_another_coding_is_refused() -> None:
    download = machine()
    broken_after(download, head(**TRANSCODED), b"abcd")
    with pytest.raises(ProtocolError, match="resumed body"):
        download.receive_head(partial(4, 10, **GZIP))


def test_a_repeat_from_zero_in_another_coding_does_not_forget_the_range() -> None:
    download = machine(3, 6)
    download.receive_head(partial(3, 6, **GZIP))  # a range of decoded bytes: all is fetched
    with pytest.raises(ProtocolError, match="resumed body"):
        download.receive_head(head(**TRANSCODED))


def test_what_was_compressed_on_the_way_is_asked_for_once_more_as_it_is() -> None:
    download = machine()
    download.receive_head(head(content_encoding="gzip", content_length=None))
    assert fetch_of(download).headers() == (("accept-encoding", "identity"),)
    download.receive_head(head())
    finish(download, STORED)
    assert download.next_action() == Done(verified=True)


@pytest.mark.parametrize("start", [2, -8])
def test_a_range_that_was_compressed_on_the_way_is_asked_for_once_more(start: int) -> None:
    download = machine(start)
    download.receive_head(partial(2, 10, content_encoding="gzip"))
    download.receive_head(partial(2, 10))
    assert finish(download, STORED[2:]) == STORED[2:]


def test_what_is_compressed_on_the_way_though_not_accepted_is_refused() -> None:
    download = machine()
    download.receive_head(head(content_encoding="gzip", content_length=None))
    with pytest.raises(ProtocolError, match="not accepted"):
        download.receive_head(head(content_encoding="gzip", content_length=None))


def test_a_range_of_a_decompressed_body_is_not_held_to_the_size_that_is_stored() -> None:
    download = machine(3, 12)
    download.receive_head(partial(3, 12, 16, x_goog_stored_content_encoding="gzip"))
    assert download.coding is Coding.DECODED
    assert download.content_length == 9
    assert finish(download, b"defghijkl") == b"defghijkl"
    assert download.next_action() == Done(verified=None)
