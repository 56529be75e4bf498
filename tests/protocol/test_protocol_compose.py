"""https://cloud.google.com/storage/docs/composite-objects."""

from __future__ import annotations

import json
from typing import Any

import pytest

from storage_stream._protocol.compose import (
    ComposeSource,
    compose_object,
    groups_of,
    sources_of,
    temporary_prefix,
)
from storage_stream._protocol.names import check_object
from storage_stream.errors import InvalidArgument, InvalidName


def body_of(sources: list[ComposeSource], **metadata: Any) -> dict[str, Any]:
    call = compose_object("b", "o/é", sources, metadata)
    assert (call.method, call.request.target) == ("POST", "/storage/v1/b/b/o/o%2F%C3%A9/compose")
    assert call.subject == "gs://b/o/é"
    content: dict[str, Any] = json.loads(call.body if isinstance(call.body, bytes) else b"")
    return content


def test_names_alone() -> None:
    assert body_of(sources_of(["a", "b"])) == {"sourceObjects": [{"name": "a"}, {"name": "b"}]}


def test_generations_preconditions_and_metadata() -> None:
    sources = [ComposeSource("a", 1), ComposeSource("b", if_generation_match=0)]
    assert body_of(sources, **{"Content-Type": "x/y", "metadata": {"n": 1}}) == {
        "sourceObjects": [
            {"name": "a", "generation": "1"},
            {"name": "b", "objectPreconditions": {"ifGenerationMatch": "0"}},
        ],
        "destination": {"contentType": "x/y", "metadata": {"n": "1"}},
    }


def test_what_a_caller_may_say() -> None:
    said: list[Any] = [{"name": "a", "generation": "7"}, {"name": "b"}, "c", ComposeSource("d", 2)]
    assert sources_of(said) == [
        ComposeSource("a", 7), ComposeSource("b"), ComposeSource("c"), ComposeSource("d", 2),
    ]  # fmt: skip
    assert sources_of(iter(["x"])) == [ComposeSource("x")]


@pytest.mark.parametrize("said", [[], "text"])
def test_no_sources(said: Any) -> None:
    with pytest.raises(InvalidArgument):
        sources_of(said)


@pytest.mark.parametrize("said", [{"x": 1}, {"name": "a", "generation": "x"}])
def test_resources_that_name_no_source(said: Any) -> None:
    with pytest.raises(InvalidArgument):
        sources_of([said])
    assert sources_of([{"name": "a", "generation": "7"}]) == [ComposeSource("a", 7)]


def test_names_are_checked() -> None:
    with pytest.raises(InvalidName):
        sources_of(["a", ""])


@pytest.mark.parametrize(
    ("count", "sizes"),
    [(1, [1]), (32, [32]), (33, [32, 1]), (64, [32, 32]), (70, [32, 32, 6])],
)
def test_groups(count: int, sizes: list[int]) -> None:
    groups = groups_of(range(count))
    assert [len(group) for group in groups] == sizes
    assert [item for group in groups for item in group] == list(range(count))


def test_the_name_of_a_temporary_object_can_be() -> None:
    assert check_object(temporary_prefix("0f") + "12") == ".storage-stream/compose/0f/12"
