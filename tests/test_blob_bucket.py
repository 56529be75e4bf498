"""Buckets and blobs: handles that know their names, with gcloud-aio-storage's attributes."""

import json
from typing import Any, cast

import aiohttp
import pytest
from gcloud.aio.storage import Bucket as ForeignBucket
from gcloud.aio.storage import Storage as ForeignStorage
from sample_data import gzipped, patterned

from storage_stream import Blob, Bucket, Preconditions, Storage
from storage_stream._transport.environment import Environment
from storage_stream.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    InvalidName,
    NotFound,
    PreconditionFailed,
    ProtocolError,
)
from storage_stream.testing import Answer, FakeClock, MemoryTransport
from storage_stream.testing.emulator_handle import EmulatorHandle

DATA = patterned(300_000)
KEY = bytes(range(32))


@pytest.fixture
def bucket(gcs_bucket: str, storage: Storage) -> Bucket:
    return storage.get_bucket(gcs_bucket)


# -- blobs -----------------------------------------------------------------------------------


async def test_a_blob_has_its_resource_as_attributes(gcs: EmulatorHandle, bucket: Bucket) -> None:
    resource = gcs.put(bucket.name, "name", DATA, contentType="a/b", metadata={"key": "value"})
    blob: Any = await bucket.get_blob("name")
    assert isinstance(blob, Blob)
    assert blob.bucket is bucket
    assert blob.bucket_name == bucket.name
    assert blob.name == "name"
    assert blob.size == len(DATA)
    for field in ("contentType", "md5Hash", "crc32c", "generation", "etag", "metadata", "selfLink"):
        assert getattr(blob, field) == resource[field]
    assert repr(blob) == f"<Blob gs://{bucket.name}/name>"


async def test_attributes_are_those_of_gcloud_aio_storage(
    gcs: EmulatorHandle, bucket: Bucket
) -> None:
    gcs.put(bucket.name, "name", DATA, metadata={"key": "value"})
    ours = await bucket.get_blob("name")
    async with aiohttp.ClientSession() as session:
        foreign = ForeignStorage(session=cast("Any", session), api_root=f"{gcs.url}")
        theirs = await ForeignBucket(foreign, bucket.name).get_blob("name")
    theirs_known = {key: value for key, value in vars(theirs).items() if key != "bucket"}
    ours_known = {key: value for key, value in vars(ours).items() if key != "bucket"}
    assert theirs_known == ours_known
    assert theirs.chunk_size == ours.chunk_size
    assert theirs.bucket.name == ours.bucket.name


@pytest.mark.parametrize(
    ("size", "chunk_size"), [(0, 262_144), (1, 262_144), (262_144, 524_288), (300_000, 524_288)]
)
async def test_chunk_size(bucket: Bucket, size: int, chunk_size: int) -> None:
    assert Blob(bucket, "name", {"size": str(size)}).chunk_size == chunk_size


async def test_download(gcs: EmulatorHandle, bucket: Bucket) -> None:
    gcs.put(bucket.name, "name", gzipped(DATA), contentEncoding="gzip")
    blob = bucket.new_blob("name")
    assert await blob.download() == DATA
    assert await blob.download(auto_decompress=False) == gzipped(DATA)
    assert await blob.download(5.0) == DATA
    async with blob.download_stream(start=5, end=10) as stream:
        assert await stream.read() == DATA[5:10]


async def test_upload_takes_over_the_new_resource(gcs: EmulatorHandle, bucket: Bucket) -> None:
    blob: Any = bucket.new_blob("folder/new.txt")
    assert blob.size == 0
    resource = await blob.upload(DATA)
    assert gcs.read(bucket.name, "folder/new.txt") == DATA
    assert blob.size == len(DATA)
    assert blob.generation == resource["generation"]
    assert blob.contentType == "text/plain"
    assert blob.name == "folder/new.txt"
    assert blob.bucket is bucket
    await blob.upload("é", "a/b")
    assert (blob.size, blob.contentType) == (2, "a/b")


async def test_the_metadata_passed_is_copied(bucket: Bucket) -> None:
    given = {"size": "5", "name": "other", "bucket": "elsewhere"}
    blob = Blob(bucket, "name", given)
    assert given == {"size": "5", "name": "other", "bucket": "elsewhere"}
    assert (blob.name, blob.bucket, blob.size) == ("name", bucket, 5)


async def test_a_resource_without_a_size_that_is_one_is_refused(bucket: Bucket) -> None:
    for size in ("many", "-1", None):
        with pytest.raises(ProtocolError, match="size"):
            Blob(bucket, "name", {"size": size})


