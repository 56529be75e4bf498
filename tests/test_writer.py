"""`StreamWriter`: what is written is there when its block is left in order, and not before."""

import array
import asyncio
import gc

import pytest
from sample_data import gzipped, patterned

from storage_stream import Storage
from storage_stream.errors import ServerError, StreamClosed, UsageError
from storage_stream.testing.emulator_handle import EmulatorHandle

CHUNK_BYTES = 256 * 1024
DATA = patterned(3 * CHUNK_BYTES + 5)


@pytest.fixture(autouse=True)
def _bucket(gcs: EmulatorHandle) -> None:
    gcs.create_bucket("bucket")


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, len(DATA)])
async def test_what_is_written_is_the_object(
    gcs: EmulatorHandle, storage: Storage, size: int
) -> None:
    async with storage.upload_stream("bucket", "name", chunk_bytes=CHUNK_BYTES) as writer:
        for start in range(0, size, 100_000):
            await writer.write(DATA[start : min(start + 100_000, size)])
        assert writer.bytes_written == size
        assert gcs.objects("bucket") == []
    assert gcs.read("bucket", "name") == DATA[:size]
    assert writer.resource["size"] == str(size)


async def test_a_small_object_is_one_request(gcs: EmulatorHandle, storage: Storage) -> None:
    async with storage.upload_stream("bucket", "name", content_type="text/plain") as writer:
        await writer.write(b"hello ")
        await writer.write(bytearray(b"world"))
    assert len(gcs.log) == 1
    assert gcs.metadata("bucket", "name")["contentType"] == "text/plain"


