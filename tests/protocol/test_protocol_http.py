"""Header lines, requests and answers as values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol_profiles import examples, patience

from storage_stream._protocol.http import Headers, Reply, ReplyHead, Request

pytestmark = patience

lines = st.lists(st.tuples(st.sampled_from(["a", "A", "b", "X-B", "x-b"]), st.text(max_size=3)))


def test_names_are_compared_without_regard_to_case() -> None:
    headers = Headers([("X-Goog-Hash", "crc32c=a"), ("x-goog-hash", "md5=b"), ("ETag", "e")])
    assert headers.get("x-GOOG-hash") == "crc32c=a"
    assert headers.get_all("X-Goog-Hash") == ["crc32c=a", "md5=b"]
    assert "etag" in headers
    assert "range" not in headers
    assert headers.get("range") is None
    assert headers.get_all("range") == []
    assert len(headers) == 3


def test_an_empty_value_is_a_value() -> None:
    assert "a" in Headers([("A", "")])
    assert Headers([("A", "")]).get("a") == ""


def test_headers_of_a_mapping_are_values() -> None:
    one, other = Headers.of({"A": "1"}), Headers([("a", "1")])
    assert one == other
    assert hash(one) == hash(other)
    assert one != Headers([("a", "2")])
    assert one != [("a", "1")]


def test_a_printed_header_shows_no_value() -> None:
    assert repr(Headers([("Authorization", "Bearer secret")])) == "Headers(['authorization'])"


@examples(200)
@given(lines, lines)
def test_replacing_puts_the_new_lines_in_place_of_all_of_the_same_name(
    old: list[tuple[str, str]], new: list[tuple[str, str]]
) -> None:
    replaced = Headers(old).replaced(new)
    for name in ("a", "b", "x-b"):
        added = Headers(new).get_all(name)
        assert replaced.get_all(name) == (added or Headers(old).get_all(name))
    assert len(replaced) == sum(len(replaced.get_all(name)) for name in ("a", "b", "x-b"))


def test_a_request_with_other_headers_or_target_leaves_the_first_alone() -> None:
    request = Request("GET", "/a", Headers([("a", "1"), ("b", "2")]), b"secret body")
    other = request.with_headers(("A", "3"), ("c", "4"))
    assert list(other.headers) == [("b", "2"), ("a", "3"), ("c", "4")]
    assert list(request.headers) == [("a", "1"), ("b", "2")]
    assert other.at("/b") == Request("GET", "/b", other.headers, b"secret body")
    assert "secret body" not in repr(request)


@pytest.mark.parametrize(
    ("value", "length"),
    [
        ("0", 0),
        ("10", 10),
        ("9" * 19, int("9" * 19)),
        ("-1", None),
        ("+1", None),
        ("1.0", None),
        ("1_0", None),
        ("", None),
        (" 10", None),
        ("10, 10", None),
        ("٣", None),  # a digit, but not one of HTTP's
        ("²", None),
        ("9" * 5000, None),  # more digits than Python turns into a number
    ],
)
def test_content_length_is_a_plain_number_or_none(value: str, length: int | None) -> None:
    assert ReplyHead(200, headers=Headers([("Content-Length", value)])).content_length == length


def test_no_content_length() -> None:
    assert ReplyHead(200).content_length is None


def test_a_whole_answer_gives_what_its_head_says() -> None:
    reply = Reply(ReplyHead(204, "No Content", Headers([("etag", "e")])), b"")
    assert reply.status == 204
    assert reply.headers.get("etag") == "e"


def test_lines_that_are_in_lower_case_already_are_taken_as_they_are() -> None:
    lines = [("a", "1"), ("b", "2"), ("a", "3")]
    assert Headers.lowered(lines) == Headers(lines)
    assert Headers.lowered(lines).get("A") == "1"
    assert Headers([("A", "1")]).followed_by((("b", "2"),)) == Headers([("a", "1"), ("b", "2")])
