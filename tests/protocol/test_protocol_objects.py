"""Operations on objects: https://cloud.google.com/storage/docs/json_api/v1/objects."""

from __future__ import annotations

import json
from typing import Any

import pytest

from storage_stream._protocol import objects
from storage_stream._protocol.http import Reply, ReplyHead
from storage_stream.errors import InvalidArgument, InvalidName

PATH = "/storage/v1/b/my-bucket/o/a%20folder%2F%C3%A9.txt"
NAME = "a folder/é.txt"


def test_the_path_of_an_object() -> None:
    assert objects.object_path("my-bucket", NAME) == PATH


@pytest.mark.parametrize(("bucket", "name"), [("", "o"), ("a/b", "o"), ("b", ""), ("b", "..")])
def test_names_are_checked_before_anything_is_sent(bucket: str, name: str) -> None:
    for make in (objects.get_media, objects.get_object, objects.delete_object):
        with pytest.raises(InvalidName):
            make(bucket, name)
    with pytest.raises(InvalidName):
        objects.insert_media(bucket, name, b"", "a/b")
    with pytest.raises(InvalidName):
        objects.insert_multipart(bucket, name, b"", "a/b")
    with pytest.raises(InvalidName):
        objects.patch_object(bucket, name, {})


def test_media() -> None:
    call = objects.get_media("my-bucket", NAME)
    assert (call.method, call.request.target) == ("GET", f"{PATH}?alt=media")
    assert call.subject == f"gs://my-bucket/{NAME}"
    assert call.name == "storage.objects.get"


def test_the_resource() -> None:
    call = objects.get_object("my-bucket", NAME, 7)
    assert (call.method, call.request.target) == ("GET", f"{PATH}?generation=7")
    answer = Reply(ReplyHead(200), b'{"kind": "storage#object", "size": "3"}')
    assert call.parse(answer) == {"kind": "storage#object", "size": "3"}


def test_a_list() -> None:
    raw = objects.list_raw("b")
    assert (raw.method, raw.request.target, raw.subject) == ("GET", "/storage/v1/b/b/o", "gs://b")
    first = objects.list_page("b", (("prefix", "a/"),))
    assert first.request.target == "/storage/v1/b/b/o?prefix=a%2F"
    second = objects.list_page("b", (("prefix", "a/"),), "CgEw")
    assert second.request.target == "/storage/v1/b/b/o?prefix=a%2F&pageToken=CgEw"
    page = second.parse(Reply(ReplyHead(200), b'{"items": [{"name": "a/1"}]}'))
    assert page.items == [{"name": "a/1"}]


def test_deleting() -> None:
    call = objects.delete_object("my-bucket", NAME)
    assert (call.method, call.request.target) == ("DELETE", PATH)
    assert call.parse(Reply(ReplyHead(204), b"")) == ""
    assert objects.delete_object("b", "o", 7).query == (("generation", "7"),)


def test_patching() -> None:
    call = objects.patch_object("my-bucket", NAME, {"metadata": {"k": None}}, 7)
    assert (call.method, call.request.target) == ("PATCH", f"{PATH}?generation=7")
    assert call.headers.get("content-type") == "application/json; charset=UTF-8"
    assert json.loads(call.body if isinstance(call.body, bytes) else b"") == {
        "metadata": {"k": None}
    }


def test_uploads_in_one_request() -> None:
    media = objects.insert_media("b", NAME, b"content", "text/plain")
    assert (media.method, media.path) == ("POST", "/upload/storage/v1/b/b/o")
    assert media.query == (("uploadType", "media"), ("name", NAME))
    assert media.headers.get("content-type") == "text/plain"
    assert media.body == b"content"
    framed = objects.insert_multipart("b", NAME, b"content", "multipart/related; boundary=x")
    assert framed.query == (("uploadType", "multipart"),)


@pytest.mark.parametrize(("total", "lines"), [(None, 0), (0, 1), (5, 1)])
def test_beginning_a_resumable_session(total: int | None, lines: int) -> None:
    call = objects.start_resumable("b", NAME, {"metadata": {"k": "v"}}, "text/plain", total)
    assert (call.method, call.path) == ("POST", "/upload/storage/v1/b/b/o")
    assert call.query == (("uploadType", "resumable"), ("name", NAME))
    assert call.headers.get("x-upload-content-type") == "text/plain"
    assert call.headers.get_all("x-upload-content-length") == [str(total)] * lines
    assert json.loads(call.body if isinstance(call.body, bytes) else b"") == {
        "name": NAME,
        "metadata": {"k": "v"},
    }


def test_a_content_type_cannot_smuggle_a_header() -> None:
    with pytest.raises(InvalidArgument, match="line break"):
        objects.insert_media("b", "o", b"", "text/plain\r\nX-Evil: 1")


@pytest.mark.parametrize(
    ("said", "resource"),
    [
        ({}, {}),
        ({"contentType": "a/b"}, {"contentType": "a/b"}),
        ({"Content-Disposition": "attachment"}, {"contentDisposition": "attachment"}),
        ({"content-type": "a/b"}, {"contentType": "a/b"}),
        ({"Cache-Control": "no-store"}, {"cacheControl": "no-store"}),
        ({"CustomTime": "t"}, {"customTime": "t"}),
        (
            {"metadata": {"n": 1, "gone": None, "t": "x"}},
            {"metadata": {"n": "1", "gone": None, "t": "x"}},
        ),
        ({"metadata": None}, {"metadata": None}),
        ({"": 1}, {"": 1}),
    ],
)
def test_metadata_in_the_resources_spelling(said: dict[str, Any], resource: dict[str, Any]) -> None:
    before = json.dumps(said)
    assert objects.api_resource(said) == resource
    assert json.dumps(said) == before
