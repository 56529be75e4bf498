"""An upload whose process is killed is ended by another one, which sends at most a chunk again."""

import asyncio
import json
import sys
from asyncio.subprocess import Process
from pathlib import Path

import pytest
from sample_data import encoded_crc32c, patterned
from standing_time import until_stalled

from storage_stream.testing.emulator_handle import EmulatorHandle

INSERT = "storage.objects.insert"
QUANTUM = 256 * 1024
CHUNK = 4 * QUANTUM
DATA = patterned(5 * CHUNK + 12_345)
HERE = Path(__file__).parent


async def _start(what: str, folder: Path) -> Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, str(HERE / "upload_process.py"), what),
        *(str(folder / "source"), str(folder / "state"), str(CHUNK)),
    )


def _puts(gcs: EmulatorHandle) -> list[tuple[int | None, int]]:
    return [(entry.status, entry.bytes_in) for entry in gcs.log if entry.method == "PUT"]


@pytest.mark.parametrize("killed_at_kib", [2 * 1024 + 300, 3 * 1024 + 1000])
@pytest.mark.parametrize("way", ["resume-path", "resume-pieces"])
async def test_killed_midway_and_gone_on_with(
    gcs: EmulatorHandle, tmp_path: Path, way: str, killed_at_kib: int
) -> None:
    gcs.create_bucket("bucket", versioning={"enabled": True})
    (tmp_path / "source").write_bytes(DATA)
    whole_chunks = killed_at_kib * 1024 // CHUNK
    gcs.arm_next(INSERT, f"stall-for-600s-after-{killed_at_kib}K")
    first = await _start("begin", tmp_path)
    await until_stalled(gcs)
    assert len(_puts(gcs)) == whole_chunks + 1
    first.kill()
    assert await first.wait() == -9
    gcs.advance_clock(600)  # the server reads on, and sees that nobody is there
    state = json.loads((tmp_path / "state").read_bytes())
    assert CHUNK <= state["confirmed"] <= whole_chunks * CHUNK
    assert gcs.objects("bucket") == []

    second = await _start(way, tmp_path)
    assert await second.wait() == 0
    assert gcs.read("bucket", "name") == DATA
    made = gcs.objects("bucket", versions="true")
    assert [item["crc32c"] for item in made] == [encoded_crc32c(DATA)]
    sent = sum(count for _, count in _puts(gcs))
    assert len(DATA) <= sent <= len(DATA) + CHUNK
    assert gcs.unfinished_sessions == 0
