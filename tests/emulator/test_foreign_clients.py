"""Clients that other people wrote: what they do against the service, they do here.

Their expectations were formed by Google's servers, so they judge the emulator from outside.
"""

import asyncio
import os
from typing import Any, cast

import obstore
import pytest
from aiohttp import ClientSession
from gcloud.aio.storage import Storage as AioStorage
from gcsfs.core import GCSFileSystem
from google.api_core.exceptions import NotFound, PreconditionFailed
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client  # type: ignore[import-untyped] # it ships no types
from obstore_place import BUCKET, obstore_store

from storage_stream.emulator import Emulator

CONTENT = os.urandom(700_001)
NAMES = ["plain.bin", "folder/with space+plus.bin", "ünï/100%?#.bin"]


def google_client(emulator: Emulator) -> Client:
    return Client(
        project="test",
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call] # google-auth has no types
        client_options={"api_endpoint": emulator.url},
    )


@pytest.mark.parametrize("name", NAMES)
async def test_google_cloud_storage_round_trip(emulator: Emulator, name: str) -> None:
    def use() -> None:
        client = google_client(emulator)
        try:
            bucket = client.create_bucket(BUCKET)
            blob = bucket.blob(name)
            blob.metadata = {"colour": "blue"}
            blob.upload_from_string(CONTENT, content_type="image/png", checksum="crc32c")
            assert [found.name for found in client.list_blobs(BUCKET)] == [name]
            again = bucket.get_blob(name)
            assert again is not None
            assert (again.size, again.content_type) == (len(CONTENT), "image/png")
            assert again.metadata == {"colour": "blue"}
            assert again.download_as_bytes(checksum="crc32c") == CONTENT
            assert again.download_as_bytes(start=1000, end=1999) == CONTENT[1000:2000]
            blob.delete()
            assert bucket.get_blob(name) is None
            bucket.delete()
        finally:
            client.close()

    await asyncio.to_thread(use)


async def test_google_cloud_storage_uploads_in_chunks(emulator: Emulator) -> None:
    def use() -> None:
        client = google_client(emulator)
        try:
            blob = client.bucket(BUCKET).blob("chunked", chunk_size=256 * 1024)
            with blob.open("wb", checksum="crc32c") as writer:
                writer.write(CONTENT)
            assert client.bucket(BUCKET).blob("chunked").download_as_bytes() == CONTENT
        finally:
            client.close()

    await asyncio.to_thread(use)
    assert emulator.unfinished_sessions == 0


async def test_google_cloud_storage_preconditions_compose_and_rewrite(emulator: Emulator) -> None:
    def use() -> None:
        client = google_client(emulator)
        try:
            bucket = client.bucket(BUCKET)
            one, two, both = bucket.blob("one"), bucket.blob("two"), bucket.blob("both")
            one.upload_from_string(b"1" * 10, if_generation_match=0)
            with pytest.raises(PreconditionFailed):
                one.upload_from_string(b"again", if_generation_match=0)
            two.upload_from_string(b"2" * 10)
            both.compose([one, two])
            assert both.download_as_bytes() == b"1" * 10 + b"2" * 10
            assert both.component_count == 2
            copy = bucket.blob("copy")
            token, written, total = copy.rewrite(both)
            assert (token, written, total) == (None, 20, 20)
            one.content_type = "text/x-one"
            one.patch()
            assert bucket.get_blob("one").content_type == "text/x-one"
            with pytest.raises(NotFound):
                bucket.blob("none").download_as_bytes()
        finally:
            client.close()

    await asyncio.to_thread(use)


