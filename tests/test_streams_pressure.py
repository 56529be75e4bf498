"""Many streams, slow readers, idle readers: nothing piles up, and everybody gets a turn."""

import asyncio
from collections.abc import Callable

import pytest
from leaks import nothing_left, nothing_under_way, open_descriptors, until
from sample_data import patterned
from scripted_server import Asked, Line, ScriptedServer, head
from standing_time import client_on, standing_time

from storage_stream import Storage
from storage_stream.testing import FakeClock
from storage_stream.testing.emulator_handle import EmulatorHandle

SMALL = patterned(100_000)


async def test_a_slow_reader_stops_the_server(storage_of: Callable[..., Storage]) -> None:
    size = 400_000_000
    piece = bytes(64 * 1024)

    async def endless(_: Asked, line: Line) -> None:
        await line.send(head(200, f"Content-Length: {size}"))
        while line.sent < size:
            await line.send(piece)

    async with (
        ScriptedServer([endless]) as server,
        storage_of(server) as storage,
        storage.download_stream("bucket", "name") as stream,
    ):
        assert await stream.read(1000) == piece[:1000]
        before = -1
        while server.lines[0].sent != before:  # until it is blocked for a while
            before = server.lines[0].sent
            await asyncio.sleep(0.2)
        assert before < 100_000_000  # some kernels let sockets hold tens of megabytes
        assert await stream.read(20_000_000) == bytes(20_000_000)


async def test_an_idle_reader_is_no_error(gcs: EmulatorHandle) -> None:
    data = patterned(20_000_000)  # more than sockets hold: the server has to wait for us
    gcs.put("bucket", "name", data)
    clock = FakeClock()
    async with client_on(clock, gcs) as storage:
        with standing_time() as time:
            stream = await storage.download_stream(
                "bucket", "name", timeout=0.2, stall_timeout=0.2, retries=0
            )
            first = await stream.read(1000)
            for limited in (clock, time):
                limited.advance(0.7)
            assert first + await stream.read() == data
        assert stream.verified is True
        stream.close()
    assert len(gcs.log) == 1


async def test_a_consumer_slower_than_the_minimum_rate_is_no_error(gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "name", SMALL)
    clock = FakeClock()
    async with (
        client_on(clock, gcs) as storage,
        storage.download_stream("bucket", "name", stall_timeout=0.1, retries=0) as stream,
    ):
        for _ in range(8):
            assert len(await stream.read(1)) == 1
            clock.advance(0.05)
        assert await stream.read() == SMALL[8:]


async def test_1000_streams_through_10_connections(gcs: EmulatorHandle) -> None:
    """They wait in a queue: who asked first is served first, and no timeout runs meanwhile."""
    gcs.put("bucket", "name", SMALL)
    begun: list[int] = []
    most = 0

    async def one(number: int, storage: Storage) -> None:
        nonlocal most
        async with storage.download_stream("bucket", "name") as stream:
            begun.append(number)
            most = max(most, gcs._emulator.open_connections)
            got = [chunk async for chunk in stream.iter_chunks(30_000)]
            assert b"".join(got) == SMALL

    async with Storage() as storage:
        await storage.download("bucket", "name")
    await nothing_left(storage, gcs)
    before = open_descriptors()
    async with Storage(connections=10) as storage:
        async with asyncio.TaskGroup() as group:
            for number in range(1000):
                group.create_task(one(number, storage))
        await nothing_under_way(storage, places=10)
    await nothing_left(storage, gcs, places=10)
    await until(lambda: open_descriptors() <= before, lambda: "descriptors are left")
    assert len(gcs.log) == 1001
    assert most <= 10
    assert sorted(begun) == list(range(1000))
    # Ten are under way at once, and may overtake one another; nobody else may.
    for place, number in enumerate(begun):
        assert sum(later < number for later in begun[place + 1 :]) < 10


async def test_many_large_streams_at_once_stay_apart(gcs: EmulatorHandle, storage: Storage) -> None:
    bodies = {f"name-{n}": patterned(1_000_000, seed=n) for n in range(20)}
    for name, body in bodies.items():
        gcs.put("bucket", name, body)

    async def one(name: str) -> bytes:
        parts: list[bytes] = []
        async with storage.download_stream("bucket", name) as stream:
            while part := await stream.read(50_000):
                parts.append(part)
                await asyncio.sleep(0)
        return b"".join(parts)

    results = await asyncio.gather(*map(one, bodies))
    assert results == list(bodies.values())


async def test_streams_left_open_do_not_outlive_the_client(gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "name", patterned(20_000_000))
    storage = Storage()
    async with storage:
        streams = [await storage.download_stream("bucket", "name") for _ in range(5)]
        assert len(await streams[0].read(10)) == 10
    await nothing_left(storage, gcs)
    for stream in streams:
        stream.close()
    await until(lambda: gcs.open_connections == 0, lambda: "connections are left")


@pytest.mark.parametrize("count", [1, 3])
async def test_a_place_is_given_back_at_the_end_of_the_body(
    gcs: EmulatorHandle, count: int
) -> None:
    """Not only when the block is left: the reader may stay in it."""
    gcs.put("bucket", "name", SMALL)
    async with (
        Storage(connections=count) as storage,
        storage.download_stream("bucket", "name") as stream,
    ):
        assert await stream.read() == SMALL
        for _ in range(5):
            assert await storage.download("bucket", "name") == SMALL
