"""https://cloud.google.com/storage/docs/json_api/v1/objects/rewrite."""

from __future__ import annotations

import json
from typing import Any

import pytest

from storage_stream._protocol.http import Reply, ReplyHead
from storage_stream._protocol.rewrite import Rewrite, rewrite_object
from storage_stream.errors import InvalidArgument, InvalidName, ProtocolError

MIB = 1024 * 1024
PLAIN = Rewrite("a-bucket", "a/é", "b-bucket", "c d")


def reply(**content: Any) -> Reply:
    return Reply(ReplyHead(200), json.dumps(content).encode())


def test_the_first_call() -> None:
    call = rewrite_object(PLAIN)
    path = "/storage/v1/b/a-bucket/o/a%2F%C3%A9/rewriteTo/b/b-bucket/o/c%20d"
    assert (call.method, call.request.target) == ("POST", path)
    assert call.subject == "gs://a-bucket/a/é"
    assert call.body == b"", "no body takes over the source's metadata"
    assert "content-type" not in call.headers


def test_a_later_call_with_everything() -> None:
    rewrite = Rewrite("a", "b", "c", "d", 7, {"Content-Type": "x/y"}, 3 * MIB, "token")
    call = rewrite_object(rewrite)
    assert call.query == (
        ("sourceGeneration", "7"),
        ("maxBytesRewrittenPerCall", "3145728"),
        ("rewriteToken", "token"),
    )
    assert json.loads(call.body if isinstance(call.body, bytes) else b"") == {"contentType": "x/y"}
    assert call.headers.get("content-type") == "application/json; charset=UTF-8"


def test_no_metadata_is_not_the_same_as_keys_without_values() -> None:
    assert rewrite_object(Rewrite("a", "b", "c", "d", metadata={})).body == b""


@pytest.mark.parametrize("size", [0, -MIB, 1, MIB + 1])
def test_a_part_is_a_multiple_of_a_mebibyte(size: int) -> None:
    with pytest.raises(InvalidArgument, match="1048576"):
        Rewrite("a", "b", "c", "d", max_bytes_per_call=size)


@pytest.mark.parametrize("names", [("", "b", "c", "d"), ("a", "", "c", "d"), ("a", "b", "c/", "d"),
                                   ("a", "b", "c", "..")])  # fmt: skip
def test_names_are_checked(names: tuple[str, str, str, str]) -> None:
    with pytest.raises(InvalidName):
        Rewrite(*names)


def test_an_answer_on_the_way() -> None:
    step = rewrite_object(PLAIN).parse(
        reply(totalBytesRewritten="5", objectSize="9", done=False, rewriteToken="t")
    )
    assert (step.done_bytes, step.total_bytes, step.token) == (5, 9, "t")


def test_the_last_answer() -> None:
    step = rewrite_object(PLAIN).parse(
        reply(totalBytesRewritten="9", objectSize="9", done=True, resource={"name": "c d"})
    )
    assert (step.done_bytes, step.token) == (9, None)
    assert step.response["resource"] == {"name": "c d"}


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"totalBytesRewritten": "1", "objectSize": "2"},
        {"totalBytesRewritten": "1", "objectSize": "2", "rewriteToken": ""},
        {"totalBytesRewritten": "1", "objectSize": "2", "rewriteToken": 5},
        {"totalBytesRewritten": "2", "objectSize": "2", "done": True},
        {"totalBytesRewritten": "x", "objectSize": "2", "rewriteToken": "t"},
        {"totalBytesRewritten": "1", "rewriteToken": "t"},
    ],
)
def test_an_answer_that_is_none(content: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError, match="rewrite"):
        rewrite_object(PLAIN).parse(reply(**content))


@pytest.mark.parametrize(
    "rewrite", [PLAIN, Rewrite("a", "b", "c", "d", 7, {"metadata": {"k": "v"}}, MIB, "token")]
)
def test_the_state_travels_as_json(rewrite: Rewrite) -> None:
    assert Rewrite.of_state(json.loads(json.dumps(rewrite.state()))) == rewrite


@pytest.mark.parametrize(
    "change",
    [{"kind": "upload"}, {"version": 2}, {"source": ["a"]}, {"source": None}, {"target": "abc"}],
)
def test_a_state_that_is_none(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument, match="state of a copy"):
        Rewrite.of_state(PLAIN.state() | change)
    with pytest.raises(InvalidArgument, match="state of a copy"):
        Rewrite.of_state({})


def test_the_token_is_not_printed() -> None:
    assert "secret" not in repr(Rewrite("a", "b", "c", "d", token="secret"))