async def test_no_such_blob(gcs: EmulatorHandle, bucket: Bucket) -> None:
    with pytest.raises(NotFound, match=f"gs://{bucket.name}/none") as caught:
        await bucket.get_blob("none")
    assert caught.value.status == 404
    with pytest.raises(aiohttp.ClientResponseError):
        await bucket.new_blob("none").download()
    assert len(gcs.log) == 2


async def test_blob_exists(gcs: EmulatorHandle, bucket: Bucket) -> None:
    gcs.put(bucket.name, "name", b"")
    assert await bucket.blob_exists("name") is True
    assert await bucket.blob_exists("none") is False
    gcs.arm_next("storage.objects.get", "return-410")
    assert await bucket.blob_exists("name") is False
    gcs.arm_next("storage.objects.get", "return-403")
    with pytest.raises(Forbidden):
        await bucket.blob_exists("name")


@pytest.mark.parametrize("name", ["", ".", "..", "a\nb", "a\rb", "x" * 1025, "\ud800"])
async def test_names_that_no_blob_can_have(bucket: Bucket, name: str) -> None:
    with pytest.raises(InvalidName):
        bucket.new_blob(name)


@pytest.mark.parametrize(
    "name",
    [
        "a b", "a/b", "/", "//", "a//b", "./a", "../a", "a/..", "%", "%2F", "a%20b", "+", "?a=b",
        "#", "é", "日本語", "😀", "e\u0301", "\t", "\0", "\x7f", "\u2028", "*", "[a]", "a\\b",
        '"', "'",
        "x" * 1024, "é" * 512, " ", "a ", "...", "~", ":", "@", "a&b", "a;b", "a=b",
    ],
)  # fmt: skip
async def test_every_legal_name_is_byte_exact(
    gcs: EmulatorHandle, bucket: Bucket, storage: Storage, name: str
) -> None:
    data = name.encode()
    await storage.upload(bucket.name, name, data)
    await storage.upload(bucket.name, name, data, metadata={"metadata": {"a": "b"}})
    assert [item["name"] for item in gcs.objects(bucket.name)] == [name]
    assert await storage.download(bucket.name, name) == data
    assert await bucket.list_blobs() == [name]
    assert await bucket.list_blobs(name) == [name]
    assert (await bucket.get_blob(name)).name == name
    await storage.delete(bucket.name, name)
    assert gcs.objects(bucket.name) == []


# -- what every request takes, handles take, too --------------------------------------------------


async def test_a_blob_takes_preconditions_and_keys(gcs: EmulatorHandle, bucket: Bucket) -> None:
    blob = bucket.new_blob("name")
    absent = Preconditions(if_generation_match=0)
    metadata = {"metadata": {"key": "value"}}
    await blob.upload(
        DATA, preconditions=absent, metadata=metadata, encryption_key=KEY, user_project="payer"
    )
    assert blob.metadata == {"key": "value"}
    assert "userProject=payer" in gcs.log[-1].query
    with pytest.raises(PreconditionFailed):
        await blob.upload(DATA, preconditions=absent)
    assert await blob.download(encryption_key=KEY, start=1, end=3) == DATA[1:3]
    assert await blob.download(encryption_key=KEY, generation=int(blob.generation)) == DATA
    with pytest.raises(BadRequest):
        await blob.download()
    with pytest.raises(PreconditionFailed):
        await blob.download(preconditions=absent, encryption_key=KEY)


