"""Copies and moves: every call of a rewrite, its progress, and going on where it broke."""

import json
from typing import Any

import aiohttp
import pytest
from sample_data import patterned

from storage_stream import Preconditions, Progress, ProgressSnapshot, Storage
from storage_stream.errors import (
    InvalidArgument,
    InvalidName,
    NotFound,
    PreconditionFailed,
    ServerError,
)
from storage_stream.testing.emulator_handle import EmulatorHandle

MIB = 1024 * 1024
DATA = patterned(3 * MIB + 5)
REWRITE, DELETE, GET = "storage.objects.rewrite", "storage.objects.delete", "storage.objects.get"
NEW_ONLY = Preconditions(if_generation_match=0)


@pytest.fixture
def stored(gcs: EmulatorHandle) -> EmulatorHandle:
    gcs.put("bucket", "a/é", DATA, contentType="text/plain", metadata={"k": "v"})
    gcs.create_bucket("other")
    return gcs


def operations(gcs: EmulatorHandle) -> list[str | None]:
    return [entry.operation for entry in gcs.log]


async def test_a_copy_in_one_request(stored: EmulatorHandle, storage: Storage) -> None:
    answer = await storage.copy("bucket", "a/é", "other")
    assert answer["done"] is True
    assert answer["resource"]["contentType"] == "text/plain"
    assert stored.read("other", "a/é") == DATA
    assert operations(stored) == [REWRITE]


async def test_a_copy_with_a_name_and_metadata(stored: EmulatorHandle, storage: Storage) -> None:
    metadata = {"Content-Type": "image/png", "metadata": {"n": 1}}
    await storage.copy("bucket", "a/é", "bucket", new_name="b", metadata=metadata)
    assert metadata == {"Content-Type": "image/png", "metadata": {"n": 1}}
    copied = stored.metadata("bucket", "b")
    assert (copied["contentType"], copied["metadata"]) == ("image/png", {"n": "1"})


async def test_all_calls_with_progress(stored: EmulatorHandle, storage: Storage) -> None:
    told: list[tuple[int, int | None]] = []
    progress = Progress(lambda now: told.append((now.bytes_confirmed, now.bytes_total)), interval=0)
    answer = await storage.copy(
        *("bucket", "a/é", "other"),
        max_bytes_per_call=MIB,
        progress=progress,
    )
    size = len(DATA)
    assert told == [(MIB, size), (2 * MIB, size), (3 * MIB, size), (size, size)]
    assert answer["resource"]["name"] == "a/é"
    assert operations(stored) == [REWRITE] * 4
    assert stored.read("other", "a/é") == DATA


async def test_a_copy_that_breaks_goes_on_in_another_client(
    stored: EmulatorHandle, storage: Storage
) -> None:
    stored.arm_next(REWRITE, "pass", "pass", "return-503")
    metadata = {"contentType": "a/b"}
    with pytest.raises(ServerError) as caught:
        await storage.copy("bucket", "a/é", "other", metadata=metadata, max_bytes_per_call=MIB)
    assert len(stored.log) == 3, "not repeated: nothing says what it may replace"
    assert isinstance(caught.value, aiohttp.ClientResponseError)
    state = json.loads(json.dumps(caught.value.state))
    told: list[int] = []
    async with Storage(retry=storage._defaults.retry) as another:
        progress = Progress(lambda now: told.append(now.bytes_confirmed), interval=0)
        await another.resume_copy(state, progress=progress)
    assert told == [3 * MIB, len(DATA)]
    assert stored.metadata("other", "a/é")["contentType"] == "a/b"
    assert len(stored.log) == 5


async def test_a_token_as_gcloud_aio_storage_takes_it(
    stored: EmulatorHandle, storage: Storage
) -> None:
    stored.arm_next(REWRITE, "pass", "return-503")
    with pytest.raises(ServerError) as caught:
        await storage.copy("bucket", "a/é", "other", max_bytes_per_call=MIB)
    assert caught.value.state is not None
    params = {"rewriteToken": caught.value.state["token"]}
    answer = await storage.copy("bucket", "a/é", "other", params=params)
    assert answer["totalBytesRewritten"] == str(len(DATA))
    assert list(params) == ["rewriteToken"]
    assert len(stored.log) == 3


async def test_the_first_call_has_no_state(stored: EmulatorHandle, storage: Storage) -> None:
    with pytest.raises(NotFound) as caught:
        await storage.copy("bucket", "none", "other")
    assert caught.value.state is None
    assert len(stored.log) == 1
    with pytest.raises(InvalidArgument):
        await storage.resume_copy({"kind": "upload"})


async def test_a_precondition_makes_a_copy_repeatable(
    stored: EmulatorHandle, storage: Storage
) -> None:
    stored.arm_next(REWRITE, "return-503", "pass", "return-reset-connection")
    await storage.copy("bucket", "a/é", "other", max_bytes_per_call=2 * MIB, preconditions=NEW_ONLY)
    assert len(stored.log) == 4
    with pytest.raises(PreconditionFailed):
        await storage.copy("bucket", "a/é", "other", preconditions=NEW_ONLY)


