"""Slow clients, clients that go away, servers that stop: bounded memory, and nothing left open."""

import asyncio
import hashlib
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from leaks import busy_connections, free_places, until
from memory_measuring import MIB, measured, needs_linux
from outputs_process import listening, server_of
from outputs_servers import BUCKET, aiohttp_app, fastapi_app

from storage_stream import Storage
from storage_stream.errors import InvalidArgument
from storage_stream.outputs import BlobManager
from storage_stream.testing.emulator_handle import EmulatorHandle

HERE = Path(__file__).parent
DATA = bytes(range(256)) * 4096 * 4  # 4 MiB
SLOW = DATA[: 2 * MIB]  # more than everything between here and the bucket holds
CLIENTS = 50
READ_BYTES = 64 * 1024


@asynccontextmanager
async def uvicorn_port(storage: Storage) -> AsyncGenerator[int]:
    server = server_of(fastapi_app(storage, BlobManager()))
    place = listening()
    serving = asyncio.create_task(server.serve(sockets=[place]))
    try:
        yield place.getsockname()[1]
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def aiohttp_port(storage: Storage) -> AsyncGenerator[int]:
    runner = web.AppRunner(aiohttp_app(storage, BlobManager()))
    await runner.setup()
    place = listening()
    await web.SockSite(runner, place).start()
    try:
        yield place.getsockname()[1]
    finally:
        await runner.cleanup()


@pytest.fixture(params=[uvicorn_port, aiohttp_port], ids=["fastapi", "aiohttp"])
async def port(request: pytest.FixtureRequest, storage: Storage) -> AsyncIterator[int]:
    async with request.param(storage) as number:
        yield number


class SlowClient:
    """Asks for an object, and reads as little as it is told to."""

    async def ask(self, port: int, path: str) -> None:
        self.reader, self.writer = await asyncio.open_connection(
            "127.0.0.1", port, limit=READ_BYTES
        )
        self.writer.write(f"GET {path} HTTP/1.1\r\nHost: here\r\n\r\n".encode())
        self.head = await self.reader.readuntil(b"\r\n\r\n")

    async def close(self) -> None:
        self.writer.close()
        await asyncio.gather(self.writer.wait_closed(), return_exceptions=True)


async def idle(storage: Storage) -> None:
    await until(
        lambda: free_places(storage) == 100 and busy_connections(storage) == 0,
        lambda: f"{100 - free_places(storage)} requests go on",
    )


async def test_who_goes_away_ends_the_request_to_the_bucket(
    port: int, storage: Storage, gcs: EmulatorHandle
) -> None:
    gcs.put(BUCKET, "object", DATA * 4)
    client = SlowClient()
    await client.ask(port, "/objects/object")
    assert free_places(storage) == 99
    await client.close()
    await idle(storage)


async def test_also_while_the_bucket_is_waited_for(
    port: int, storage: Storage, gcs: EmulatorHandle
) -> None:
    gcs.put(BUCKET, "object", DATA)
    gcs.arm_next("storage.objects.get", "stall-for-25s-after-256K")
    client = SlowClient()
    await client.ask(port, "/objects/object")
    await client.reader.readexactly(100_000)
    await client.close()
    begun = asyncio.get_running_loop().time()
    await idle(storage)
    assert asyncio.get_running_loop().time() - begun < 10


async def test_a_failure_in_the_middle_breaks_the_connection_off(
    port: int, storage: Storage, gcs: EmulatorHandle
) -> None:
    gcs.put(BUCKET, "object", DATA)
    gcs.arm_next("storage.objects.get", "drop-at-262144", *["return-503"] * 20)
    client = SlowClient()
    await client.ask(port, "/objects/object")
    assert f"content-length: {len(DATA)}".encode() in client.head.lower()
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
    clients = [SlowClient() for _ in range(count)]
    await asyncio.gather(*(client.ask(port, "/objects/object") for client in clients))
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
