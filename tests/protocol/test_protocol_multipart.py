"""The frame of `multipart/related`, read back by the standard library's own parser."""

from __future__ import annotations

import email
import email.policy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol_profiles import examples, patience

from storage_stream._protocol.multipart import MultipartFrame
from storage_stream.errors import InvalidArgument

pytestmark = patience


def test_the_services_example() -> None:
    # https://cloud.google.com/storage/docs/uploading-objects#uploading-an-object, with CRLF
    frame = MultipartFrame.around({"name": "my-document.txt"}, "text/plain", "separator_string")
    assert frame.content_type == "multipart/related; boundary=separator_string"
    assert frame.head == (
        b"--separator_string\r\n"
        b"Content-Type: application/json; charset=UTF-8\r\n"
        b"\r\n"
        b'{"name": "my-document.txt"}\r\n'
        b"--separator_string\r\n"
        b"Content-Type: text/plain\r\n"
        b"\r\n"
    )
    assert frame.tail == b"\r\n--separator_string--\r\n"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@examples(150)
@given(
    metadata=st.dictionaries(st.text(), json_values, max_size=4),
    content=st.binary(max_size=200),
    boundary=st.text("0123456789abcdefABCDEF", min_size=32, max_size=70),
)
def test_the_frame_is_read_back_by_another_parser(
    metadata: dict[str, Any], content: bytes, boundary: str
) -> None:
    frame = MultipartFrame.around(metadata, "application/octet-stream", boundary)
    header = f"Content-Type: {frame.content_type}\r\n\r\n".encode()
    message = email.message_from_bytes(
        header + frame.head + content + frame.tail, policy=email.policy.HTTP
    )
    assert not message.defects
    resource, media = message.iter_parts()
    assert resource.get_content_type() == "application/json"
    assert json.loads(resource.get_content()) == metadata
    assert media.get_content_type() == "application/octet-stream"


@examples(150)
@given(st.binary(max_size=200))
def test_the_content_stands_unchanged_between_head_and_tail(content: bytes) -> None:
    boundary = "f" * 32
    frame = MultipartFrame.around({}, "text/plain", boundary)
    parts = (b"\r\n" + frame.head + content + frame.tail).split(b"\r\n--" + boundary.encode())
    assert parts[2].partition(b"\r\n\r\n")[2] == content
    assert parts[3] == b"--\r\n"


@pytest.mark.parametrize("content_type", ["text/plain\r\nX-Evil: 1", "text/plain\n", "a\rb"])
def test_a_content_type_cannot_smuggle_a_header(content_type: str) -> None:
    with pytest.raises(InvalidArgument, match="line break"):
        MultipartFrame.around({}, content_type, "b")
