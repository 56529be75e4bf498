"""A session's address is one that a request can go to, or it is none."""

import pytest

from storage_stream._protocol.session_address import is_session_address


@pytest.mark.parametrize(
    "text",
    [
        "https://storage.googleapis.com/upload/storage/v1/b/b/o?uploadType=resumable&upload_id=x",
        "http://127.0.0.1:4443/session",
        "http://[::1]:80/session",
        "HTTPS://host",
        "/upload?upload_id=x",
    ],
)
def test_what_is_one(text: str) -> None:
    assert is_session_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "foo",
        "foo/bar",
        "ftp://host/x",
        "https://",
        "https:///path",
        "http://host:99999/",
        "http://host:0/",
        "http://host:x/",
        "http://[::1",
        "http://host/a b",
        "/a b",
        "/a\r\nX: y",
        "/a\x00",
        "/é",
        "https://host/x#y",
    ],
)
def test_what_is_none(text: str) -> None:
    assert not is_session_address(text)