async def test_a_blob_of_one_generation(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.create_bucket("kept", versioning={"enabled": True})
    old = int(gcs.put("kept", "name", b"old")["generation"])
    gcs.put("kept", "name", b"newer")
    bucket = storage.get_bucket("kept")
    blob = await bucket.get_blob("name", generation=old, user_project="payer")
    assert (blob.size, int(blob.generation)) == (3, old)
    assert await bucket.blob_exists("name", generation=old, timeout=5)
    assert not await bucket.blob_exists("name", generation=old + 1)
    await blob.patch_metadata({"contentType": "a/b"}, generation=old)
    assert (blob.size, blob.contentType) == (3, "a/b")
    await blob.reload()
    assert blob.size == 5
    await blob.delete(generation=old)
    assert len(gcs.objects("kept", versions="true")) == 1


async def test_a_bucket_takes_who_pays(gcs: EmulatorHandle, bucket: Bucket) -> None:
    gcs.put(bucket.name, "name", b"")
    gcs.log.clear()
    assert await bucket.list_blobs(user_project="payer", timeout=5) == ["name"]
    await bucket.get_metadata(user_project="payer", timeout=5)
    await bucket.blob_exists("name", user_project="payer")
    await bucket.delete_prefix("", user_project="payer", concurrency=1)
    assert len(gcs.log) == 5
    for entry in gcs.log:
        queries = [call.query for call in entry.calls] or [entry.query]
        assert all("userProject=payer" in query for query in queries)


async def test_a_handle_refuses_what_its_method_does_not_know(
    gcs: EmulatorHandle, bucket: Bucket
) -> None:
    blob: Any = bucket.new_blob("name")
    untyped: Any = bucket
    calls = (blob.upload, untyped.get_blob, untyped.blob_exists, untyped.list_blobs)
    for call in (*calls, lambda _, **foo: untyped.get_metadata(**foo)):
        with pytest.raises(TypeError, match="foo"):
            await call("name", foo=1)
    assert len(gcs.log) == 0


# -- objects' metadata -----------------------------------------------------------------------


async def test_patch_and_delete(gcs: EmulatorHandle, bucket: Bucket, storage: Storage) -> None:
    first = gcs.put(bucket.name, "name", DATA, metadata={"a": "1", "b": "2"})
    changes = {"contentType": "a/b", "metadata": {"a": None, "c": "3"}}
    patched = await storage.patch_metadata(bucket.name, "name", changes)
    assert changes == {"contentType": "a/b", "metadata": {"a": None, "c": "3"}}
    assert patched["contentType"] == "a/b"
    assert patched["metadata"] == {"b": "2", "c": "3"}
    assert patched["metageneration"] == "2"
    assert await storage.download_metadata(bucket.name, "name") == patched
    generation = int(first["generation"])
    with pytest.raises(NotFound):
        await storage.delete(bucket.name, "name", generation=generation + 1)
    assert await storage.delete(bucket.name, "name", generation=generation) == ""
    with pytest.raises(NotFound):
        await storage.delete(bucket.name, "name")


async def test_a_delete_is_repeated_only_when_it_is_safe(
    gcs: EmulatorHandle, bucket: Bucket, storage: Storage
) -> None:
    generation = int(gcs.put(bucket.name, "name", b"")["generation"])
    gcs.arm_next("storage.objects.delete", "return-503", "return-503")
    with pytest.raises(Exception, match="503"):
        await storage.delete(bucket.name, "name")
    assert len(gcs.log) == 1
    await storage.delete(bucket.name, "name", generation=generation)
    assert len(gcs.log) == 3


# -- buckets ---------------------------------------------------------------------------------


async def test_a_bucket_from_making_to_deleting(gcs: EmulatorHandle, storage: Storage) -> None:
    fields = {"location": "EU", "storageClass": "NEARLINE"}
    made = await storage.create_bucket("bucket", "project", fields)
    assert fields == {"location": "EU", "storageClass": "NEARLINE"}
    assert (made["name"], made["location"], made["storageClass"]) == ("bucket", "EU", "NEARLINE")
    with pytest.raises(Conflict):
        await storage.create_bucket("bucket", "project")
    bucket = storage.get_bucket("bucket")
    assert (await bucket.get_metadata())["name"] == "bucket"
    assert (await bucket.get_metadata(params={"projection": "full"}))["name"] == "bucket"
    gcs.put("bucket", "name", b"")
    with pytest.raises(Conflict):
        await storage.delete_bucket("bucket")
    await storage.delete("bucket", "name")
    await storage.delete_bucket("bucket")
    assert await storage.list_buckets("project") == []


async def test_handles_ask_nothing(gcs: EmulatorHandle, storage: Storage) -> None:
    bucket = storage.get_bucket("bucket")
    assert (bucket.storage, bucket.name, repr(bucket)) == (
        storage,
        "bucket",
        "<Bucket gs://bucket>",
    )
    assert bucket.new_blob("name").bucket is bucket
    assert len(gcs.log) == 0


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a b", "a?b", "é", "a\n", "a%2f"])
async def test_names_that_no_bucket_can_have(
    gcs: EmulatorHandle, storage: Storage, name: str
) -> None:
    with pytest.raises(InvalidName):
        storage.get_bucket(name)
    with pytest.raises(InvalidName):
        await storage.create_bucket(name, "project")
    assert len(gcs.log) == 0


async def test_a_list_of_what_has_no_name() -> None:
    page = json.dumps({"items": [{"name": "a"}, {"size": "1"}]}).encode()
    network = MemoryTransport([Answer(200, {"content-type": "application/json"}, page)])
    environment = Environment(transport=network, clock=FakeClock())
    async with Storage(anonymous=True, environment=environment) as storage:
        with pytest.raises(ProtocolError, match="without a name"):
            await storage.get_bucket("bucket").list_blobs()