@pytest.mark.parametrize("name", NAMES)
async def test_gcsfs_round_trip(emulator: Emulator, name: str) -> None:
    path = f"{BUCKET}/{name}"

    def use() -> None:
        files: Any = GCSFileSystem(
            project="test", token="anon", endpoint_url=emulator.url, skip_instance_cache=True
        )
        files.mkdir(BUCKET)
        files.pipe_file(path, CONTENT)
        assert files.find(BUCKET) == [path]
        assert files.info(path)["size"] == len(CONTENT)
        assert files.cat_file(path) == CONTENT
        assert files.cat_file(path, start=1000, end=2000) == CONTENT[1000:2000]
        with files.open(path, block_size=256 * 1024) as opened:
            opened.seek(-5, os.SEEK_END)
            assert opened.read() == CONTENT[-5:]
        files.rm_file(path)
        files.invalidate_cache()
        assert not files.exists(path)

    await asyncio.to_thread(use)


async def test_gcsfs_writes_a_file_in_blocks(emulator: Emulator) -> None:
    def use() -> None:
        files: Any = GCSFileSystem(
            project="test", token="anon", endpoint_url=emulator.url, skip_instance_cache=True
        )
        with files.open(f"{BUCKET}/blocks", "wb", block_size=256 * 1024) as opened:
            for start in range(0, len(CONTENT), 100_000):
                opened.write(CONTENT[start : start + 100_000])
        assert files.cat_file(f"{BUCKET}/blocks") == CONTENT

    await asyncio.to_thread(use)


@pytest.mark.parametrize("name", NAMES)
async def test_gcloud_aio_storage_round_trip(emulator: Emulator, name: str) -> None:
    async with ClientSession() as session:
        storage = AioStorage(session=cast("Any", session), api_root=emulator.url)
        await storage.upload(BUCKET, name, CONTENT, metadata={"metadata": {"colour": "blue"}})
        listed = await storage.list_objects(BUCKET)
        assert [item["name"] for item in listed["items"]] == [name]
        assert (await storage.download_metadata(BUCKET, name))["metadata"] == {"colour": "blue"}
        assert await storage.download(BUCKET, name) == CONTENT
        part = await storage.download(BUCKET, name, headers={"Range": "bytes=1000-1999"})
        assert part == CONTENT[1000:2000]
        await storage.delete(BUCKET, name)
        assert "items" not in await storage.list_objects(BUCKET)


async def test_gcloud_aio_storage_resumable_upload(emulator: Emulator) -> None:
    async with ClientSession() as session:
        storage = AioStorage(session=cast("Any", session), api_root=emulator.url)
        await storage.upload(BUCKET, "resumable", CONTENT, force_resumable_upload=True)
        assert await storage.download(BUCKET, "resumable") == CONTENT
    assert emulator.unfinished_sessions == 0


@pytest.mark.parametrize("name", NAMES)
async def test_obstore_round_trip(emulator: Emulator, name: str) -> None:
    store = obstore_store(emulator)
    await obstore.put_async(store, name, CONTENT, use_multipart=False)
    listed = [item["path"] async for page in obstore.list(store) for item in page]
    assert listed == [name]
    head = await obstore.head_async(store, name)
    assert head["size"] == len(CONTENT)
    whole = await obstore.get_async(store, name)
    assert bytes(await whole.bytes_async()) == CONTENT
    part = await obstore.get_range_async(store, name, start=1000, end=2000)
    assert bytes(part) == CONTENT[1000:2000]
    await obstore.delete_async(store, name)
    with pytest.raises(FileNotFoundError):
        await obstore.head_async(store, name)


async def test_obstore_conditions_and_copy(emulator: Emulator) -> None:
    store = obstore_store(emulator)
    await obstore.put_async(store, "one", b"one", mode="create", use_multipart=False)
    with pytest.raises(obstore.exceptions.AlreadyExistsError):
        await obstore.put_async(store, "one", b"two", mode="create", use_multipart=False)
    await obstore.copy_async(store, "one", "folder/two")
    found = await obstore.list_with_delimiter_async(store)
    assert found["common_prefixes"] == ["folder"]
    assert [item["path"] for item in found["objects"]] == ["one"]
