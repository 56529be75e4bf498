"""Many objects deleted: few requests, an account of each, and nothing lost on the way."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from typing import Any

import pytest
from cancelling import Moment, cancelled_at
from leaks import nothing_under_way

from storage_stream import Preconditions, Storage
from storage_stream.errors import (
    Forbidden,
    InvalidArgument,
    InvalidName,
    NotFound,
    PreconditionFailed,
    ServerError,
    UsageError,
)
from storage_stream.testing.emulator_handle import EmulatorHandle

LIST, BATCH, DELETE = "storage.objects.list", "storage.batch", "storage.objects.delete"


def fill(gcs: EmulatorHandle, count: int, **bucket: Any) -> list[str]:
    gcs.create_bucket("bucket", **bucket)
    names = [f"folder/é{number:04}" for number in range(count)]
    for name in names:
        gcs.put("bucket", name, b"x")
    return names


def left(gcs: EmulatorHandle, **query: str) -> list[str]:
    return [item["name"] for item in gcs.objects("bucket", **query)]


def operations(gcs: EmulatorHandle) -> list[str | None]:
    return [entry.operation for entry in gcs.log]


@pytest.mark.parametrize("kind", ["list", "iterator", "async iterator"])
async def test_names_from_anywhere(gcs: EmulatorHandle, storage: Storage, kind: str) -> None:
    names = fill(gcs, 250)

    async def slowly() -> AsyncIterator[str]:
        for name in names[:-1]:
            await asyncio.sleep(0)
            yield name

    sources: dict[str, Any] = {
        "list": names[:-1],
        "iterator": iter(names[:-1]),
        "async iterator": slowly(),
    }
    summary = await storage.delete_many("bucket", sources[kind])
    assert (summary.deleted, summary.missing, summary.failed) == (249, 0, 0)
    assert (summary.failures, summary.unsettled) == ([], [])
    assert left(gcs) == names[-1:]
    assert operations(gcs) == [BATCH] * 3


async def test_results_as_they_come(gcs: EmulatorHandle, storage: Storage) -> None:
    names = fill(gcs, 120)
    deletion = storage.delete_many("bucket", [*names, "missing", "", "x" * 1025])
    results = {result.name: result async for result in deletion}
    assert all(results[name].error is None and results[name].existed for name in names)
    assert isinstance(results["missing"].error, NotFound)
    assert results["missing"].error.subject == "gs://bucket/missing"
    assert results["missing"].existed is False
    assert results[""].existed is None
    assert isinstance(results[""].error, InvalidName)
    assert isinstance(results["x" * 1025].error, InvalidName)
    assert (deletion.deleted, deletion.failed) == (120, 3)
    assert repr(deletion) == "<Deletion 120 deleted, 0 missing, 3 failed>"


async def test_a_summary_has_the_failures(gcs: EmulatorHandle, storage: Storage) -> None:
    names = fill(gcs, 2)
    summary = await storage.delete_many("bucket", [*names, "missing"])
    assert [failure.name for failure in summary.failures] == ["missing"]
    again = await storage.delete_many("bucket", names, missing_ok=True)
    assert (again.deleted, again.missing, again.failed) == (0, 2, 0)


async def test_only_the_generation_that_a_resource_names(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    fill(gcs, 0)
    old = gcs.put("bucket", "a", b"old")
    gcs.put("bucket", "a", b"new")
    kept = gcs.put("bucket", "b", b"kept")
    summary = await storage.delete_many("bucket", [old, kept])
    assert summary.deleted == 1
    (failure,) = summary.failures
    assert isinstance(failure.error, PreconditionFailed)
    assert failure.generation == int(old["generation"])
    assert left(gcs) == ["a"]


async def test_nothing_to_delete(gcs: EmulatorHandle, storage: Storage) -> None:
    assert (await storage.delete_many("bucket", [])).deleted == 0
    assert len(gcs.log) == 0
    await storage.delete_many("bucket", [""])
    assert len(gcs.log) == 0


async def test_a_prefix(gcs: EmulatorHandle, storage: Storage) -> None:
    names = fill(gcs, 205)
    gcs.put("bucket", "other", b"x")
    summary = await storage.delete_prefix("bucket", "folder/")
    assert (summary.deleted, summary.failed) == (len(names), 0)
    assert left(gcs) == ["other"]
    assert sorted(map(str, operations(gcs))) == [BATCH] * 3 + [LIST]


async def test_what_was_overwritten_since_it_was_listed_stays(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    fill(gcs, 0)
    listed = gcs.put("bucket", "a", b"old")
    newer = gcs.put("bucket", "a", b"new")
    summary = await storage.delete_many("bucket", [listed])
    assert isinstance(summary.failures[0].error, PreconditionFailed)
    assert gcs.metadata("bucket", "a")["generation"] == newer["generation"]


async def test_what_is_gone_is_missing_whatever_the_repeat_was_told(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    fill(gcs, 0)
    gone = gcs.put("bucket", "a", b"x")
    await storage.delete("bucket", "a")
    gcs.arm_next(DELETE, "return-412")
    summary = await storage.delete_many("bucket", [gone], missing_ok=True)
    assert (summary.deleted, summary.missing, summary.failed) == (0, 1, 0)


async def test_a_prefix_has_no_generation(gcs: EmulatorHandle, storage: Storage) -> None:
    fill(gcs, 2)
    with pytest.raises(InvalidArgument, match="generation"):
        await storage.delete_prefix(
            "bucket", "", preconditions=Preconditions(if_generation_match=7)
        )
    assert len(gcs.log) == 0
    unchanged = Preconditions(if_metageneration_match=1)
    assert (await storage.delete_prefix("bucket", "", preconditions=unchanged)).deleted == 2


async def test_versions_stay_unless_they_are_asked_for(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    fill(gcs, 0, versioning={"enabled": True})
    for data in (b"1", b"2"):
        gcs.put("bucket", "a", data)
    assert (await storage.delete_prefix("bucket", "")).deleted == 1
    assert left(gcs) == []
    assert left(gcs, versions="true") == ["a", "a"]
    assert (await storage.delete_prefix("bucket", "", versions=True)).deleted == 2
    assert left(gcs, versions="true") == []


async def test_passing_errors_of_single_objects_are_overcome(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    names = fill(gcs, 50)
    gcs.arm_next(DELETE, *["pass", "return-503"] * 10, *["return-429"] * 3)
    summary = await storage.delete_prefix("bucket", "folder/")
    assert (summary.deleted, summary.failed) == (len(names), 0)
    assert operations(gcs) == [LIST, BATCH, BATCH]
    assert len(gcs.log[2].calls) == 13, "only what failed goes again"


async def test_without_a_generation_only_what_was_never_done_goes_again(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    names = fill(gcs, 10)
    gcs.arm_next(DELETE, "return-503", "return-429")
    summary = await storage.delete_many("bucket", names)
    assert (summary.deleted, summary.failed) == (9, 1)
    assert isinstance(summary.failures[0].error, ServerError)
    assert summary.failures[0].error.attempts == 1
    assert len(gcs.log) == 2


async def test_a_whole_batch_that_fails(gcs: EmulatorHandle, storage: Storage) -> None:
    names = fill(gcs, 10)
    gcs.arm_next(BATCH, "return-503", "return-reset-connection")
    assert (await storage.delete_prefix("bucket", "folder/")).deleted == 10
    for name in names:
        gcs.put("bucket", name, b"x")
    gcs.arm_next(BATCH, "return-503")
    summary = await storage.delete_many("bucket", names)
    assert (summary.deleted, summary.failed) == (0, 10)
    assert [failure.error.subject for failure in summary.failures if failure.error] == [
        f"gs://bucket/{name}" for name in names
    ]


async def test_an_answer_that_is_lost(gcs: EmulatorHandle, storage: Storage) -> None:
    """It was carried out: what the repeat does not find was deleted by the attempt before."""
    fill(gcs, 10)
    gcs.arm_next(BATCH, "commit-then-drop")
    summary = await storage.delete_prefix("bucket", "folder/")
    assert (summary.deleted, summary.missing, summary.failed) == (10, 0, 0)
    assert left(gcs) == []


async def test_the_budget_ends(gcs: EmulatorHandle, storage: Storage) -> None:
    fill(gcs, 3)
    gcs.arm_next(DELETE, *["return-503"] * 9)
    summary = await storage.delete_prefix("bucket", "folder/", retries=2)
    assert (summary.deleted, summary.failed) == (0, 3)
    assert {failure.error.attempts for failure in summary.failures if failure.error} == {3}
    assert len(gcs.log) == 4


async def test_a_list_that_fails_comes_behind_the_results(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    fill(gcs, 150)

    def names() -> Iterator[str]:
        for item in gcs.objects("bucket"):
            yield item["name"]
        raise RuntimeError("the source broke")

    deletion = storage.delete_many("bucket", names())
    results = aiter(deletion)
    assert [(await anext(results)).error for _ in range(150)] == [None] * 150
    with pytest.raises(RuntimeError, match="the source broke"):
        await anext(results)
    assert deletion.deleted == 150
    gcs.arm_next(LIST, "return-403")
    with pytest.raises(Forbidden):
        await storage.delete_prefix("bucket", "")


async def test_no_bucket(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.arm_next(LIST, "return-404")
    with pytest.raises(NotFound, match="gs://none-such"):
        await storage.delete_prefix("none-such", "a")
    assert len(gcs.log) == 1


async def test_left_early_it_tells_what_it_did(gcs: EmulatorHandle, storage: Storage) -> None:
    fill(gcs, 500)
    deletion = storage.delete_prefix("bucket", "", concurrency=2)
    async with aclosing(deletion):
        async for _result in deletion:
            break
    await nothing_under_way(storage)
    settled = deletion.deleted + deletion.missing + deletion.failed
    assert settled % 100 == 0
    assert settled + len(deletion.unsettled) <= 500
    gone = 500 - len(left(gcs))
    assert deletion.deleted <= gone <= deletion.deleted + len(deletion.unsettled)


async def test_it_runs_once(gcs: EmulatorHandle, storage: Storage) -> None:
    fill(gcs, 1)
    deletion = storage.delete_prefix("bucket", "")
    await deletion
    with pytest.raises(UsageError, match="already"):
        await deletion
    with pytest.raises(UsageError, match="already"):
        aiter(deletion)


async def test_nothing_is_sent_before_it_is_wanted(gcs: EmulatorHandle, storage: Storage) -> None:
    unused = storage.delete_prefix("bucket", "")
    await unused.aclose()
    assert len(gcs.log) == 0


@pytest.mark.parametrize("moment", list(Moment))
async def test_cancelled_anywhere(gcs: EmulatorHandle, storage: Storage, moment: Moment) -> None:
    for k in range(1000):
        for number in range(3):
            gcs.put("bucket", f"{number}", b"x")
        deletion = storage.delete_prefix("bucket", "")

        async def run(deletion: Any = deletion) -> None:
            await deletion

        if not await cancelled_at(run(), k, moment):
            break
        await nothing_under_way(storage)
        known = {item["name"] for item in gcs.objects("bucket")} | set(deletion.unsettled)
        assert deletion.deleted in {0, 3}
        assert deletion.deleted == 3 or known == {"0", "1", "2"}
    else:
        raise AssertionError("it never came to its end")


@pytest.mark.parametrize("names", ["text", b"bytes", {"name": "a"}])
async def test_one_name_is_not_several(storage: Storage, names: Any) -> None:
    with pytest.raises(InvalidArgument, match="several"):
        storage.delete_many("bucket", names)


async def test_bad_input(storage: Storage) -> None:
    calls: list[Callable[[], object]] = [
        lambda: storage.delete_many("bucket", [], concurrency=0),
        lambda: storage.delete_prefix("bucket", "", concurrency=-1),
    ]
    for call in calls:
        with pytest.raises(InvalidArgument, match="concurrency"):
            call()
    with pytest.raises(InvalidName):
        storage.delete_many("a/b", [])
    with pytest.raises(InvalidName):
        storage.delete_prefix("", "")
    with pytest.raises(TypeError, match="'zebra'"):
        storage.delete_prefix("bucket", "", zebra=1)  # type: ignore[call-arg] # that is the point


async def test_who_pays(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.create_bucket("paid", billing={"requesterPays": True})
    await storage.upload("paid", "a", b"data", user_project="p")
    assert (await storage.delete_prefix("paid", "", user_project="p")).deleted == 1


@pytest.mark.parametrize("prefix", [None, 5, b"d", False, ["d/"]], ids=repr)
async def test_a_prefix_is_text(gcs: EmulatorHandle, storage: Storage, prefix: Any) -> None:
    names = fill(gcs, 2)
    with pytest.raises(TypeError, match="the prefix is text"):
        storage.delete_prefix("bucket", prefix)
    with pytest.raises(TypeError, match="the prefix is text"):
        storage.get_bucket("bucket").delete_prefix(prefix)
    assert (operations(gcs), left(gcs)) == ([], names)


async def test_an_empty_prefix_means_everything(gcs: EmulatorHandle, storage: Storage) -> None:
    fill(gcs, 2)
    gcs.put("bucket", "elsewhere", b"")
    assert (await storage.get_bucket("bucket").delete_prefix("")).deleted == 3
    assert left(gcs) == []


async def test_whether_a_held_object_was_there_is_left_open(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    gcs.create_bucket("bucket")
    gcs.put("bucket", "held", b"", temporaryHold=True)
    summary = await storage.delete_many("bucket", ["held"])
    assert isinstance(summary.failures[0].error, Forbidden)
    assert summary.failures[0].existed is None
    gone = await storage.delete_many("bucket", ["none"], missing_ok=True)
    assert (gone.missing, gone.failures) == (1, [])
