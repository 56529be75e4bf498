"""Objects as resources: looked at, listed in every way, changed, brought back."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from storage_stream import Preconditions, Storage
from storage_stream.errors import (
    Forbidden,
    InvalidArgument,
    NotFound,
    PreconditionFailed,
    ServerError,
)
from storage_stream.testing.emulator_handle import EmulatorHandle

NAMES = ["a", "dir/", "dir/1", "dir/sub/2", "other/3", "z"]


@pytest.fixture
def stored(gcs: EmulatorHandle) -> EmulatorHandle:
    for name in NAMES:
        gcs.put("bucket", name, name.encode(), contentType="text/plain")
    return gcs


async def names_of(storage: Storage, **options: Any) -> list[str]:
    return [item["name"] async for item in storage.iter_objects("bucket", **options)]


async def test_stat_and_exists(stored: EmulatorHandle, storage: Storage) -> None:
    found = await storage.stat("bucket", "dir/1")
    assert (found.bucket, found.name, found.size) == ("bucket", "dir/1", 5)
    assert found.content_type == "text/plain"
    assert found.created is not None
    assert await storage.exists("bucket", "dir/1")
    assert await storage.exists("bucket", "dir/1", generation=found.generation)
    assert not await storage.exists("bucket", "dir/1", generation=found.generation + 1)
    assert not await storage.exists("bucket", "none")
    assert len(stored.log) == 5
    with pytest.raises(NotFound):
        await storage.stat("bucket", "none")
    stored.arm_next("storage.objects.get", "return-403")
    with pytest.raises(Forbidden):
        await storage.exists("bucket", "a")


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"start_offset": "dir/1", "end_offset": "other/3"}, ["dir/1", "dir/sub/2"]),
        ({"delimiter": "/"}, ["a", "z"]),
        ({"delimiter": "/", "include_trailing_delimiter": True}, ["a", "dir/", "z"]),
        ({"prefix": "dir/", "delimiter": "/"}, ["dir/", "dir/1"]),
        ({"match_glob": "**/[0-9]"}, ["dir/1", "dir/sub/2", "other/3"]),
        ({"fields": "items(name)", "page_size": 1}, NAMES),
        ({"projection": "full", "prefix": "z"}, ["z"]),
    ],
)
async def test_lists(storage: Storage, options: dict[str, Any], expected: list[str]) -> None:
    assert await names_of(storage, **options) == expected


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("page_size", [1, 2, None])
async def test_folders_come_with_the_pages(storage: Storage, page_size: int | None) -> None:
    pages = [
        page
        async for page in storage.iter_object_pages("bucket", delimiter="/", page_size=page_size)
    ]
    assert [prefix for page in pages for prefix in page.prefixes] == ["dir/", "other/"]
    assert [item["name"] for page in pages for item in page.items] == ["a", "z"]


async def test_the_bucket_takes_the_same_keywords(stored: EmulatorHandle, storage: Storage) -> None:
    bucket = storage.get_bucket("bucket")
    found = [item["name"] async for item in bucket.iter_objects("dir/", end_offset="dir/2")]
    assert found == ["dir/", "dir/1"]
    assert len(stored.log) == 1


@pytest.mark.parametrize("options", [{"page_size": 0}, {"versions": True, "soft_deleted": True}])
async def test_a_list_that_cannot_be(
    gcs: EmulatorHandle, storage: Storage, options: dict[str, Any]
) -> None:
    with pytest.raises(InvalidArgument):
        await names_of(storage, **options)
    with pytest.raises(TypeError, match="'zebra'"):
        await names_of(storage, zebra=1)
    assert len(gcs.log) == 0


async def test_versions(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.create_bucket("bucket", versioning={"enabled": True})
    generations = [gcs.put("bucket", "a", data)["generation"] for data in (b"1", b"2")]
    found = [item async for item in storage.iter_objects("bucket", versions=True)]
    assert [item["generation"] for item in found] == generations
    old = int(generations[0])
    patched = await storage.patch_metadata("bucket", "a", {"contentType": "x/y"}, generation=old)
    assert patched["generation"] == str(old)
    await storage.delete("bucket", "a", generation=old)
    left = [item async for item in storage.iter_objects("bucket", versions=True)]
    assert [item["generation"] for item in left] == generations[1:]


async def test_restoring(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.create_bucket("bucket", softDeletePolicy={"retentionDurationSeconds": "604800"})
    gcs.put("bucket", "a", b"data")
    await storage.delete("bucket", "a")
    (gone,) = [item async for item in storage.iter_objects("bucket", soft_deleted=True)]
    assert "softDeleteTime" in gone
    generation = int(gone["generation"])
    new_only = Preconditions(if_generation_match=0)
    gcs.arm_next("storage.objects.restore", "return-503")
    restored = await storage.restore("bucket", "a", generation, preconditions=new_only)
    assert restored["name"] == "a"
    assert gcs.read("bucket", "a") == b"data"
    with pytest.raises(PreconditionFailed):
        await storage.restore("bucket", "a", generation, preconditions=new_only)
    with pytest.raises(NotFound):
        await storage.restore("bucket", "a", 5)


async def test_updating_resets_what_is_not_said(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.put("bucket", "a", b"", contentType="text/plain", metadata={"k": "v"})
    resource = {"contentType": "image/png"}
    updated = await storage.update_metadata("bucket", "a", resource)
    assert (updated["contentType"], updated.get("metadata")) == ("image/png", None)
    assert resource == {"contentType": "image/png"}
    patched = await storage.patch_metadata("bucket", "a", {"metadata": {"n": "1"}})
    assert (patched["contentType"], patched["metadata"]) == ("image/png", {"n": "1"})


@pytest.mark.parametrize("call", ["patch_metadata", "update_metadata"])
async def test_changes_are_repeated_only_with_a_metageneration(
    gcs: EmulatorHandle, storage: Storage, call: str
) -> None:
    gcs.put("bucket", "a", b"")
    operation = f"storage.objects.{call.partition('_')[0]}"
    change: Any = getattr(storage, call)
    gcs.arm_next(operation, "return-503")
    with pytest.raises(ServerError):
        await change("bucket", "a", {})
    gcs.arm_next(operation, "return-503")
    known = Preconditions(if_metageneration_match=1)
    await change("bucket", "a", {}, preconditions=known)
    assert len(gcs.log) == 3
    with pytest.raises(PreconditionFailed):
        await change("bucket", "a", {}, preconditions=known)


async def test_holds_times_and_contexts(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.put("bucket", "a", b"")
    held = await storage.set_holds("bucket", "a", temporary=True)
    assert held["temporaryHold"] is True
    with pytest.raises(Forbidden):
        await storage.delete("bucket", "a")
    released = await storage.set_holds("bucket", "a", temporary=False, event_based=False)
    assert not released.get("temporaryHold")
    moment = datetime(2030, 1, 2, tzinfo=UTC)
    await storage.set_custom_time("bucket", "a", moment)
    assert (await storage.stat("bucket", "a")).custom_time == moment
    labelled = await storage.set_contexts("bucket", "a", {"team": "x"})
    assert labelled["contexts"]["custom"]["team"]["value"] == "x"
    assert len(gcs.log) == 6
    with pytest.raises(InvalidArgument):
        await storage.set_holds("bucket", "a")


async def test_the_state_of_one_generation(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.create_bucket("kept", versioning={"enabled": True})
    old = int(gcs.put("kept", "a", b"old")["generation"])
    gcs.put("kept", "a", b"new")
    moment = datetime(2030, 1, 2, tzinfo=UTC)
    await storage.set_holds("kept", "a", temporary=True, generation=old)
    await storage.set_custom_time("kept", "a", moment, generation=old)
    await storage.set_contexts("kept", "a", {"team": "x"}, generation=old)
    found = await storage.stat("kept", "a", generation=old)
    assert (found.custom_time, found.metageneration) == (moment, 4)
    assert (await storage.stat("kept", "a")).metageneration == 1


async def test_concurrent_calls_share_what_the_caller_passes(
    stored: EmulatorHandle, storage: Storage
) -> None:
    headers, params = {"x-own": "1"}, {"fields": "name,metadata"}
    metadata = {"metadata": {"k": "v"}}
    shared: dict[str, Any] = {"headers": headers, "params": params}
    await asyncio.gather(
        *(storage.patch_metadata("bucket", name, metadata, **shared) for name in NAMES),
        *(storage.copy("bucket", name, "bucket", new_name=f"{name}2", headers=headers)
          for name in NAMES),
    )  # fmt: skip
    assert headers == {"x-own": "1"}
    assert params == {"fields": "name,metadata"}
    assert metadata == {"metadata": {"k": "v"}}
    assert len(stored.log) == 2 * len(NAMES)
