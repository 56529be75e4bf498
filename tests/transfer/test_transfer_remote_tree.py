"""Objects of a list as a tree of files would be, and the merge with one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage_stream._transfer.local_tree import LocalEntry
from storage_stream._transfer.remote_tree import Collisions, RemoteEntry, folder_of
from storage_stream._transfer.sync import SyncHow, merged
from storage_stream.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

MTIME = "goog-reserved-file-mtime"


def _entry(**fields: Any) -> RemoteEntry:
    resource: Any = {"name": "p/a", "size": "5", "generation": "7", **fields}
    return RemoteEntry.of(resource, "p/")


def test_a_resource_is_read() -> None:
    entry = _entry(timeCreated="2026-01-01T00:00:00.5Z", metadata={MTIME: "12"})
    assert (entry.name, entry.object_name, entry.size, entry.generation) == ("a", "p/a", 5, 7)
    assert (entry.mtime, entry.created, entry.file_time) == (12, 1767225600, 12)
    assert not entry.is_encoded
    assert _entry(contentEncoding="gzip").is_encoded
    assert _entry(name="p/a/").is_folder


@pytest.mark.parametrize("said", ["", "-1", "1.5", "soon", "9" * 30, "\u0663"])
def test_a_time_that_is_none(said: str) -> None:
    entry = _entry(metadata={MTIME: said}, timeCreated="1970-01-01T00:00:09Z")
    assert (entry.mtime, entry.file_time) == (None, 9)
    assert _entry(timeCreated="never").file_time is None


@pytest.mark.parametrize(
    "odd",
    [
        *({"name": None}, {"name": 5}, {"name": ""}, {"size": 5}, {"generation": ["1"]}),
        *({"metadata": [1]}, {"metadata": {MTIME: 12}}, {"timeCreated": 5}),
    ],
    ids=str,
)
def test_what_is_no_objects_resource(odd: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError):
        _entry(**odd)


def test_what_of_a_prefix_is_a_folder() -> None:
    assert [folder_of(text) for text in ("", "a", "a/", "a/b", "/")] == ["", "", "a/", "a/", "/"]


_NAMES = st.lists(st.text(st.sampled_from("ab!/"), min_size=1, max_size=5), max_size=12)


@given(_NAMES)
def test_collisions_are_those_that_a_look_at_all_names_finds(names: list[str]) -> None:
    ordered = sorted(set(names))
    collisions = Collisions()
    found = {name for name in ordered if collisions.check(name) is not None}
    kept = [name for name in ordered if name not in found]
    for name in ordered:
        files = [file for file in kept if not file.endswith("/") and name.startswith(f"{file}/")]
        assert (name in found) == bool(files)


async def _remote(names: list[str]) -> AsyncGenerator[RemoteEntry, None]:
    for name in names:
        yield RemoteEntry(name, name, 0, 1)


async def _local(names: list[str]) -> AsyncGenerator[LocalEntry, None]:
    for name in names:
        yield LocalEntry(name, name)


@given(_NAMES, _NAMES)
async def test_the_merge_gives_each_name_once(sources: list[str], targets: list[str]) -> None:
    here, there = sorted(set(sources)), sorted(set(targets))
    pairs = [
        (None if source is None else source.name, None if target is None else target.name)
        async for source, target in merged(_local(here), _remote(there), SyncHow())
    ]
    assert [source for source, _ in pairs if source is not None] == here
    told = [target for _, target in pairs if target is not None]
    # Left out are only folders in which the source has something.
    assert told == [name for name in there if name in told]
    for name in set(there) - set(told):
        assert name.endswith("/")
        assert any(source.startswith(name) for source in here)
    assert all(source == target for source, target in pairs if source and target)
    assert {pair for pair in pairs if None not in pair} == {
        (name, name) for name in set(here) & set(there)
    }
