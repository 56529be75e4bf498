"""Lists: every parameter, every page.

https://cloud.google.com/storage/docs/json_api/v1/objects/list
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire_client import WireClient

from storage_stream.emulator.store.globs import compile_glob

NAMES = ["a", "a/", "a/1", "a/2/x", "b", "b/1", "b/2", "c/d/e", "z", "é"]


@pytest.fixture
async def filled(wire: WireClient) -> WireClient:
    for name in NAMES:
        await wire.upload(name, b"x")
    return wire


async def pages(wire: WireClient, **query: Any) -> tuple[list[str], list[str], int]:
    """Return all names, all prefixes, and how many pages they took."""
    names: list[str] = []
    prefixes: list[str] = []
    count = 0
    token: dict[str, str] = {}
    while True:
        answer = (await wire.send("GET", "/storage/v1/b/bucket/o", **query, **token)).json
        found, below = answer.get("items", []), answer.get("prefixes", [])
        assert len(found) + len(below) <= int(query.get("maxResults", 1000))
        names += [item["name"] for item in found]
        prefixes += below
        count += 1
        if "nextPageToken" not in answer:
            return names, prefixes, count
        token = {"pageToken": answer["nextPageToken"]}


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
@pytest.mark.parametrize(
    ("query", "names", "prefixes"),
    [
        ({}, NAMES, []),
        ({"prefix": "a"}, ["a", "a/", "a/1", "a/2/x"], []),
        ({"prefix": "a/"}, ["a/", "a/1", "a/2/x"], []),
        ({"delimiter": "/"}, ["a", "b", "z", "é"], ["a/", "b/", "c/"]),
        ({"delimiter": "/", "prefix": "a/"}, ["a/", "a/1"], ["a/2/"]),
        (
            {"delimiter": "/", "includeTrailingDelimiter": "true"},
            ["a", "a/", "b", "z", "é"],
            ["a/", "b/", "c/"],
        ),
        ({"startOffset": "b"}, ["b", "b/1", "b/2", "c/d/e", "z", "é"], []),
        ({"endOffset": "b"}, ["a", "a/", "a/1", "a/2/x"], []),
        ({"startOffset": "a/1", "endOffset": "b/2"}, ["a/1", "a/2/x", "b", "b/1"], []),
        ({"startOffset": "a/2", "prefix": "a", "delimiter": "/"}, [], ["a/"]),
        ({"matchGlob": "*"}, ["a", "b", "z", "é"], []),
        ({"matchGlob": "**/1"}, ["a/1", "b/1"], []),
        ({"matchGlob": "{a,b}/?"}, ["a/1", "b/1", "b/2"], []),
        ({"matchGlob": "[a-b]"}, ["a", "b"], []),
    ],
)
async def test_lists_are_the_same_in_pages_of_any_size(
    filled: WireClient, size: int, query: dict[str, str], names: list[str], prefixes: list[str]
) -> None:
    found = await pages(filled, maxResults=size, **query)
    assert found[:2] == (names, prefixes)
    total = len(names) + len(prefixes)
    assert found[2] == max(1, -(-total // size)) or found[2] == total // size + 1


async def test_more_objects_than_a_statement_reads(wire: WireClient) -> None:
    names = sorted(f"{n % 7}/{n:04}" for n in range(450))
    for name in names:
        await wire.upload(name, b"")
    assert (await pages(wire))[0] == names
    assert (await pages(wire, delimiter="/"))[1] == [f"{n}/" for n in range(7)]
    assert (await pages(wire, matchGlob="**/0449"))[0] == ["1/0449"]


@pytest.mark.parametrize(
    "query",
    [
        {"maxResults": "0"},
        {"maxResults": "x"},
        {"pageToken": "nonsense"},
        {"matchGlob": "[a"},
        {"matchGlob": "{a"},
        {"versions": "true", "softDeleted": "true"},
        {"versions": "maybe"},
        {"fields": "items("},
        {"projection": "some"},
    ],
)
async def test_parameters_that_make_no_sense_are_400(
    filled: WireClient, query: dict[str, str]
) -> None:
    assert (await filled.send("GET", "/storage/v1/b/bucket/o", **query)).status == 400


async def test_fields_select(filled: WireClient) -> None:
    target = "/storage/v1/b/bucket/o"
    query = {"fields": "items(name,size),nextPageToken", "maxResults": "1"}
    answer = (await filled.send("GET", target, **query)).json
    assert answer.pop("nextPageToken")
    assert answer == {"items": [{"name": "a", "size": "1"}]}
    slash = (await filled.send("GET", target, fields="items/name", prefix="z")).json
    assert slash == {"items": [{"name": "z"}]}


@pytest.mark.parametrize(
    ("glob", "matching", "other"),
    [
        ("foo*bar", ["foobar", "fooxbar"], ["foo/bar", "foobarx"]),
        ("foo**bar", ["foobar", "foo/x/bar"], ["foobarx"]),
        ("foo?bar", ["fooxbar"], ["foobar", "foo/bar"]),
        ("foo[0-1]bar", ["foo0bar", "foo1bar"], ["foo2bar"]),
        ("foo[!a]bar", ["foobbar"], ["fooabar", "foo/bar"]),
        ("foo{bar,baz}", ["foobar", "foobaz"], ["foo"]),
        ("a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["ab"]),
        ("a.b", ["a.b"], ["axb"]),
        (r"a\*b", ["a*b"], ["axb"]),
    ],
)
def test_globs(glob: str, matching: list[str], other: list[str]) -> None:
    pattern = compile_glob(glob)
    assert [name for name in matching + other if pattern.fullmatch(name)] == matching


@given(st.text(alphabet="ab/é", max_size=8))
def test_a_name_without_wildcards_matches_itself_alone(name: str) -> None:
    assert compile_glob(name).fullmatch(name)
    assert not compile_glob(name).fullmatch(name + "x")
