"""Our client against a server that others wrote: gcp-storage-emulator, within what it gets right.

It speaks HTTP/1.0 and does one thing at a time; so contents are not empty and not JSON, metadata is
ASCII, and no more than four requests are under way at once.
"""

import asyncio
import io
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from gcp_storage_emulator.server import create_server
from sample_data import encoded_crc32c, patterned

from storage_stream import Storage
from storage_stream.errors import Conflict, NotFound

DATA = patterned(3_000_000)


@pytest.fixture(scope="module")
def foreign_url() -> Iterator[str]:
    logging.getLogger("gcp_storage_emulator").setLevel(logging.CRITICAL)
    server = create_server("127.0.0.1", 0, in_memory=True, default_bucket="bucket")
    server.start()
    host, port = server._api._httpd.server_address
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@pytest.fixture
async def foreign(foreign_url: str) -> AsyncIterator[Storage]:
    async with Storage(api_root=foreign_url, anonymous=True, connections=4) as storage:
        yield storage
        async for item in storage.iter_objects("bucket"):
            await storage.delete("bucket", item["name"])


@pytest.mark.parametrize(
    "name", ["name", "folder/name.txt", "with space", "é/日本語", "a%2Fb", "a+b"]
)
async def test_up_and_down(foreign: Storage, name: str) -> None:
    resource = await foreign.upload("bucket", name, DATA, content_type="text/plain")
    assert resource["name"] == name
    assert await foreign.download("bucket", name) == DATA
    kept = await foreign.download_metadata("bucket", name)
    assert (kept["size"], kept["contentType"]) == (str(len(DATA)), "text/plain")
    assert kept["crc32c"] == encoded_crc32c(DATA)


async def test_a_stream(foreign: Storage) -> None:
    await foreign.upload("bucket", "name", DATA)
    async with foreign.download_stream("bucket", "name") as stream:
        assert stream.content_length == len(DATA)
        chunks = [chunk async for chunk in stream.iter_chunks(100_000)]
    assert [len(chunk) for chunk in chunks] == [100_000] * 30
    assert b"".join(chunks) == DATA


@pytest.mark.parametrize(("start", "end"), [(0, 10), (5, 500_000), (2_999_990, None), (-7, None)])
async def test_ranges(foreign: Storage, start: int, end: int | None) -> None:
    await foreign.upload("bucket", "name", DATA)
    assert await foreign.download("bucket", "name", start=start, end=end) == DATA[start:end]


async def test_files(foreign: Storage, tmp_path: Path) -> None:
    await foreign.upload("bucket", "name", io.BytesIO(DATA))
    await foreign.download_to_filename("bucket", "name", tmp_path / "file")
    await foreign.upload_from_filename("bucket", "copy", tmp_path / "file")
    assert await foreign.download("bucket", "copy") == DATA


async def test_metadata(foreign: Storage) -> None:
    fields = {"metadata": {"colour": "red"}, "Cache-Control": "no-store"}
    await foreign.upload("bucket", "name", b"data", metadata=fields)
    kept = await foreign.download_metadata("bucket", "name")
    assert kept["metadata"] == {"colour": "red"}
    changed = await foreign.patch_metadata("bucket", "name", {"metadata": {"colour": "blue"}})
    assert changed["metadata"] == {"colour": "blue"}


async def test_lists(foreign: Storage) -> None:
    names = [f"folder/{n}" for n in range(9)] + ["top"]
    for name in names:
        await foreign.upload("bucket", name, b"data")
    assert [item["name"] async for item in foreign.iter_objects("bucket")] == names
    bucket = foreign.get_bucket("bucket")
    assert await bucket.list_blobs("folder/") == names[:-1]
    assert await bucket.list_blobs(delimiter="/") == ["top", "folder/"]


async def test_buckets(foreign: Storage) -> None:
    await foreign.create_bucket("another", "project")
    with pytest.raises(Conflict):
        await foreign.create_bucket("another", "project")
    assert "another" in [bucket.name for bucket in await foreign.list_buckets("project")]
    assert (await foreign.get_bucket_metadata("another"))["name"] == "another"
    await foreign.delete_bucket("another")
    with pytest.raises(NotFound):
        await foreign.get_bucket_metadata("another")


async def test_what_is_not_there(foreign: Storage) -> None:
    with pytest.raises(NotFound):
        await foreign.download("bucket", "none")
    with pytest.raises(NotFound):
        await foreign.delete("bucket", "none")
    assert not await foreign.get_bucket("bucket").blob_exists("none")


async def test_four_at_once(foreign: Storage) -> None:
    bodies = [patterned(200_000, seed=n) for n in range(20)]
    await asyncio.gather(
        *(foreign.upload("bucket", f"name-{n}", body) for n, body in enumerate(bodies))
    )
    got = await asyncio.gather(*(foreign.download("bucket", f"name-{n}") for n in range(20)))
    assert got == bodies