async def test_bytes_are_counted_whatever_the_buffer_holds(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    numbers = array.array("Q", [1, 2, 3])
    async with storage.upload_stream("bucket", "name") as writer:
        assert await writer.write(memoryview(numbers)) == 24
        numbers[0] = 9  # it may be changed afterwards
    assert gcs.read("bucket", "name") == array.array("Q", [1, 2, 3]).tobytes()


@pytest.mark.parametrize("size", [5, len(DATA)])
async def test_leaving_by_an_exception_leaves_nothing(
    gcs: EmulatorHandle, storage: Storage, size: int
) -> None:
    writer = storage.upload_stream("bucket", "name", chunk_bytes=CHUNK_BYTES)

    async def fail() -> None:
        async with writer:
            await writer.write(DATA[:size])
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert gcs.objects("bucket") == []
    assert gcs.unfinished_sessions == 0
    with pytest.raises(UsageError):
        assert writer.resource


async def test_another_process_goes_on_from_its_state(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    writer = storage.upload_stream("bucket", "name", chunk_bytes=CHUNK_BYTES)
    with pytest.raises(UsageError):
        writer.state()
    await writer.write(DATA[: 2 * CHUNK_BYTES + 1])
    assert writer.confirmed_bytes >= CHUNK_BYTES
    state = writer.state()
    assert (await storage.resume_upload(state, DATA))["size"] == str(len(DATA))
    assert gcs.read("bucket", "name") == DATA


async def test_what_it_refuses(gcs: EmulatorHandle, storage: Storage) -> None:
    async with storage.upload_stream("bucket", "name") as writer:
        with pytest.raises(TypeError, match="str"):
            await writer.write("text")  # type: ignore[arg-type] # that is the point
        with pytest.raises(UsageError, match="not made"):
            assert writer.resource
    await writer.close()
    await writer.abort()
    with pytest.raises(StreamClosed):
        await writer.write(b"more")
    with pytest.raises(StreamClosed):
        async with writer:
            raise AssertionError("it cannot be entered")
    assert gcs.read("bucket", "name") == b""


async def test_two_writers_at_once_are_refused(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.arm_next("storage.objects.insert", "stall-for-0.1s-after-0K")
    async with storage.upload_stream("bucket", "name", chunk_bytes=CHUNK_BYTES) as writer:
        first = asyncio.create_task(writer.write(DATA))
        await asyncio.sleep(0)
        with pytest.raises(UsageError, match="another task"):
            await writer.write(b"x")
        with pytest.raises(UsageError, match="another task"):
            await writer.close()
        assert await first == len(DATA)
    assert gcs.read("bucket", "name") == DATA


async def test_bytes_of_a_write_that_failed_are_not_taken_twice(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    """They wait; more of them are refused until they are sent, and they are sent once."""
    writer = storage.upload_stream("bucket", "name", chunk_bytes=CHUNK_BYTES, retries=0)
    gcs.arm_next("storage.objects.insert", "pass", *["return-503"] * 2)
    for data in (DATA, b""):
        with pytest.raises(ServerError):
            await writer.write(data)
        with pytest.raises(UsageError, match="still wait"):
            await writer.write(DATA)
        assert writer.bytes_written == len(DATA)
    await writer.write(b"")
    await writer.write(b"more")
    await writer.close()
    assert gcs.read("bucket", "name") == DATA + b"more"


async def test_closing_sends_what_a_write_that_failed_left(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    writer = storage.upload_stream("bucket", "name", chunk_bytes=CHUNK_BYTES, retries=0)
    gcs.arm_next("storage.objects.insert", "pass", "return-503")
    with pytest.raises(ServerError):
        await writer.write(DATA)
    await writer.close()
    assert gcs.read("bucket", "name") == DATA


async def test_it_can_be_awaited(gcs: EmulatorHandle, storage: Storage) -> None:
    writer = await storage.upload_stream("bucket", "name")
    assert len(gcs.log) == 0
    async with writer:
        await writer.write(b"data")
    with pytest.raises(StreamClosed):
        await writer
    assert gcs.read("bucket", "name") == b"data"


@pytest.mark.parametrize("size", [5, len(DATA)])
async def test_a_writer_that_is_dropped_open_is_warned_of(
    gcs: EmulatorHandle, storage: Storage, size: int
) -> None:
    writer = storage.upload_stream("bucket", "name", chunk_bytes=CHUNK_BYTES)
    await writer.write(DATA[:size])
    left = [writer]
    del writer
    with pytest.warns(ResourceWarning, match=f"unclosed <StreamWriter gs://bucket/name {size}"):
        left.clear()
    assert gcs.unfinished_sessions == (size > CHUNK_BYTES)


async def test_a_writer_whose_state_somebody_has_is_dropped_in_silence(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    storage.upload_stream("bucket", "name")
    writer = storage.upload_stream("bucket", "name", chunk_bytes=CHUNK_BYTES, retries=0)
    await writer.write(DATA)
    states = [writer.state()]
    del writer
    gcs.arm_next("storage.objects.insert", "pass", "return-503")
    writer = storage.upload_stream("bucket", "name", chunk_bytes=CHUNK_BYTES, retries=0)
    with pytest.raises(ServerError) as caught:
        await writer.write(DATA)
    assert caught.value.state is not None
    states.append(caught.value.state)
    del writer, caught
    gc.collect()
    for state in states:
        await storage.resume_upload(state, DATA)
    assert gcs.unfinished_sessions == 0


@pytest.mark.parametrize("size", [0, 5, len(DATA)])
async def test_what_is_written_is_compressed(
    gcs: EmulatorHandle, storage: Storage, size: int
) -> None:
    stored = gzipped(DATA)  # which compressing makes no smaller
    async with storage.upload_stream(
        "bucket", "name", zipped=True, chunk_bytes=CHUNK_BYTES
    ) as writer:
        for start in range(0, size, 100_000):
            await writer.write(stored[:size][start : start + 100_000])
        assert writer.bytes_written == min(size, len(stored))
    assert gcs.metadata("bucket", "name")["contentEncoding"] == "gzip"
    assert await storage.download("bucket", "name") == stored[:size]


async def test_a_compressed_stream_is_gone_on_with(gcs: EmulatorHandle, storage: Storage) -> None:
    stored = gzipped(DATA)
    writer = storage.upload_stream("bucket", "name", zipped=True, chunk_bytes=CHUNK_BYTES)
    await writer.write(stored)
    assert writer.confirmed_bytes >= CHUNK_BYTES
    await storage.resume_upload(writer.state(), stored)
    assert gcs.metadata("bucket", "name")["contentEncoding"] == "gzip"
    assert await storage.download("bucket", "name") == stored
