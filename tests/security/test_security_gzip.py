"""A MiB that is stored can hold a GiB: memory stays bounded, and a limit can be set."""

from __future__ import annotations

import gzip
import resource
import sys
from typing import TYPE_CHECKING

import pytest
from leaks import names_in

from storage_stream.errors import InvalidArgument, TooManyBytesError

if TYPE_CHECKING:
    from pathlib import Path

    from storage_stream import Storage
    from storage_stream.testing.emulator_handle import EmulatorHandle

SIZE = 64 * 1024 * 1024
LIMIT = 1024 * 1024


@pytest.fixture
def bomb(gcs: EmulatorHandle) -> EmulatorHandle:
    gcs.put("bucket", "bomb", gzip.compress(bytes(SIZE), mtime=0), contentEncoding="gzip")
    return gcs


@pytest.mark.usefixtures("bomb")
async def test_a_limit_holds_wherever_the_bytes_go(storage: Storage, tmp_path: Path) -> None:
    with pytest.raises(TooManyBytesError) as caught:
        await storage.download("bucket", "bomb", max_decoded_bytes=LIMIT)
    assert caught.value.max_bytes == LIMIT
    assert caught.value.subject == "gs://bucket/bomb"
    with pytest.raises(TooManyBytesError):
        await storage.download_to_filename(
            "bucket", "bomb", tmp_path / "file", max_decoded_bytes=LIMIT
        )
    assert names_in(tmp_path) == []
    async with storage.download_stream("bucket", "bomb", max_decoded_bytes=LIMIT) as stream:
        assert len(await stream.read(LIMIT)) == LIMIT
        with pytest.raises(TooManyBytesError):
            await stream.read(1)
    blob = storage.get_bucket("bucket")
    with pytest.raises(TooManyBytesError):
        await (await blob.get_blob("bomb")).download(max_decoded_bytes=LIMIT)
    async with storage.open("bucket", "bomb", decode=True, max_decoded_bytes=LIMIT) as file:
        with pytest.raises(TooManyBytesError):
            await file.read()


@pytest.mark.usefixtures("bomb")
async def test_a_run_tells_it_of_the_object(storage: Storage, tmp_path: Path) -> None:
    run = await storage.download_many("bucket", "", tmp_path, max_decoded_bytes=LIMIT)
    assert isinstance(run.failures[0].error, TooManyBytesError)
    assert names_in(tmp_path) == []


async def test_the_limit_is_exact_and_says_nothing_of_what_is_not_decoded(
    storage: Storage, gcs: EmulatorHandle
) -> None:
    gcs.put("bucket", "zipped", gzip.compress(b"x" * 1000, mtime=0), contentEncoding="gzip")
    gcs.put("bucket", "plain", b"x" * 1000)
    assert len(await storage.download("bucket", "zipped", max_decoded_bytes=1000)) == 1000
    with pytest.raises(TooManyBytesError):
        await storage.download("bucket", "zipped", max_decoded_bytes=999)
    assert len(await storage.download("bucket", "plain", max_decoded_bytes=10)) == 1000
    raw = await storage.download("bucket", "zipped", raw=True, max_decoded_bytes=10)
    assert gzip.decompress(raw) == b"x" * 1000
    with pytest.raises(InvalidArgument):
        await storage.download("bucket", "zipped", max_decoded_bytes=-1)


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in KiB there")
@pytest.mark.usefixtures("bomb")
async def test_without_a_limit_memory_is_bounded_all_the_same(storage: Storage) -> None:
    async with storage.download_stream("bucket", "bomb") as stream:
        await stream.read(LIMIT)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        count = LIMIT
        while piece := await stream.read(LIMIT):
            count += len(piece)
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert count == SIZE
    assert (after - before) * 1024 < SIZE / 4
