"""Cancelled at any await, an upload is given up at the service too, and nothing of it is left."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from cancelling import Moment, cancelled_at
from leaks import nothing_under_way, pooled_connections, until
from sample_data import encoded_crc32c, patterned
from standing_time import until_stalled

from storage_stream import Storage, StreamWriter
from storage_stream.errors import StreamClosed, UsageError
from storage_stream.testing.emulator_handle import EmulatorHandle

INSERT = "storage.objects.insert"
QUANTUM = 256 * 1024
DATA = patterned(2 * QUANTUM + 5)
MOMENTS = pytest.mark.parametrize("moment", list(Moment))

Work = Callable[[Storage, Path], Awaitable[Any]]


async def _pieces() -> AsyncIterator[bytes]:
    for start in range(0, len(DATA), 100_000):
        await asyncio.sleep(0)
        yield DATA[start : start + 100_000]


async def _upload(storage: Storage, data: Any, **options: Any) -> None:
    await storage.upload("bucket", "name", data, chunk_bytes=QUANTUM, **options)


async def _write(storage: Storage, _: Path) -> None:
    async with storage.upload_stream("bucket", "name", chunk_bytes=QUANTUM) as writer:
        async for piece in _pieces():
            await writer.write(piece)


async def _file(storage: Storage, _: Path) -> None:
    with io.BytesIO(DATA) as file:
        await _upload(storage, file, force_resumable_upload=True)


async def _zipped(storage: Storage, _: Path) -> None:
    await storage.upload("bucket", "zipped", _pieces(), zipped=True, chunk_bytes=QUANTUM)


UPLOADS: dict[str, Work] = {
    "bytes": lambda storage, _: _upload(storage, DATA, force_resumable_upload=False),
    "path": lambda storage, folder: _upload(storage, folder / "source"),
    "file": _file,
    "iterator": lambda storage, _: _upload(storage, _pieces()),
    "copy": lambda storage, _: _upload(storage, storage.download_stream("source", "original")),
    "zipped": _zipped,
    "writer": _write,
}


@pytest.fixture(autouse=True)
def _bucket(gcs: EmulatorHandle, tmp_path: Path) -> None:
    gcs.create_bucket("bucket", versioning={"enabled": True})
    gcs.put("source", "original", DATA)
    (tmp_path / "source").write_bytes(DATA)


async def _check_nothing_is_left(storage: Storage, gcs: EmulatorHandle) -> None:
    await nothing_under_way(storage)

    def differences() -> tuple[int, int]:
        return gcs.open_connections, pooled_connections(storage)

    await until(lambda: len(set(differences())) == 1, lambda: f"open and pooled: {differences()}")
    for item in gcs.objects("bucket"):  # the last byte may have gone out: then it is whole
        if item["name"] == "name":
            assert (item["size"], item["crc32c"]) == (str(len(DATA)), encoded_crc32c(DATA))


@MOMENTS
@pytest.mark.parametrize("name", UPLOADS)
async def test_cancelled_at_every_await(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path, name: str, moment: Moment
) -> None:
    k = 0
    while await cancelled_at(UPLOADS[name](storage, tmp_path), k, moment):
        await _check_nothing_is_left(storage, gcs)
        assert gcs.unfinished_sessions == 0
        gcs.log.clear()
        k += 1
    assert k >= 2
    await _check_nothing_is_left(storage, gcs)
    assert gcs.unfinished_sessions == 0
    assert gcs.objects("bucket") != []


@MOMENTS
async def test_writes_cancelled_at_every_await_lose_nothing(
    gcs: EmulatorHandle, storage: Storage, moment: Moment
) -> None:
    """The bytes of a cancelled write are taken; the next call sends them."""
    cancelled = 0
    async with storage.upload_stream("bucket", "name", chunk_bytes=QUANTUM) as writer:
        for start in range(0, len(DATA), QUANTUM):
            task = writer.write(DATA[start : start + QUANTUM])
            k = 0
            while await cancelled_at(task, k, moment):
                assert writer.bytes_written == min(start + QUANTUM, len(DATA))
                cancelled += 1
                k += 1
                task = writer.write(b"")
    assert cancelled >= 2
    assert gcs.read("bucket", "name") == DATA
    assert len(gcs.objects("bucket", versions="true")) == 1


@MOMENTS
async def test_a_close_that_is_cancelled_can_be_repeated(
    gcs: EmulatorHandle, storage: Storage, moment: Moment
) -> None:
    k = 0
    while True:
        name = f"{k}"
        writer = storage.upload_stream("bucket", name, chunk_bytes=QUANTUM)
        await writer.write(DATA)
        was_cancelled = await cancelled_at(writer.close(), k, moment)
        await writer.close()
        await writer.close()
        assert writer.resource["size"] == str(len(DATA))
        assert gcs.read("bucket", name) == DATA
        assert len(gcs.objects("bucket", prefix=name, versions="true")) == 1
        if not was_cancelled:
            break
        k += 1
    assert k >= 1


async def test_a_writer_that_is_aborted_while_another_task_writes(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    gcs.arm_next(INSERT, "pass", "stall-for-600s-after-0K")
    writer = storage.upload_stream("bucket", "name", chunk_bytes=QUANTUM)
    writing = asyncio.create_task(writer.write(DATA))
    await until_stalled(gcs)
    aborting = asyncio.create_task(writer.abort())
    await asyncio.sleep(0)  # the connection is left
    gcs.advance_clock(600)  # the server reads on, and sees it
    await aborting
    with pytest.raises(StreamClosed):
        await writing
    assert gcs.objects("bucket") == []
    await until(lambda: gcs.unfinished_sessions == 0, lambda: "the session is left")


async def test_closes_and_writes_at_once(gcs: EmulatorHandle, storage: Storage) -> None:
    writer = storage.upload_stream("bucket", "name", chunk_bytes=QUANTUM)
    await writer.write(DATA)
    closing = asyncio.create_task(writer.close())
    await asyncio.sleep(0)
    with pytest.raises(UsageError, match="another task"):
        await writer.close()
    with pytest.raises(UsageError, match="another task"):
        await writer.write(b"more")
    await closing
    assert len(gcs.objects("bucket", versions="true")) == 1


async def _cancel_in_block(writer: StreamWriter) -> None:
    async with writer:
        await writer.write(DATA)
        raise asyncio.CancelledError


async def test_a_block_that_is_cancelled(gcs: EmulatorHandle, storage: Storage) -> None:
    with pytest.raises(asyncio.CancelledError):
        await _cancel_in_block(storage.upload_stream("bucket", "name", chunk_bytes=QUANTUM))
    assert gcs.log[-1].method == "DELETE"
    assert gcs.unfinished_sessions == 0
    assert gcs.objects("bucket") == []
