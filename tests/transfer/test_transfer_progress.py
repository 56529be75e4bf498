"""Progress as data: what is counted, how often it is told, and what a bad listener costs."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest

from storage_stream import Progress, ProgressSnapshot, Storage
from storage_stream.testing import FakeClock

if TYPE_CHECKING:
    from pathlib import Path

    from storage_stream.testing.emulator_handle import EmulatorHandle

GET = "storage.objects.get"
INSERT = "storage.objects.insert"
DATA = bytes(range(256)) * 12_000
CHUNK = 256 * 1024


def test_the_callback_is_called_in_intervals_and_at_the_end() -> None:
    clock, told = FakeClock(), list[ProgressSnapshot]()
    progress = Progress(told.append, interval=1.0, clock=clock)
    progress.attempt()
    progress.expect(100)
    for _ in range(99):
        clock.advance(0.1)
        progress.moved(1)
        progress.gained(1)
    assert len(told) == 10
    assert told[-1].bytes_per_second == pytest.approx(10.0, rel=0.2)
    progress.moved(1)
    progress.gained(1)
    assert (told[-1].bytes_confirmed, told[-1].bytes_total) == (100, 100)
    assert told[-1].elapsed == pytest.approx(9.9)


def test_the_rate_forgets() -> None:
    clock = FakeClock()
    progress = Progress(window=5.0, clock=clock)
    progress.attempt()
    progress.moved(1000)
    clock.advance(1.0)
    assert progress.snapshot().bytes_per_second == pytest.approx(1000.0)
    clock.advance(20.0)
    progress.moved(0)
    clock.advance(5.0)
    assert progress.snapshot().bytes_per_second == 0.0


def test_a_callback_that_fails_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    calls: list[ProgressSnapshot] = []

    def fail(snapshot: ProgressSnapshot) -> None:
        calls.append(snapshot)
        raise ZeroDivisionError

    progress = Progress(fail, interval=0.0)
    with caplog.at_level(logging.ERROR, "storage_stream"):
        progress.moved(1)
        progress.moved(1)
    assert len(calls) == 1
    assert "not called again" in caplog.text
    assert progress.snapshot().bytes_moved == 2


async def test_a_download_to_a_file(gcs: EmulatorHandle, storage: Storage, tmp_path: Path) -> None:
    gcs.put("bucket", "name", DATA)
    gcs.arm_next(GET, "drop-at-1000000")
    progress = Progress()
    await storage.download_to_filename("bucket", "name", tmp_path / "file", progress=progress)
    last = progress.snapshot()
    assert (last.bytes_confirmed, last.bytes_total) == (len(DATA), len(DATA))
    assert last.bytes_moved >= len(DATA)
    assert (last.attempts, last.resumes) == (2, 1)


@pytest.mark.parametrize("chunk_bytes", [CHUNK, 32 * CHUNK])
async def test_an_upload(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path, chunk_bytes: int
) -> None:
    gcs.create_bucket("bucket")
    (tmp_path / "file").write_bytes(DATA)
    told: list[ProgressSnapshot] = []
    for source in (DATA, tmp_path / "file"):
        await storage.upload(
            "bucket", "name", source, chunk_bytes=chunk_bytes, progress=told.append
        )
        assert (told[-1].bytes_confirmed, told[-1].bytes_total) == (len(DATA), len(DATA))
        assert told[-1].bytes_moved == len(DATA)


async def test_an_upload_that_breaks(gcs: EmulatorHandle, storage: Storage, tmp_path: Path) -> None:
    gcs.create_bucket("bucket")
    (tmp_path / "file").write_bytes(DATA)
    gcs.arm_next(INSERT, "return-503-after-1024K")
    progress = Progress()
    await storage.upload_from_filename(
        "bucket", "name", tmp_path / "file", force_resumable_upload=True, progress=progress
    )
    last = progress.snapshot()
    assert last.bytes_confirmed == len(DATA)
    assert last.bytes_moved > len(DATA)
    assert last.resumes == 1


async def test_a_stream_that_is_written(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.create_bucket("bucket")
    progress = Progress()
    stream = storage.upload_stream("bucket", "name", chunk_bytes=CHUNK, progress=progress)
    async with stream as writer:
        for start in range(0, len(DATA), 100_000):
            await writer.write(DATA[start : start + 100_000])
            assert progress.snapshot().bytes_confirmed == writer.confirmed_bytes
        assert progress.snapshot().bytes_total is None
    assert progress.snapshot().bytes_confirmed == len(DATA)


async def test_a_copy(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.put("bucket", "name", DATA)
    gcs.create_bucket("other")
    progress = Progress()
    await storage.copy("bucket", "name", "other", max_bytes_per_call=1024 * 1024, progress=progress)
    last = progress.snapshot()
    assert (last.bytes_confirmed, last.bytes_total) == (len(DATA), len(DATA))
    assert (last.bytes_moved, last.attempts) == (0, 3)


async def test_an_upload_in_parts(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.create_bucket("bucket")
    data = bytes(11 * 1024 * 1024)
    progress = Progress()
    await storage.upload_parallel(
        "bucket", "name", data, part_bytes=5 * 1024 * 1024, progress=progress
    )
    last = progress.snapshot()
    assert (last.bytes_confirmed, last.bytes_total, last.bytes_moved) == (len(data),) * 3


async def test_as_an_iterator(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.put("bucket", "name", DATA)
    progress = Progress(interval=0.001)
    work = asyncio.create_task(storage.download("bucket", "name", progress=progress))
    seen = [snapshot async for snapshot in progress.until(work)]
    assert seen[-1].bytes_confirmed == len(DATA)
    assert seen == sorted(seen, key=lambda snapshot: snapshot.bytes_confirmed)
    assert work.result() == DATA


async def test_an_iterator_raises_what_the_work_raised() -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        async for _ in Progress().until(fail()):
            pass


async def test_leaving_the_iterator_ends_the_work() -> None:
    work = asyncio.create_task(asyncio.Event().wait())
    snapshots = Progress().until(work)
    async for _ in snapshots:
        break
    await snapshots.aclose()
    assert work.cancelled()


async def test_two_calls_add_up(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.put("bucket", "one", b"1" * 1000)
    gcs.put("bucket", "two", b"2" * 500)
    progress = Progress()
    for name in ("one", "two"):
        await storage.download("bucket", name, progress=progress)
    last = progress.snapshot()
    assert (last.bytes_confirmed, last.bytes_total, last.attempts) == (1500, 1500, 2)


async def test_what_is_no_progress(storage: Storage) -> None:
    wrong: Any = 7
    with pytest.raises(TypeError, match="progress takes"):
        await storage.download("bucket", "name", progress=wrong)
