"""Compositions: any number of sources, and never a temporary object left."""

import asyncio
from typing import Any

import pytest
from cancelling import Moment, cancelled_at
from leaks import nothing_under_way, until

from storage_stream import Preconditions, Storage
from storage_stream._protocol.compose import ComposeSource
from storage_stream.errors import (
    InvalidArgument,
    InvalidName,
    NotFound,
    PreconditionFailed,
    ServerError,
)
from storage_stream.testing.emulator_handle import EmulatorHandle

COMPOSE, LIST, BATCH = "storage.objects.compose", "storage.objects.list", "storage.batch"


def fill(gcs: EmulatorHandle, count: int) -> list[str]:
    names = [f"part-{number:04}" for number in range(count)]
    for name in names:
        gcs.put("bucket", name, f"{name};".encode())
    gcs.log.clear()
    return names


def names_in(gcs: EmulatorHandle) -> set[str]:
    return {item["name"] for item in gcs.objects("bucket", versions="true")}


def operations(gcs: EmulatorHandle) -> list[str | None]:
    return [entry.operation for entry in gcs.log]


async def test_as_gcloud_aio_storage_says_it(gcs: EmulatorHandle, storage: Storage) -> None:
    names = fill(gcs, 3)
    made = await storage.compose("bucket", "all", names, content_type="text/plain")
    assert (made["contentType"], made["componentCount"]) == ("text/plain", 3)
    assert gcs.read("bucket", "all") == b"part-0000;part-0001;part-0002;"
    assert operations(gcs) == [COMPOSE]


async def test_generations_preconditions_and_metadata(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    gcs.create_bucket("bucket", versioning={"enabled": True})
    old = gcs.put("bucket", "a", b"old")
    new = gcs.put("bucket", "a", b"new")
    sources: list[Any] = [
        old,
        ComposeSource("a", int(old["generation"])),
        ComposeSource("a", if_generation_match=int(new["generation"])),
        "a",
    ]
    metadata = {"metadata": {"n": 1}}
    made = await storage.compose(
        "bucket", "all", sources, metadata=metadata, preconditions=Preconditions(0)
    )
    assert gcs.read("bucket", "all") == b"oldoldnewnew"
    assert made["metadata"] == {"n": "1"}
    assert metadata == {"metadata": {"n": 1}}
    with pytest.raises(PreconditionFailed):
        await storage.compose("bucket", "all", sources, preconditions=Preconditions(0))
    wrong = [ComposeSource("a", if_generation_match=1)]
    with pytest.raises(PreconditionFailed):
        await storage.compose("bucket", "all", wrong)


@pytest.mark.parametrize(
    ("count", "composes"),
    [(1, 1), (32, 1), (33, 2), (64, 3), (100, 5), (1025, 34)],
)
async def test_any_number(gcs: EmulatorHandle, storage: Storage, count: int, composes: int) -> None:
    names = fill(gcs, count)
    await storage.compose("bucket", "all", names)
    assert gcs.read("bucket", "all") == b"".join(f"{name};".encode() for name in names)
    assert names_in(gcs) == {*names, "all"}
    cleaning = [] if count <= 32 else [LIST, BATCH]
    assert operations(gcs) == [COMPOSE] * composes + cleaning


async def test_temporary_objects_go_for_good_where_versions_are_kept(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    gcs.create_bucket("bucket", versioning={"enabled": True})
    names = fill(gcs, 70)
    gcs.arm_next(COMPOSE, "commit-then-503")
    await storage.compose("bucket", "all", names)
    assert names_in(gcs) == {*names, "all"}


async def test_the_options_hold_for_every_level(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.create_bucket("bucket", billing={"requesterPays": True})
    names = [f"{number:02}" for number in range(40)]
    for name in names:
        await storage.upload("bucket", name, name, user_project="p")
    gcs.log.clear()
    await storage.compose(
        *("bucket", "all", names),
        user_project="p",
        preconditions=Preconditions(if_generation_match=0),
        headers={"x-own": "1"},
    )
    assert all("userProject=p" in entry.query for entry in gcs.log if entry.operation != BATCH)
    conditional = ["ifGenerationMatch" in entry.query for entry in gcs.log][:3]
    assert conditional == [False, False, True]
    assert [entry.headers.get("x-own") for entry in gcs.log][:3] == ["1"] * 3


async def test_a_failing_level_leaves_nothing(gcs: EmulatorHandle, storage: Storage) -> None:
    names = fill(gcs, 100)
    with pytest.raises(NotFound, match="gs://bucket/"):
        await storage.compose("bucket", "all", [*names, "missing", "also missing"])
    assert names_in(gcs) == set(names)


async def test_a_failing_end_leaves_nothing(gcs: EmulatorHandle, storage: Storage) -> None:
    names = fill(gcs, 70)
    gcs.put("bucket", "all", b"there")
    with pytest.raises(PreconditionFailed):
        await storage.compose("bucket", "all", names, preconditions=Preconditions(0))
    assert names_in(gcs) == {*names, "all"}


async def test_passing_errors_of_temporary_objects_are_overcome(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    names = fill(gcs, 40)
    gcs.arm_next(COMPOSE, "return-503", "return-reset-connection", "return-503")
    await storage.compose("bucket", "all", names)
    assert gcs.read("bucket", "all") == b"".join(f"{name};".encode() for name in names)
    gcs.arm_next(COMPOSE, "pass", "pass", "return-503")
    with pytest.raises(ServerError):
        await storage.compose("bucket", "all", names)
    assert names_in(gcs) == {*names, "all"}


async def test_what_cannot_be_removed_is_said(gcs: EmulatorHandle, storage: Storage) -> None:
    names = fill(gcs, 40)
    gcs.arm_next(LIST, "return-403")
    with pytest.raises(Exception, match="403") as caught:
        await storage.compose("bucket", "all", names)
    assert "composed" in "".join(caught.value.__notes__)
    gcs.arm_next(LIST, "return-403")
    gcs.arm_next(COMPOSE, "pass", "pass", "return-404")
    with pytest.raises(NotFound) as failed:
        await storage.compose("bucket", "all", names)
    assert "is left" in "".join(failed.value.__notes__)


@pytest.mark.parametrize("moment", list(Moment))
async def test_cancelled_anywhere_it_leaves_nothing(
    gcs: EmulatorHandle, storage: Storage, moment: Moment
) -> None:
    names = fill(gcs, 70)
    for k in range(1000):
        if not await cancelled_at(storage.compose("bucket", "all", names), k, moment):
            break
        assert names_in(gcs) <= {*names, "all"}
        await nothing_under_way(storage)
    else:
        raise AssertionError("it never came to its end")
    assert k >= 3


async def test_cancelled_while_a_level_is_under_way(gcs: EmulatorHandle, storage: Storage) -> None:
    names = fill(gcs, 700)
    task = asyncio.create_task(storage.compose("bucket", "all", names))
    await until(lambda: len(gcs.log) >= 3, lambda: "no level begins")
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()  # twice: the removal goes on
    with pytest.raises(asyncio.CancelledError):
        await task
    assert names_in(gcs) == set(names)


async def test_bad_input(gcs: EmulatorHandle, storage: Storage) -> None:
    wrong: list[Any] = [[], "text"]
    for sources in wrong:
        with pytest.raises(InvalidArgument):
            await storage.compose("bucket", "all", sources)
    for bucket, name, source in (("", "a", "b"), ("bucket", "", "b"), ("bucket", "a", "")):
        with pytest.raises(InvalidName):
            await storage.compose(bucket, name, [source])
    assert len(gcs.log) == 0
