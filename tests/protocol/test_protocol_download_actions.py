"""Requests that a download asks for."""

from __future__ import annotations

from storage_stream._protocol.download_actions import Fetch
from storage_stream._protocol.ranges import WHOLE, ByteRange


def test_a_fetch_of_a_range_of_a_generation() -> None:
    fetch = Fetch(ByteRange(2, 5), 7, accept_gzip=True)
    assert fetch.headers() == (("accept-encoding", "gzip"), ("range", "bytes=2-4"))
    assert fetch.query() == (("generation", "7"),)


def test_a_fetch_of_everything() -> None:
    fetch = Fetch(WHOLE, None, accept_gzip=False)
    assert fetch.headers() == (("accept-encoding", "identity"),)
    assert fetch.query() == ()


def test_generation_zero_is_asked_for_as_it_is() -> None:
    assert Fetch(WHOLE, 0, accept_gzip=True).query() == (("generation", "0"),)
