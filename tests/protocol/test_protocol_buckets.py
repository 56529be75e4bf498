"""Operations on buckets: https://cloud.google.com/storage/docs/json_api/v1/buckets."""

from __future__ import annotations

import json

import pytest

from storage_stream._protocol import buckets
from storage_stream._protocol.http import Reply, ReplyHead
from storage_stream.errors import InvalidArgument, InvalidName


def test_the_bucket_resource() -> None:
    call = buckets.get_bucket("my-bucket")
    assert (call.method, call.request.target) == ("GET", "/storage/v1/b/my-bucket")
    assert call.subject == "gs://my-bucket"


def test_a_list_of_buckets() -> None:
    assert buckets.list_buckets("p").request.target == "/storage/v1/b?project=p"
    call = buckets.list_buckets("p", "CgEw")
    assert call.request.target == "/storage/v1/b?project=p&pageToken=CgEw"
    answer = Reply(ReplyHead(200), b'{"items": [{"name": "b"}], "nextPageToken": "next"}')
    assert call.parse(answer).next_token == "next"


def test_making_a_bucket() -> None:
    resource = {"location": "EU", "name": "another"}
    call = buckets.insert_bucket("my-bucket", "p", resource)
    assert (call.method, call.request.target) == ("POST", "/storage/v1/b?project=p")
    body = call.body if isinstance(call.body, bytes) else b""
    assert json.loads(body) == {"location": "EU", "name": "my-bucket"}
    assert resource == {"location": "EU", "name": "another"}
    assert call.headers.get("content-type") == "application/json; charset=UTF-8"


def test_deleting_a_bucket() -> None:
    call = buckets.delete_bucket("my-bucket")
    assert (call.method, call.request.target) == ("DELETE", "/storage/v1/b/my-bucket")


def test_what_is_wrong_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(InvalidArgument, match="project"):
        buckets.list_buckets("")
    with pytest.raises(InvalidArgument, match="project"):
        buckets.insert_bucket("b", "", {})
    with pytest.raises(InvalidName):
        buckets.insert_bucket("a/b", "p", {})
    with pytest.raises(InvalidName):
        buckets.delete_bucket("..")
