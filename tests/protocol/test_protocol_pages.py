"""Pages of lists: https://cloud.google.com/storage/docs/paginate-results."""

from __future__ import annotations

import json
from typing import Any

import pytest

from storage_stream._protocol.http import Reply, ReplyHead
from storage_stream._protocol.pages import Page, PageTokens, name_of, parse_page
from storage_stream.errors import ProtocolError


def page_of(content: Any) -> Page[Any]:
    return parse_page(Reply(ReplyHead(200), json.dumps(content).encode()))


def test_a_page() -> None:
    content = {
        "kind": "storage#objects",
        "items": [{"name": "a"}, {"name": "b"}],
        "prefixes": ["c/"],
        "nextPageToken": "CgEw",
    }
    assert page_of(content) == Page([{"name": "a"}, {"name": "b"}], ["c/"], "CgEw")


@pytest.mark.parametrize("content", [{"kind": "storage#objects"}, {"nextPageToken": ""}])
def test_the_last_and_the_empty_page_have_no_token(content: dict[str, Any]) -> None:
    assert page_of(content) == Page([], [], None)


@pytest.mark.parametrize(
    "content",
    [
        {"items": {}},
        {"items": [1, None, "x"]},
        {"prefixes": "a/"},
        {"items": None},
        {"items": [], "nextPageToken": 5},
        [],
    ],
)
def test_what_is_no_page_is_refused(content: Any) -> None:
    with pytest.raises(ProtocolError):
        page_of(content)


def test_the_name_of_an_item() -> None:
    assert name_of({"name": "b"}) == "b"
    wrong: Any
    for wrong in ({}, {"name": 5}, {"name": ""}):
        with pytest.raises(ProtocolError):
            name_of(wrong)


@pytest.mark.parametrize("length", [1, 2, 3, 7, 50])
@pytest.mark.parametrize("before", [0, 5])
def test_tokens_that_go_round(length: int, before: int) -> None:
    tokens = PageTokens()
    for number in range(before):
        assert tokens.check(f"before {number}") == f"before {number}"
    turns = (f"round {turn % length}" for turn in range(4 * (length + before)))
    with pytest.raises(ProtocolError, match="came again"):
        list(map(tokens.check, turns))


def test_tokens_that_come_once() -> None:
    tokens = PageTokens()
    assert [tokens.check(str(number)) for number in range(1000)][-1] == "999"
