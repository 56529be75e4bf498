"""Slow clients, clients that go away, servers that stop: bounded memory, and nothing left open."""

import asyncio
import hashlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from leaks import free_places
from memory_measuring import MIB, measured, needs_linux
from outputs_clients import READ_BYTES, BareClient, aiohttp_port, idle, uvicorn_port
from outputs_servers import BUCKET

from storage_stream import Storage
from storage_stream.errors import InvalidArgument
from storage_stream.testing.emulator_handle import EmulatorHandle

HERE = Path(__file__).parent
DATA = bytes(range(256)) * 4096 * 4  # 4 MiB
SLOW = DATA[: 2 * MIB]  # more than everything between here and the bucket holds
CLIENTS = 50


@pytest.fixture(params=[uvicorn_port, aiohttp_port], ids=["fastapi", "aiohttp"])
async def port(request: pytest.FixtureRequest, storage: Storage) -> AsyncIterator[int]:
    async with request.param(storage) as number:
        yield number


async def test_who_goes_away_ends_the_request_to_the_bucket(
    port: int, storage: Storage, gcs: EmulatorHandle
) -> None:
    gcs.put(BUCKET, "object", DATA * 4)
    client = await BareClient.at(port)
    client.ask("/objects/object")
    await client.head()
    assert free_places(storage) == 99
    await client.close()
    await idle(storage)


async def test_also_while_the_bucket_is_waited_for(
    port: int, storage: Storage, gcs: EmulatorHandle
) -> None:
    gcs.put(BUCKET, "object", DATA)
    gcs.arm_next("storage.objects.get", "stall-for-600s-after-256K")
    client = await BareClient.at(port)
    client.ask("/objects/object")
    await client.head()
    await client.reader.readexactly(100_000)
    await client.close()
    await idle(storage)


async def test_a_failure_in_the_middle_breaks_the_connection_off(
    port: int, storage: Storage, gcs: EmulatorHandle
) -> None:
    gcs.put(BUCKET, "object", DATA)
    gcs.arm_next("storage.objects.get", "drop-at-262144", *["return-503"] * 20)
    client = await BareClient.at(port)
    client.ask("/objects/object")
    head = await client.head()
    assert f"content-length: {len(DATA)}" in head.lower()
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await client.reader.readexactly(len(DATA))
    await client.close()
    await idle(storage)


@needs_linux
async def test_many_slow_clients_cost_little_memory(gcs: EmulatorHandle) -> None:
    gcs.put(BUCKET, "object", SLOW)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, HERE / "outputs_process.py", gcs.url), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        port = int(await process.stdout.readline())
        await _fetch_at_one_pace(port, 1)  # what is imported and opened once
        before = memory_of(process.pid, "VmRSS")
        count_from_now(process.pid)
        sums = await _fetch_at_one_pace(port, CLIENTS)
        growth = memory_of(process.pid, "VmHWM") - before
    finally:
        process.terminate()
        await process.wait()
    assert sums == {hashlib.md5(SLOW).hexdigest()}  # noqa: S324 - a comparison
    assert growth < 32 * MIB


async def _fetch_at_one_pace(port: int, count: int) -> set[str]:
    clients = [await BareClient.at(port) for _ in range(count)]
    for client in clients:
        client.ask("/objects/object")
    await asyncio.gather(*(client.head() for client in clients))
    sums = [hashlib.md5() for _ in clients]  # noqa: S324 - a comparison
    for _ in range(len(SLOW) // READ_BYTES):
        for client, digest in zip(clients, sums, strict=True):
            digest.update(await client.reader.readexactly(READ_BYTES))
    for client in clients:
        await client.close()
    return {digest.hexdigest() for digest in sums}


def count_from_now(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")


def memory_of(pid: int, key: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    found = next(line for line in lines if line.startswith(f"{key}:"))
    return int(found.split()[1]) * 1024


@needs_linux
def test_saving_takes_no_memory(gcs: EmulatorHandle, tmp_path: Path) -> None:
    gcs.put(BUCKET, "object", DATA * 16)
    told = measured("outputs/saving_process.py", gcs.url, BUCKET, tmp_path / "file")
    assert told.amount == len(DATA) * 16
    assert told.growth < 40 * MIB


async def test_a_buffer_has_a_size(storage: Storage, gcs: EmulatorHandle) -> None:
    gcs.put(BUCKET, "object", DATA)
    for wrong, error in [(100, InvalidArgument), (0, InvalidArgument), ("1", TypeError)]:
        with pytest.raises(error, match="buffer_bytes"):
            storage.download_stream(BUCKET, "object", buffer_bytes=wrong)  # type: ignore[arg-type]
    async with storage.download_stream(BUCKET, "object", buffer_bytes=8192) as stream:
        pieces = [piece async for piece in stream]
        assert stream.verified
    assert b"".join(pieces) == DATA
    assert max(map(len, pieces[2:])) <= 8192  # the first may have come with the head
