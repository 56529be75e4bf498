"""Buckets: made, changed, listed, locked, deleted."""

from collections.abc import Callable
from typing import Any

import pytest
from scripted_server import ScriptedServer, head, reply

from storage_stream import Preconditions, Storage
from storage_stream.errors import (
    Conflict,
    InvalidArgument,
    PreconditionFailed,
    ServerError,
)
from storage_stream.testing.emulator_handle import EmulatorHandle

RULE = {"action": {"type": "Delete"}, "condition": {"age": 30}}


async def test_a_buckets_life(gcs: EmulatorHandle, storage: Storage) -> None:
    resource = {"location": "EU", "labels": {"a": "1"}, "versioning": {"enabled": True}}
    made = await storage.create_bucket("bucket", "project", resource)
    assert (made["location"], made["labels"]) == ("EU", {"a": "1"})
    assert resource == {"location": "EU", "labels": {"a": "1"}, "versioning": {"enabled": True}}
    with pytest.raises(Conflict):
        await storage.create_bucket("bucket", "project")
    await storage.delete_bucket("bucket")
    assert [item async for item in storage.iter_buckets("project")] == []
    assert len(gcs.log) == 4


async def test_what_is_set_of_a_bucket(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.create_bucket("bucket", labels={"a": "1", "gone": "2"})
    labelled = await storage.set_labels("bucket", {"b": "3", "gone": None})
    assert labelled["labels"] == {"a": "1", "b": "3"}
    ruled = await storage.set_lifecycle("bucket", [RULE])
    assert ruled["lifecycle"] == {"rule": [RULE]}
    assert "lifecycle" not in await storage.set_lifecycle("bucket", [])
    versioned = await storage.set_versioning("bucket", enabled=True)
    assert versioned["versioning"] == {"enabled": True}
    kept = await storage.set_soft_delete("bucket", 604800)
    assert kept["softDeletePolicy"]["retentionDurationSeconds"] == "604800"
    assert {entry.operation for entry in gcs.log} == {"storage.buckets.patch"}
    assert len(gcs.log) == 5


async def test_updating_resets_what_is_not_said(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.create_bucket("bucket", labels={"a": "1"})
    updated = await storage.update_bucket("bucket", {"versioning": {"enabled": True}})
    assert "labels" not in updated
    assert updated["versioning"] == {"enabled": True}


@pytest.mark.parametrize("call", ["patch_bucket", "update_bucket"])
async def test_changes_are_repeated_only_with_a_metageneration(
    gcs: EmulatorHandle, storage: Storage, call: str
) -> None:
    gcs.create_bucket("bucket")
    operation = f"storage.buckets.{call.partition('_')[0]}"
    change: Any = getattr(storage, call)
    gcs.arm_next(operation, "return-503")
    with pytest.raises(ServerError):
        await change("bucket", {})
    gcs.arm_next(operation, "return-503")
    known = Preconditions(if_metageneration_match=1)
    await change("bucket", {}, preconditions=known)
    assert len(gcs.log) == 3
    with pytest.raises(PreconditionFailed):
        await change("bucket", {}, preconditions=known)
    with pytest.raises(PreconditionFailed):
        await storage.delete_bucket("bucket", preconditions=known)


async def test_lists(gcs: EmulatorHandle, storage: Storage) -> None:
    for name in ("a-one", "a-two", "b-one"):
        gcs.create_bucket(name)
    found = [item["name"] async for item in storage.iter_buckets("p", prefix="a-", page_size=1)]
    assert found == ["a-one", "a-two"]
    assert len(gcs.log) == 2
    assert len([item async for item in storage.iter_buckets("p")]) == 3
    with pytest.raises(InvalidArgument, match="project"):
        await anext(storage.iter_buckets(""))


async def test_locking_a_retention_policy(storage_of: Callable[..., Storage]) -> None:
    """It cannot be undone, so that what is sent is looked at here; a repeat is safe."""
    body = b'{"retentionPolicy": {"isLocked": true}}'
    answers = [
        reply(head(503, "Content-Length: 0")),
        reply(head(200, f"Content-Length: {len(body)}") + body),
    ]
    async with ScriptedServer(answers) as server, storage_of(server) as storage:
        locked = await storage.lock_retention_policy("bucket", 7)
    assert locked["retentionPolicy"]["isLocked"] is True
    target = "/storage/v1/b/bucket/lockRetentionPolicy?ifMetagenerationMatch=7"
    assert [(asked.method, asked.target) for asked in server.asked] == [("POST", target)] * 2
