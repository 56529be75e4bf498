"""Uploads in parts, cancelled at every await and at every request: nothing is left."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from cancelling import Moment, cancelled_at
from leaks import names_in, nothing_under_way, until
from part_places import MIB, PART_BYTES, names, unfinished
from sample_data import patterned

from storage_stream import Storage
from storage_stream.testing.emulator_handle import EmulatorHandle

DATA = patterned(11 * MIB)  # three parts
METHODS = ("multipart", "composite")


pytestmark = pytest.mark.usefixtures("bucket")


def nothing_temporary(gcs: EmulatorHandle) -> None:
    assert set(names(gcs)) <= {"name"}
    assert unfinished(gcs) == []


@pytest.mark.parametrize("moment", list(Moment))
@pytest.mark.parametrize("method", METHODS)
async def test_cancelled_at_every_await(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path, method: Any, moment: Moment
) -> None:
    source, journal = tmp_path / "source", tmp_path / "journal"
    source.write_bytes(DATA)
    for k in range(1000):
        work = storage.upload_parallel(
            *("bucket", "name", source),
            part_bytes=PART_BYTES,
            method=method,
            journal=journal,
        )
        if not await cancelled_at(work, k, moment):
            break
        nothing_temporary(gcs)
        await nothing_under_way(storage)
        assert names_in(tmp_path) == ["source"]
    else:
        raise AssertionError("it never came to its end")
    assert k >= 5
    assert gcs.read("bucket", "name") == DATA


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("method", METHODS)
async def test_cancelled_at_every_request(
    gcs: EmulatorHandle, storage: Storage, method: Any, times: int
) -> None:
    """Also while parts are on their way: they are the workers' awaits, not the caller's."""
    for count in range(1, 9):
        gcs.log.clear()
        task = asyncio.create_task(
            storage.upload_parallel(
                "bucket", "name", DATA, part_bytes=PART_BYTES, method=method, workers=2
            )
        )
        begun = count

        def enough() -> bool:
            return task.done() or len(gcs.log) >= begun  # noqa: B023 - asked in this turn only

        await until(enough, lambda: "no such request")
        for _ in range(times):
            task.cancel()
            await asyncio.sleep(0)
        await asyncio.wait([task])
        nothing_temporary(gcs)
        await nothing_under_way(storage)
