"""Cancelled at any await, a transfer leaves no connection, no task, no part of a file or object."""

import asyncio
import io
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from cancelling import Moment, cancelled_at
from leaks import names_in, nothing_under_way, pooled_connections, until
from sample_data import gzipped, patterned, text_lines
from standing_time import until_stalled

from storage_stream import Storage, StreamResponse
from storage_stream.testing.emulator_handle import EmulatorHandle

DATA = patterned(3_000_000)
TEXT = text_lines(1_000_000)
MOMENTS = pytest.mark.parametrize("moment", list(Moment))

Work = Callable[[Storage, Path], Awaitable[object]]


async def _read_stream(storage: Storage, _: Path) -> None:
    async with storage.download_stream("bucket", "name") as stream:
        while await stream.read(700_000):
            pass


async def _read_broken_stream(storage: Storage, _: Path) -> None:
    headers = {"x-goog-emulator-instructions": "drop-at-1000000"}
    async with storage.download_stream("bucket", "name", headers=headers) as stream:
        while stream.bytes_read < 1_000_000:
            await stream.read(250_000)


async def _read_lines(storage: Storage, _: Path) -> None:
    async with storage.download_stream("bucket", "text") as stream:
        async for _line in stream.iter_lines():
            pass


async def _list(storage: Storage, _: Path) -> None:
    names = [item["name"] async for item in storage.iter_objects("bucket", page_size=1)]
    assert names == ["name", "text"]


async def _upload_stream(storage: Storage, _: Path) -> None:
    with io.BytesIO(DATA) as file:
        await storage.upload("target", "new", file)


DOWNLOADS: dict[str, Work] = {
    "download": lambda storage, _: storage.download("bucket", "name"),
    "download gzip": lambda storage, _: storage.download("bucket", "text"),
    "download_stream": _read_stream,
    "download_stream that breaks": _read_broken_stream,
    "iter_lines": _read_lines,
    "download_metadata": lambda storage, _: storage.download_metadata("bucket", "name"),
    "list_objects": lambda storage, _: storage.list_objects("bucket"),
    "iter_objects": _list,
    "list_buckets": lambda storage, _: storage.list_buckets("project"),
}
UPLOADS: dict[str, Work] = {
    "bytes": lambda storage, _: storage.upload("target", "new", DATA),
    "path": lambda storage, folder: storage.upload("target", "new", folder / "source"),
    "file": _upload_stream,
}


async def _at_every_await(
    work: Callable[[], Awaitable[object]], moment: Moment, check: Callable[[], Awaitable[None]]
) -> int:
    """Returns: at how many awaits it was cancelled."""
    k = 0
    while await cancelled_at(work(), k, moment):
        await check()
        k += 1
    return k


@pytest.fixture
def stored(gcs: EmulatorHandle) -> EmulatorHandle:
    gcs.put("bucket", "name", DATA)
    gcs.put("bucket", "text", gzipped(TEXT), contentEncoding="gzip")
    gcs.create_bucket("target")
    return gcs


async def _check_idle(storage: Storage, gcs: EmulatorHandle) -> None:
    await nothing_under_way(storage)

    def differences() -> tuple[int, int]:
        return gcs.open_connections, pooled_connections(storage)

    await until(lambda: len(set(differences())) == 1, lambda: f"open and pooled: {differences()}")


@MOMENTS
@pytest.mark.parametrize("name", DOWNLOADS)
async def test_a_read_cancelled_at_every_await(
    stored: EmulatorHandle, storage: Storage, tmp_path: Path, name: str, moment: Moment
) -> None:
    async def check() -> None:
        await _check_idle(storage, stored)

    waits = await _at_every_await(lambda: DOWNLOADS[name](storage, tmp_path), moment, check)
    assert waits >= 2
    assert await storage.download("bucket", "name") == DATA


