"""Temporary objects live as long as their blobs; nothing of them is left, whatever happens."""

import asyncio
import gc
import sys
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage_stream import Storage
from storage_stream.errors import InvalidArgument
from storage_stream.outputs import Blob, BlobManager
from storage_stream.outputs.temporary import reaper_of
from storage_stream.testing.emulator_handle import EmulatorHandle

BUCKET = "temporary"
HERE = Path(__file__).parent


class Picture(Blob):
    media_type = "image/png"


@pytest.fixture(autouse=True)
def bucket(gcs: EmulatorHandle) -> None:
    gcs.create_bucket(BUCKET)


async def test_it_is_an_object_with_a_type_and_an_end(
    storage: Storage, gcs: EmulatorHandle
) -> None:
    begun = datetime.now(UTC)
    blob = await Picture.from_temporary(storage, BUCKET, b"data", prefix="a/", ttl=60)
    ended = datetime.now(UTC)
    (there,) = gcs.objects(BUCKET)
    assert there["name"].startswith("a/")
    assert there["contentType"] == blob.media_type == "image/png"
    expires = datetime.fromisoformat(there["metadata"]["expires"])
    assert begun + timedelta(seconds=59) <= expires <= ended + timedelta(seconds=60)
    assert await blob.read() == b"data"
    assert len([request for request in gcs.log if request.method == "GET"]) == 1
    del blob
    gc.collect()
    await BlobManager().close()
    assert gcs.objects(BUCKET) == []


async def test_it_is_uploaded_as_a_stream(storage: Storage, gcs: EmulatorHandle) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"a" * 1000
        yield b"b"

    blob = await Blob.from_temporary(storage, BUCKET, pieces())
    assert blob.media_type == "application/octet-stream"
    assert len(await blob.read()) == 1001
    with pytest.raises(InvalidArgument, match="ttl"):
        await Blob.from_temporary(storage, BUCKET, b"", ttl=0)
    del blob
    gc.collect()
    await BlobManager().close()
    assert gcs.objects(BUCKET) == []


async def test_many_are_made_and_dropped(storage: Storage, gcs: EmulatorHandle) -> None:
    manager = BlobManager()
    making = (Picture.from_temporary(storage, BUCKET, b"data") for _ in range(120))
    blobs = await asyncio.gather(*making)
    await asyncio.sleep(0)  # the loop lets go of what woke this up
    kept = blobs[7]
    manager.add_blob(kept.data)
    del blobs
    gc.collect()
    assert await manager.close() == 0
    assert [each["name"] for each in gcs.objects(BUCKET)] == [kept.data._served.name]
    del kept
    gc.collect()
    assert await manager.close() == 0
    assert gcs.objects(BUCKET) == []


async def test_they_go_without_anybody_closing(storage: Storage, gcs: EmulatorHandle) -> None:
    blob = await Picture.from_temporary(storage, BUCKET, b"data")
    reaper = reaper_of(storage)
    del blob
    gc.collect()
    while reaper._task is None:
        await BlobManager().sweep(storage, BUCKET)  # lets the loop turn
    await reaper._task
    assert gcs.objects(BUCKET) == []


async def test_a_newer_object_of_the_name_stays(storage: Storage, gcs: EmulatorHandle) -> None:
    blob = await Picture.from_temporary(storage, BUCKET, b"data")
    name = gcs.objects(BUCKET)[0]["name"]
    gcs.put(BUCKET, name, b"newer")
    del blob
    gc.collect()
    assert await BlobManager().close() == 0
    assert gcs.read(BUCKET, name) == b"newer"


async def test_what_cannot_be_deleted_is_tried_again(
    storage: Storage, gcs: EmulatorHandle, caplog: pytest.LogCaptureFixture
) -> None:
    blob = await Picture.from_temporary(storage, BUCKET, b"data")
    manager = BlobManager()
    gcs.arm_next("storage.objects.delete", *["return-403"] * 3)
    del blob
    gc.collect()
    left = await manager.close()
    assert "not deleted yet" in caplog.text
    while left:
        left = await manager.close()
    assert gcs.objects(BUCKET) == []


async def test_sweeping_takes_what_expired_and_nobody_holds(
    storage: Storage, gcs: EmulatorHandle
) -> None:
    later = datetime.now(UTC) + timedelta(hours=2)
    held = await Picture.from_temporary(storage, BUCKET, b"held")
    gcs.put(BUCKET, "tmp/left", b"", metadata={"expires": "2020-01-01T00:00:00"})
    gcs.put(BUCKET, "tmp/fresh", b"", metadata={"expires": "2999-01-01T00:00:00+00:00"})
    gcs.put(BUCKET, "tmp/not ours", b"", metadata={"expires": "in spring"})
    gcs.put(BUCKET, "tmp/no metadata", b"")
    gcs.put(BUCKET, "other", b"", metadata={"expires": "2020-01-01T00:00:00"})
    manager = BlobManager(now=lambda: later)
    assert await manager.sweep(storage, BUCKET) == 1
    names = {each["name"] for each in gcs.objects(BUCKET)}
    assert names == {
        held.data._served.name,
        "other",
        "tmp/fresh",
        "tmp/no metadata",
        "tmp/not ours",
    }
    del held
    gc.collect()
    await manager.close()


async def test_a_process_that_was_killed_leaves_what_can_be_swept(
    storage: Storage, gcs: EmulatorHandle
) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, HERE / "temporary_process.py", gcs.url, BUCKET),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    for _ in range(20):
        assert await process.stdout.readline() == b"made\n"
    process.kill()
    await process.wait()
    assert len(gcs.objects(BUCKET)) >= 20
    manager = BlobManager(now=lambda: datetime.now(UTC) + timedelta(days=1))
    assert await manager.sweep(storage, BUCKET) >= 20
    assert gcs.objects(BUCKET) == []


async def test_after_its_loop_a_blob_is_left_to_be_swept(
    storage: Storage, gcs: EmulatorHandle, caplog: pytest.LogCaptureFixture
) -> None:
    del storage
    kept: list[Blob] = []

    async def make() -> None:
        async with Storage(api_root=gcs.url, anonymous=True) as own:
            kept.append(await Picture.from_temporary(own, BUCKET, b"data"))

    thread = threading.Thread(target=lambda: asyncio.run(make()))
    thread.start()
    thread.join()
    with caplog.at_level("INFO"):
        kept.clear()
        gc.collect()
    assert "left to be swept" in caplog.text
    assert len(gcs.objects(BUCKET)) == 1
