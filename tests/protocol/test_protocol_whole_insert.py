"""What is written at once is what the machinery writes, and only the usual answer is taken."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol_profiles import patience

from storage_stream._protocol.http import ReplyHead
from storage_stream._protocol.multipart import MultipartFrame
from storage_stream._protocol.objects import insert_multipart
from storage_stream._protocol.options import RequestOptions
from storage_stream._protocol.whole_insert import WholeInsert, made_as_sent
from storage_stream.errors import InvalidName

pytestmark = patience

BOUNDARY = "0123456789abcdef"
GOOD: dict[str, Any] = {"name": "o", "size": "3", "crc32c": "AAAAAA=="}

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
types = st.sampled_from(["text/plain", 'a/b; c="d\\e"', "application/octet-stream"])


fields = st.dictionaries(
    st.sampled_from(["metadata", "cacheControl", "md5Hash"]),
    st.none() | st.text(max_size=5) | st.dictionaries(st.text(max_size=3), st.text(max_size=3)),
)
params = st.lists(
    st.tuples(st.sampled_from(["ifGenerationMatch", "uploadType", "userProject"]), st.text()),
    max_size=3,
).map(tuple)


def machinerys(
    name: str, content: bytes, content_type: str, own: dict[str, Any], said: tuple[Any, ...]
) -> Any:
    resource = {**own, "name": name, "crc32c": "AAAAAA==", "contentType": content_type}
    frame = MultipartFrame.around(resource, content_type, BOUNDARY)
    framed = frame.head + content + frame.tail
    insertion = insert_multipart("bucket", name, framed, frame.content_type)
    return insertion.with_options(RequestOptions(params=said)).request


@given(names, st.binary(max_size=30), types, fields, params)
def test_the_request_is_the_machinerys(
    name: str, content: bytes, content_type: str, own: dict[str, Any], said: tuple[Any, ...]
) -> None:
    write = WholeInsert(BOUNDARY).request
    try:
        expected = machinerys(name, content, content_type, own, said)
    except InvalidName:
        with pytest.raises(InvalidName):
            write("bucket", name, content, "AAAAAA==", content_type, own, said)
        return
    assert write("bucket", name, content, "AAAAAA==", content_type, own, said) == expected


def test_content_that_holds_the_boundary_is_left_to_the_machinery() -> None:
    writer = WholeInsert(BOUNDARY)
    assert writer.request("b", "o", f"x{BOUNDARY}x".encode(), "AAAAAA==", "a/b") is None


@pytest.mark.parametrize(("bucket", "name"), [("", "o"), ("a/b", "o"), ("b", ""), ("b", "a\nb")])
def test_names_that_cannot_be(bucket: str, name: str) -> None:
    with pytest.raises(InvalidName):
        WholeInsert(BOUNDARY).request(bucket, name, b"", "AAAAAA==", "a/b")


def test_the_usual_answer() -> None:
    assert made_as_sent(ReplyHead(200), json.dumps(GOOD).encode(), "AAAAAA==", 3) == GOOD


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (204, GOOD),
        (308, GOOD),
        (412, GOOD),
        (200, {**GOOD, "crc32c": "AAAAAQ=="}),
        (200, {**GOOD, "size": "4"}),
        (200, {"name": "o"}),
        (200, [GOOD]),
        (200, None),
    ],
)
def test_every_other_answer_is_left_to_the_machinery(status: int, answer: Any) -> None:
    assert made_as_sent(ReplyHead(status), json.dumps(answer).encode(), "AAAAAA==", 3) is None


@pytest.mark.parametrize(
    "answer", [b"<html>", b"", b"\xff", b"[" * 100_000, json.dumps(GOOD).encode() + b"}"]
)
def test_what_is_no_json_is_left_to_the_machinery(answer: bytes) -> None:
    assert made_as_sent(ReplyHead(200), answer, "AAAAAA==", 3) is None


def test_blanks_behind_the_answer_say_nothing() -> None:
    answer = json.dumps(GOOD, indent=2).encode() + b"\r\n"
    assert made_as_sent(ReplyHead(200), answer, "AAAAAA==", 3) == GOOD
