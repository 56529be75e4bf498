"""Pages of lists: https://cloud.google.com/storage/docs/paginate-results."""

from __future__ import annotations

import json
from typing import Any

import pytest

from storage_stream._protocol.http import Reply, ReplyHead
from storage_stream._protocol.pages import Page, parse_page
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


@pytest.mark.parametrize("content", [{"items": {}}, {"prefixes": "a/"}, {"items": None}, []])
def test_what_is_no_page_is_refused(content: Any) -> None:
    with pytest.raises(ProtocolError):
        page_of(content)
