"""Runs of many by other processes: the same results, and no process left behind."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from leaks import names_in, nothing_under_way, until

from storage_stream import Environment, Progress, Storage
from storage_stream.errors import ObjectChanged, ServerError, TransferError, UsageError

if TYPE_CHECKING:
    from storage_stream.testing.emulator_handle import EmulatorHandle

GET = "storage.objects.get"

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/task").exists(), reason="finds the processes as Linux tells them"
)


def _children() -> list[int]:
    text = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii")
    return [int(word) for word in text.split()]


def _fill(gcs: EmulatorHandle, count: int) -> None:
    for number in range(count):
        gcs.put("bucket", f"{number:03}", f"data {number}".encode())
    gcs.log.clear()


async def test_the_same_as_in_one(gcs: EmulatorHandle, storage: Storage, tmp_path: Path) -> None:
    _fill(gcs, 40)
    gcs.put("bucket", "large", bytes(2_000_000))
    gcs.put("bucket", "../bad", b"")
    gcs.arm_next(GET, "return-404", "return-503")
    progress = Progress()
    target = tmp_path / "to"
    run = await storage.download_many("bucket", "", target, processes=2, progress=progress)
    assert (run.done, run.failed) == (40, 2)
    assert ObjectChanged in {type(result.error) for result in run.failures}
    assert len(names_in(target)) == 40
    assert progress.snapshot().bytes_confirmed == run.bytes
    assert progress.snapshot().attempts == 42
    assert _children() == []
    run = await storage.upload_many("bucket", target, prefix="up/", processes=2)
    assert (run.done, run.failed) == (40, 0)
    run = await storage.sync(target, "gs://bucket/up", processes=2)
    assert (run.done, run.skipped) == (0, 40)
    await nothing_under_way(storage)


async def test_cancelling_ends_them(gcs: EmulatorHandle, storage: Storage, tmp_path: Path) -> None:
    _fill(gcs, 30)
    gcs.arm_next(GET, *["stall-for-600s-after-0K"] * 4)
    run = storage.download_many("bucket", "", tmp_path, processes=2)

    async def consume() -> None:
        async for _ in run:
            pass

    task = asyncio.create_task(consume())
    await until(lambda: run.done == 26, lambda: f"{run!r}")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert _children() == []
    assert len(run.unsettled) == 4
    assert len(names_in(tmp_path)) == 26


async def test_one_that_crashes_costs_what_it_had(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path
) -> None:
    _fill(gcs, 30)
    gcs.arm_next(GET, *["stall-for-600s-after-0K"] * 2)
    run = storage.download_many("bucket", "", tmp_path, processes=1, concurrency=4)
    errors: list[Any] = []
    crashed: list[int] = []
    async for result in run:
        if result.error is not None:
            errors.append(result.error)
        elif run.done >= 10 and not crashed:  # several are told at a time: 10 may be passed by
            (child,) = crashed = _children()
            os.kill(child, signal.SIGKILL)
    assert run.done + run.failed == 30
    assert 2 <= run.failed <= 6
    assert {type(error) for error in errors} == {TransferError}
    assert _children() == []


async def test_refusals_come_whole(gcs: EmulatorHandle, storage: Storage, tmp_path: Path) -> None:
    _fill(gcs, 1)
    gcs.arm_next(GET, "return-500")
    run = await storage.download_many("bucket", "", tmp_path, processes=1, retries=0)
    (failed,) = run.failures
    assert isinstance(failed.error, ServerError)
    assert isinstance(failed.error, aiohttp.ClientResponseError)
    assert (failed.error.status, failed.error.subject) == (500, "gs://bucket/000")


class _Dying(Storage):
    """Whose process ends with some of the objects."""

    async def download(
        self, bucket: str, object_name: str, *arguments: Any, **keywords: Any
    ) -> Any:
        if object_name.startswith("deadly"):
            os._exit(3)
        return await super().download(bucket, object_name, *arguments, **keywords)


async def test_one_that_was_given_up_gets_nothing_more(gcs: EmulatorHandle, tmp_path: Path) -> None:
    deadly = [f"deadly {number}" for number in range(4)]
    _fill(gcs, 5)
    for name in deadly:
        gcs.put("bucket", name, b"")
    async with _Dying() as client:
        listed = client.download_many("bucket", "", tmp_path, processes=2, concurrency=1)
        failed = [result.source async for result in listed if result.error is not None]
    assert sorted(failed) == [f"gs://bucket/{name}" for name in deadly]
    assert names_in(tmp_path) == [f"{number:03}" for number in range(5)]


class _Wrong(Storage):
    """With a mistake that is no error of a transfer's."""

    async def download(self, *_arguments: Any, **_keywords: Any) -> bytes:
        nothing: dict[str, bytes] = {}
        return nothing["missing"]


@pytest.mark.parametrize("processes", [0, 1])
async def test_a_mistake_ends_the_run(gcs: EmulatorHandle, tmp_path: Path, processes: int) -> None:
    _fill(gcs, 1)
    async with _Wrong() as client:
        with pytest.raises(KeyError, match="missing"):
            await client.download_many("bucket", "", tmp_path, processes=processes)
    assert _children() == []


async def test_clients_that_cannot_be_made_again(gcs: EmulatorHandle, tmp_path: Path) -> None:
    class Token:
        async def get(self) -> str:
            return "token"

    for arguments in ({"token": Token()}, {"environment": Environment()}):
        made: Any = arguments
        async with Storage(**made) as storage:
            with pytest.raises(UsageError, match="another process"):
                storage.download_many("bucket", "", tmp_path, processes=1)
    async with Storage() as storage, aiohttp.ClientSession() as session:
        with pytest.raises(UsageError, match="session"):
            storage.download_many("bucket", "", tmp_path, processes=1, session=session)
        with pytest.raises(UsageError, match="cannot make"):
            storage.upload_many(
                "bucket", tmp_path, processes=1, metadata={"metadata": lambda: None}
            )
    assert len(gcs.log) == 0
