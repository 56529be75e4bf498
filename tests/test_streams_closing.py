"""Closed by one task while another reads: the reader is told at once, and nothing goes on."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from leaks import nothing_under_way, until
from sample_data import gzipped, patterned

from storage_stream import RetryPolicy, Storage, StreamResponse
from storage_stream.errors import ClientClosed, StreamClosed
from storage_stream.testing.emulator_handle import EmulatorHandle

GET = "storage.objects.get"
DATA = patterned(5_000_000)

READS: dict[str, Callable[[StreamResponse], Awaitable[object]]] = {
    "read": lambda stream: stream.read(),
    "read of a size": lambda stream: stream.read(4_000_000),
    "readinto": lambda stream: stream.readinto(bytearray(4_000_000)),
    "readexactly": lambda stream: stream.readexactly(4_000_000),
}


@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize("stored", [DATA, gzipped(DATA)], ids=["plain", "gzip"])
async def test_a_stream_closed_under_its_reader(
    gcs: EmulatorHandle, storage: Storage, name: str, stored: bytes
) -> None:
    encoding = {} if stored == DATA else {"contentEncoding": "gzip"}
    gcs.put("bucket", "name", stored, **encoding)
    gcs.arm_next(GET, "stall-for-600s-after-1024K")
    stream = await storage.download_stream("bucket", "name")
    assert await stream.read(900_000) == DATA[:900_000]
    reading = asyncio.ensure_future(READS[name](stream))
    await asyncio.sleep(0.01)
    stream.close()
    with pytest.raises(StreamClosed):
        await asyncio.wait_for(reading, 60)
    await nothing_under_way(storage)
    assert len(gcs.log) == 1, "it was not resumed"


@pytest.mark.parametrize("whole", [True, False])
async def test_closed_while_it_waits_to_resume(
    gcs: EmulatorHandle,
    storage: Storage,
    whole: bool,  # noqa: FBT001 - a parameter
) -> None:
    """The wait before a repeat is left at once, too, and no request is made behind it."""
    gcs.put("bucket", "name", DATA)
    gcs.arm_next(GET, "drop-at-1000000", "return-503", "return-503")
    slow = RetryPolicy(initial_delay=600, max_delay=600)
    stream = await storage.download_stream("bucket", "name", retry=slow)
    reading = asyncio.create_task(stream.read(-1 if whole else 2_000_000))
    await until(lambda: len(gcs.log) >= 2, lambda: "it does not resume")
    await asyncio.sleep(0.02)
    stream.close()
    with pytest.raises(StreamClosed):
        await asyncio.wait_for(reading, 60)
    await nothing_under_way(storage)
    assert len(gcs.log) == 2


async def test_a_client_closed_while_a_stream_waits_to_resume(gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "name", DATA)
    gcs.arm_next(GET, "drop-at-1000000", "return-503", "return-503")
    slow = RetryPolicy(initial_delay=600, max_delay=600)
    storage = Storage(retry=slow)
    stream = await storage.download_stream("bucket", "name")
    reading = asyncio.create_task(stream.read())
    await until(lambda: len(gcs.log) >= 2, lambda: "it does not resume")
    await asyncio.sleep(0.02)
    await storage.close()
    with pytest.raises(ClientClosed):
        await asyncio.wait_for(reading, 60)
    stream.close()


async def test_closed_and_closed_again(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.put("bucket", "name", DATA)
    async with storage.download_stream("bucket", "name") as stream:
        stream.close()
        stream.close()
    assert stream.closed
    await nothing_under_way(storage)