@MOMENTS
@pytest.mark.parametrize("before", [None, b"what was there"])
async def test_a_file_cancelled_at_every_await(
    stored: EmulatorHandle, storage: Storage, tmp_path: Path, before: bytes | None, moment: Moment
) -> None:
    target = tmp_path / "file"

    def contents() -> bytes | None:
        return target.read_bytes() if target.exists() else None

    def set_back() -> None:
        target.unlink(missing_ok=True)
        if before is not None:
            target.write_bytes(before)

    async def check() -> None:
        await _check_idle(storage, stored)
        assert contents() in {before, DATA}
        assert set(names_in(tmp_path)) <= {"file"}
        set_back()

    set_back()
    waits = await _at_every_await(
        lambda: storage.download_to_filename("bucket", "name", target), moment, check
    )
    assert waits >= 4
    assert contents() == DATA
    assert names_in(tmp_path) == ["file"]


@MOMENTS
@pytest.mark.parametrize("name", UPLOADS)
async def test_an_upload_cancelled_at_every_await(
    stored: EmulatorHandle, storage: Storage, tmp_path: Path, name: str, moment: Moment
) -> None:
    def write_source() -> None:
        (tmp_path / "source").write_bytes(DATA)

    async def check() -> None:
        await _check_idle(storage, stored)
        for item in stored.objects("target"):  # the last byte may have gone out: whole, or not
            assert stored.read("target", item["name"]) == DATA

    write_source()
    waits = await _at_every_await(lambda: UPLOADS[name](storage, tmp_path), moment, check)
    assert waits >= 2
    assert stored.read("target", "new") == DATA
    assert stored.unfinished_sessions == 0


@pytest.mark.usefixtures("stored")
async def test_1000_cancelled_reads_lose_no_byte(storage: Storage) -> None:
    dice = random.Random(11)  # noqa: S311 - not secret
    got = bytearray()
    cancelled = 0
    async with storage.download_stream("bucket", "name") as stream:
        while cancelled < 1000:
            task = asyncio.create_task(stream.read(dice.randrange(1, 6_000)))
            for _ in range(dice.randrange(3)):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            if task.cancelled():
                cancelled += 1
            else:
                got += task.result()
        got += await stream.read()
        assert stream.verified is True
    assert got == DATA


@pytest.mark.parametrize("size", [50_000, -1])
@MOMENTS
async def test_reads_cancelled_at_every_await_lose_no_byte(
    stored: EmulatorHandle, storage: Storage, size: int, moment: Moment
) -> None:
    """Also across a broken connection: the cancelled read may have been the one that resumes."""
    stored.arm_next("storage.objects.get", "drop-at-1000000", "drop-at-2000000")
    got = bytearray()
    cancelled = 0

    async def read(stream: StreamResponse) -> None:
        got.extend(await stream.read(size))

    async with storage.download_stream("bucket", "name") as stream:
        while stream.bytes_read < len(DATA):
            k = 0
            while await cancelled_at(read(stream), k, moment):
                k += 1
            cancelled += k
    assert cancelled >= 2
    assert got == DATA


@pytest.mark.usefixtures("stored")
async def test_a_read_with_a_time_limit_can_be_repeated(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    gcs.arm_next("storage.objects.get", "stall-for-600s-after-512K")
    async with storage.download_stream("bucket", "name", stall_timeout=None) as stream:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await stream.read()
        await until_stalled(gcs)
        gcs.advance_clock(600)
        assert await stream.read() == DATA
        assert stream.resumes == 0


async def test_waiting_for_a_place_is_left(stored: EmulatorHandle) -> None:
    async with Storage(connections=1) as storage:
        async with storage.download_stream("bucket", "name"):
            second = asyncio.create_task(storage.download("bucket", "name"))
            third = asyncio.create_task(storage.download("bucket", "name"))
            await asyncio.sleep(0.01)
            assert len(stored.log) == 1
            second.cancel()
            await asyncio.wait([second])
        assert await third == DATA
        await nothing_under_way(storage, places=1)
    assert len(stored.log) == 2


async def test_a_group_that_fails_cancels_its_downloads(
    stored: EmulatorHandle, storage: Storage
) -> None:
    async def fail() -> None:
        await until(lambda: len(stored.log) > 5, lambda: "the downloads do not begin")
        raise ZeroDivisionError

    async def run() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(20):
                group.create_task(storage.download("bucket", "name"))
            group.create_task(fail())

    with pytest.raises(ExceptionGroup) as caught:
        await run()
    assert caught.value.subgroup(ZeroDivisionError) is not None
    await _check_idle(storage, stored)
