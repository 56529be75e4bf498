"""https://cloud.google.com/storage/docs/json_api/v1/objects/list."""

from __future__ import annotations

from typing import Any

import pytest

from storage_stream._protocol.list_options import ListKeywords, split_list_keywords
from storage_stream._protocol.options import RequestKeywords
from storage_stream.errors import InvalidArgument


def query_of(**keywords: Any) -> dict[str, str]:
    return dict(split_list_keywords(keywords)[0])


def test_nothing_said() -> None:
    assert split_list_keywords({}) == ((), {})
    assert query_of(prefix="", versions=False, page_size=None) == {}


def test_every_parameter() -> None:
    assert query_of(
        prefix="p",
        match_glob="**",
        delimiter="/",
        start_offset="a",
        end_offset="b",
        include_trailing_delimiter=True,
        include_folders_as_prefixes=True,
        versions=True,
        projection="full",
        fields="items(name),nextPageToken",
        filter="contexts.a:*",
        page_size=7,
    ) == {
        "prefix": "p",
        "matchGlob": "**",
        "delimiter": "/",
        "startOffset": "a",
        "endOffset": "b",
        "includeTrailingDelimiter": "true",
        "includeFoldersAsPrefixes": "true",
        "versions": "true",
        "projection": "full",
        "fields": "items(name),nextPageToken",
        "filter": "contexts.a:*",
        "maxResults": "7",
    }
    assert query_of(soft_deleted=True) == {"softDeleted": "true"}


def test_every_keyword_has_its_spelling() -> None:
    own = ListKeywords.__annotations__.keys() - RequestKeywords.__annotations__.keys()
    alone = {name: 5 if name == "page_size" else "x" for name in own - {"soft_deleted"}}
    assert len(query_of(**alone)) == len(alone)


def test_the_rest_is_left_for_the_request() -> None:
    _, rest = split_list_keywords({"prefix": "p", "timeout": None, "zebra": 1})
    assert rest == {"timeout": None, "zebra": 1}


def test_the_next_page_is_always_asked_for() -> None:
    assert query_of(fields="items(name)") == {"fields": "nextPageToken,items(name)"}


@pytest.mark.parametrize("size", [0, -1, True, "5", 1.5])
def test_a_page_that_is_none(size: Any) -> None:
    with pytest.raises(InvalidArgument, match="page_size"):
        query_of(page_size=size)


def test_two_lists_at_once() -> None:
    with pytest.raises(InvalidArgument, match="two lists"):
        query_of(versions=True, soft_deleted=True)
