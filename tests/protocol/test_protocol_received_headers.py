"""Header lines that stay bytes until they are asked for are the same as any others."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from protocol_profiles import examples, patience

from storage_stream._protocol.http import Headers
from storage_stream._protocol.received_headers import ReceivedHeaders

pytestmark = patience

NAMES = ["a", "A", "b", "X-B", "x-b", "x-b-b", "b.b"]
values = st.text(
    st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=4
) | st.sampled_from(["a:", "x-b: 1", " ", "İ"])
lines = st.lists(st.tuples(st.sampled_from(NAMES), values), max_size=6)


def received(pairs: list[tuple[str, str]], blank: str = " ") -> ReceivedHeaders:
    text = "".join(f"\r\n{name}:{blank}{value}" for name, value in pairs)
    return ReceivedHeaders(f"{text}\r\n".encode())


@examples(200)
@given(lines, st.sampled_from(["", " ", "\t "]))
def test_they_are_those_of_their_lines(pairs: list[tuple[str, str]], blank: str) -> None:
    headers = received(pairs, blank)
    expected = Headers((name, value.strip(" \t")) for name, value in pairs)
    assert headers == expected
    assert list(headers) == list(expected)
    assert len(headers) == len(pairs)
    for name in (*NAMES, "B", "c", ".b"):
        assert headers.get(name) == expected.get(name)
        assert headers.get_all(name) == expected.get_all(name)
        assert (name in headers) == (name in expected)


def test_others_can_be_made_of_them() -> None:
    headers = received([("A", "1"), ("b", "2"), ("a", "3")])
    assert headers.followed_by((("c", "4"),)) == Headers(
        [("a", "1"), ("b", "2"), ("a", "3"), ("c", "4")]
    )
    assert headers.replaced([("A", "5")]) == Headers([("b", "2"), ("a", "5")])
    assert hash(headers) == hash(Headers(headers))
    assert repr(headers) == "Headers(['a', 'b', 'a'])"


def test_there_may_be_none() -> None:
    headers = ReceivedHeaders(b"\r\n")
    assert not list(headers)
    assert not headers.get_all("a")
    assert headers.get("a") is None


def test_what_is_no_utf_8_survives() -> None:
    headers = ReceivedHeaders(b"\r\nx: \xffa\t\r\n")
    assert headers.get("X") == "\udcffa"
    assert headers.get_all("x") == ["\udcffa"]