async def test_preconditions_on_the_source(stored: EmulatorHandle, storage: Storage) -> None:
    generation = int(stored.metadata("bucket", "a/é")["generation"])
    await storage.copy(
        *("bucket", "a/é", "other"),
        preconditions=Preconditions(if_source_generation_match=generation),
    )
    with pytest.raises(PreconditionFailed):
        await storage.copy(
            *("bucket", "a/é", "other"),
            preconditions=Preconditions(if_source_generation_match=generation + 1),
        )
    with pytest.raises(NotFound):
        await storage.copy("bucket", "a/é", "other", generation=generation + 1)


async def test_renaming_is_one_request(stored: EmulatorHandle, storage: Storage) -> None:
    moved = await storage.rename("bucket", "a/é", "b/c")
    assert (moved["name"], moved["metadata"]) == ("b/c", {"k": "v"})
    assert [item["name"] for item in stored.objects("bucket")] == ["b/c"]
    assert operations(stored) == ["storage.objects.move"]


async def test_moving_within_a_bucket_is_renaming(stored: EmulatorHandle, storage: Storage) -> None:
    generation = int(stored.metadata("bucket", "a/é")["generation"])
    stored.arm_next("storage.objects.move", "return-503")
    await storage.move(
        *("bucket", "a/é", "bucket"),
        new_name="b",
        preconditions=Preconditions(if_source_generation_match=generation),
    )
    assert operations(stored) == ["storage.objects.move"] * 2
    with pytest.raises(InvalidArgument, match="its own name"):
        await storage.move("bucket", "b", "bucket")


async def test_moving_between_buckets(stored: EmulatorHandle, storage: Storage) -> None:
    told: list[int] = []
    moved = await storage.move(
        "bucket",
        "a/é",
        "other",
        new_name="b",
        progress=lambda now: told.append(now.bytes_confirmed),
    )
    assert (moved["bucket"], moved["name"]) == ("other", "b")
    assert told == [len(DATA)]
    assert stored.objects("bucket") == []
    assert stored.read("other", "b") == DATA
    assert operations(stored) == [GET, REWRITE, DELETE]


async def test_moving_with_the_sources_generation_costs_no_look(
    stored: EmulatorHandle, storage: Storage
) -> None:
    generation = int(stored.metadata("bucket", "a/é")["generation"])
    known = Preconditions(if_generation_match=0, if_source_generation_match=generation)
    await storage.move("bucket", "a/é", "other", preconditions=known)
    assert operations(stored) == [REWRITE, DELETE]


async def test_a_source_that_is_overwritten_meanwhile_stays(
    stored: EmulatorHandle, storage: Storage
) -> None:
    def overwrite(_: ProgressSnapshot) -> None:
        stored.put("bucket", "a/é", b"newer")

    with pytest.raises(PreconditionFailed, match="gs://bucket/a/é"):
        await storage.move("bucket", "a/é", "other", progress=overwrite)
    assert stored.read("bucket", "a/é") == b"newer"
    assert stored.read("other", "a/é") == DATA


async def test_what_cannot_be_moved_leaves_the_source(
    stored: EmulatorHandle, storage: Storage
) -> None:
    stored.put("other", "a/é", b"there")
    with pytest.raises(PreconditionFailed):
        await storage.move("bucket", "a/é", "other", preconditions=NEW_ONLY)
    assert stored.read("bucket", "a/é") == DATA
    with pytest.raises(NotFound):
        await storage.move("bucket", "none", "other")


@pytest.mark.parametrize("wrong", ["", "..", "a\nb"])
async def test_names_are_checked(gcs: EmulatorHandle, storage: Storage, wrong: str) -> None:
    calls: list[Any] = [
        lambda: storage.copy("bucket", "a", "other", new_name=wrong or "\r"),
        lambda: storage.copy("bucket", wrong, "other"),
        lambda: storage.copy(wrong, "a", "other"),
        lambda: storage.rename("bucket", "a", wrong),
        lambda: storage.move("bucket", "a", wrong),
    ]
    for call in calls:
        with pytest.raises(InvalidName):
            await call()
    assert len(gcs.log) == 0


async def test_who_pays(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.create_bucket("paid", billing={"requesterPays": True})
    await storage.upload("paid", "a", b"data", user_project="p")
    gcs.create_bucket("other")
    gcs.log.clear()
    await storage.copy("paid", "a", "other", user_project="p")
    await storage.rename("paid", "a", "b", user_project="p")
    await storage.move("paid", "b", "other", user_project="p")
    assert all("userProject=p" in entry.query for entry in gcs.log)
    assert len(gcs.log) == 5
