"""One object over several connections: into a file, a buffer, in order; whole or not at all."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from asked_ranges import ranges
from leaks import names_in
from sample_data import gzipped
from sliced_object import DATA, SIZE, SLICE
from standing_time import client_on, pass_until, until_stalled

from storage_stream import Progress, Storage
from storage_stream.errors import (
    IntegrityError,
    ObjectChanged,
    StorageError,
)
from storage_stream.testing import FakeClock
from storage_stream.testing.emulator_handle import EmulatorHandle

GET = "storage.objects.get"
OLD = b"what was there"
HOW: dict[str, int] = {"slice_bytes": SLICE, "workers": 4}

Way = Callable[..., Coroutine[Any, Any, bytes]]


async def to_bytes(storage: Storage, folder: Path, **options: Any) -> bytes:
    del folder
    return await storage.download("bucket", "name", **(HOW | options))


async def into_buffer(storage: Storage, folder: Path, **options: Any) -> bytes:
    del folder
    buffer = bytearray(SIZE + 4096)
    size = await storage.download_into("bucket", "name", buffer, **(HOW | options))
    assert buffer[size:] == bytes(len(buffer) - size)
    return bytes(buffer[:size])


async def in_order(storage: Storage, folder: Path, **options: Any) -> bytes:
    del folder
    found = bytearray()
    async with aclosing(storage.iter_download("bucket", "name", **(HOW | options))) as pieces:
        async for piece in pieces:
            found += piece
    return bytes(found)


async def to_file(storage: Storage, folder: Path, **options: Any) -> bytes:
    await storage.download_to_filename("bucket", "name", folder / "file", **(HOW | options))
    assert names_in(folder) == ["file"]
    return (folder / "file").read_bytes()


WAYS = pytest.mark.parametrize("way", [to_bytes, into_buffer, in_order, to_file])


@WAYS
async def test_all_of_it(
    stored: EmulatorHandle, storage: Storage, tmp_path: Path, way: Way
) -> None:
    assert await way(storage, tmp_path) == DATA
    asked = ranges(stored)
    assert asked[0] is None
    assert len(asked) >= 2
    assert None not in asked[1:]
    generation = stored.metadata("bucket", "name")["generation"]
    assert all(f"generation={generation}" in entry.query for entry in stored.log[1:])


@WAYS
async def test_one_worker_makes_one_request(
    stored: EmulatorHandle, storage: Storage, tmp_path: Path, way: Way
) -> None:
    assert await way(storage, tmp_path, workers=1) == DATA
    assert ranges(stored) == [None]


@WAYS
async def test_less_than_two_slices_are_one_request(
    stored: EmulatorHandle, storage: Storage, tmp_path: Path, way: Way
) -> None:
    assert await way(storage, tmp_path, slice_bytes=SIZE // 2 + 1) == DATA
    assert ranges(stored) == [None]


@WAYS
async def test_one_connection_is_enough(stored: EmulatorHandle, tmp_path: Path, way: Way) -> None:
    async with Storage(api_root=stored.url, anonymous=True, connections=1) as storage:
        assert await way(storage, tmp_path) == DATA


@WAYS
async def test_gzip_is_decompressed_over_one_connection_and_kept_over_several(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path, way: Way
) -> None:
    stored = gzipped(DATA)
    gcs.put("bucket", "name", stored, contentEncoding="gzip")
    assert await way(storage, tmp_path, slice_bytes=SLICE) == DATA
    assert len(gcs.log) == 1
    assert await way(storage, tmp_path, raw=True) == stored
    assert len(gcs.log) >= 2 + (way is in_order)


@WAYS
@pytest.mark.parametrize(
    ("start", "end"), [(1000, None), (777, 9 * SLICE + 5), (-9 * SLICE, None), (0, SIZE)]
)
async def test_ranges(
    stored: EmulatorHandle, storage: Storage, tmp_path: Path, way: Way, start: int, end: int | None
) -> None:
    assert await way(storage, tmp_path, start=start, end=end) == DATA[start:end]
    assert len(stored.log) >= 2


@WAYS
async def test_a_customers_key(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path, way: Way
) -> None:
    key = b"k" * 32
    gcs.create_bucket("bucket")
    await storage.upload("bucket", "name", DATA, encryption_key=key)
    assert await way(storage, tmp_path, encryption_key=key) == DATA
    with pytest.raises(StorageError):
        await way(storage, tmp_path)


@WAYS
async def test_what_breaks_is_continued(
    stored: EmulatorHandle, storage: Storage, tmp_path: Path, way: Way
) -> None:
    words = [
        "drop-at-100000",
        "return-503",
        "drop-at-2000000",
        "return-reset-connection",
        "drop-at-1500000",
    ]
    stored.arm_next(GET, *words)
    assert await way(storage, tmp_path) == DATA


@WAYS
async def test_a_stall_is_continued(stored: EmulatorHandle, tmp_path: Path, way: Way) -> None:
    stored.arm_next(GET, "stall-for-600s-after-128K")
    clock = FakeClock()
    async with client_on(clock, stored) as storage:
        work = asyncio.create_task(way(storage, tmp_path, stall_timeout=200, retries=1000))
        await pass_until(clock, work.done, lambda: "it waits on")
        assert await work == DATA


@WAYS
async def test_a_wrong_byte_is_found_at_the_end(
    stored: EmulatorHandle, storage: Storage, tmp_path: Path, way: Way
) -> None:
    (tmp_path / "file").write_bytes(OLD)
    stored.arm_next(GET, "flip-bit-at-100", *[f"flip-bit-at-{SIZE - 3}"] * 3)
    with pytest.raises(IntegrityError) as caught:
        await way(storage, tmp_path)
    assert caught.value.subject == "gs://bucket/name"
    assert names_in(tmp_path) == ["file"]
    assert (tmp_path / "file").read_bytes() == OLD


@WAYS
async def test_replaced_midway(
    stored: EmulatorHandle, storage: Storage, tmp_path: Path, way: Way
) -> None:
    """The second slices are asked for after the object was overwritten."""
    (tmp_path / "file").write_bytes(OLD)
    stored.arm_next(GET, "stall-for-600s-after-0K")
    work = asyncio.create_task(way(storage, tmp_path, workers=2, retries=0))
    await until_stalled(stored)
    stored.put("bucket", "name", DATA[::-1])
    stored.advance_clock(600)
    with pytest.raises(ObjectChanged):
        await work
    assert names_in(tmp_path) == ["file"]
    assert (tmp_path / "file").read_bytes() == OLD


async def test_a_blob_goes_into_a_file(
    stored: EmulatorHandle, storage: Storage, tmp_path: Path
) -> None:
    blob = storage.get_bucket("bucket").new_blob("name")
    await blob.download_to_filename(tmp_path / "file", slice_bytes=SLICE, workers=2, resume=False)
    assert (tmp_path / "file").read_bytes() == DATA
    assert len(stored.log) >= 2


@WAYS
async def test_progress_ends_at_the_size_of_the_object(
    stored: EmulatorHandle, storage: Storage, tmp_path: Path, way: Way
) -> None:
    stored.arm_next(GET, "drop-at-100000", "trickle-2000000Bps")
    progress = Progress()
    assert await way(storage, tmp_path, progress=progress) == DATA
    told = progress.snapshot()
    assert (told.bytes_confirmed, told.bytes_total) == (SIZE, SIZE)
    assert told.attempts == len(stored.log)
