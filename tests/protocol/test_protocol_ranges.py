"""Byte ranges; the examples are those of RFC 9110 §14."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol_profiles import examples, patience

from storage_stream._protocol.ranges import WHOLE, ByteRange, ContentRange
from storage_stream.errors import InvalidArgument, ProtocolError

pytestmark = patience


@pytest.mark.parametrize(
    ("asked", "header"),
    [
        (ByteRange(0, 500), "bytes=0-499"),
        (ByteRange(500, 1000), "bytes=500-999"),
        (ByteRange(-500), "bytes=-500"),
        (ByteRange(9500), "bytes=9500-"),
        (ByteRange(0, 1), "bytes=0-0"),
        (ByteRange(-1), "bytes=-1"),
        (ByteRange(), None),
    ],
)
def test_the_examples_of_the_rfc(asked: ByteRange, header: str | None) -> None:
    assert asked.header() == header
    if header is not None:
        assert ByteRange.from_header(header) == asked


def test_whole() -> None:
    assert WHOLE.is_whole
    assert not ByteRange(0, 1).is_whole
    assert not ByteRange(-1).is_whole
    assert ByteRange.from_header("bytes=0-") == WHOLE


@pytest.mark.parametrize(
    ("start", "stop"),
    [
        (1, 1),
        (2, 1),
        (0, 0),
        (0, -1),
        (-5, 3),
        (-5, -3),
        ("0", None),
        (0, 1.0),
        (True, None),
        (0, False),
        (None, 1.5),
    ],
)
def test_what_no_header_can_say_is_refused(start: Any, stop: Any) -> None:
    with pytest.raises(InvalidArgument):
        ByteRange(start, stop)


@pytest.mark.parametrize(
    ("header", "asked"),
    [
        ("Bytes=1-2", ByteRange(1, 3)),
        (" bytes = 1 - 2 ", ByteRange(1, 3)),
        ("bytes=007-", ByteRange(7)),
    ],
)
def test_a_callers_header_may_be_spelled_in_several_ways(header: str, asked: ByteRange) -> None:
    assert ByteRange.from_header(header) == asked


@pytest.mark.parametrize(
    "header",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=5-2",
        "bytes=1-2,4-5",
        "items=1-2",
        "bytes=a-b",
        "bytes=--5",
        "bytes=٣-",
        "bytes=" + "9" * 5000 + "-",
        "bytes=-" + "9" * 5000,
        "bytes=1-2\n3",
    ],
)
def test_what_is_no_single_range_of_bytes_is_refused(header: str) -> None:
    with pytest.raises(InvalidArgument):
        ByteRange.from_header(header)


def test_the_last_no_bytes_cannot_be_asked_for() -> None:
    # `bytes=-0` is not satisfiable (RFC 9110 §14.1.2); read as a start of 0 it would be everything.
    with pytest.raises(InvalidArgument):
        ByteRange.from_header("bytes=-0")


@examples(200)
@given(st.integers(-(10**15), 10**15), st.none() | st.integers(1, 10**15))
def test_a_range_round_trips_through_its_header(start: int, length: int | None) -> None:
    asked = ByteRange(start) if length is None or start < 0 else ByteRange(start, start + length)
    header = asked.header()
    assert (ByteRange.from_header(header) if header else WHOLE) == asked


@pytest.mark.parametrize(
    ("header", "given_range"),
    [
        ("bytes 42-1233/1234", ContentRange(42, 1234, 1234)),
        ("bytes 42-1233/*", ContentRange(42, 1234, None)),
        ("bytes */1234", ContentRange(None, None, 1234)),
        ("bytes 0-0/1", ContentRange(0, 1, 1)),
        (" BYTES  0-499/1234 ", ContentRange(0, 500, 1234)),
        ("bytes */*", ContentRange(None, None, None)),
    ],
)
def test_content_ranges_of_the_rfc(header: str, given_range: ContentRange) -> None:
    assert ContentRange.parse(header) == given_range


def test_the_length_of_a_content_range() -> None:
    assert ContentRange(42, 1234, None).length == 1192
    assert ContentRange(None, None, 5).length is None


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "bytes",
        "bytes 1-2",
        "bytes 2-1/5",
        "bytes 0-5/5",
        "bytes 0-4/4",
        "items 0-1/2",
        "bytes 0-1/-2",
        "bytes=0-1/2",
        "bytes 0-1/2, bytes 0-1/2",
        "bytes ٣-4/5",
        "bytes 0-1/" + "9" * 5000,
    ],
)
def test_content_ranges_that_mean_nothing_are_refused(header: str | None) -> None:
    with pytest.raises(ProtocolError, match="Content-Range"):
        ContentRange.parse(header)


@examples(200)
@given(st.integers(0, 10**15), st.integers(1, 10**15), st.none() | st.integers(0, 10**15))
def test_a_content_range_round_trips(start: int, length: int, behind: int | None) -> None:
    stop = start + length
    total = None if behind is None else stop + behind
    header = f"bytes {start}-{stop - 1}/{'*' if total is None else total}"
    assert ContentRange.parse(header) == ContentRange(start, stop, total)


def test_a_content_range_that_says_a_key_back_does_not_show_it() -> None:
    with pytest.raises(ProtocolError, match=r"Content-Range is 'Bearer …'$"):
        ContentRange.parse("Bearer ya29.A-b")
