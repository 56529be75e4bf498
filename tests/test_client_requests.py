"""docs/requests.md, row by row: each operation makes the requests it says, and no more."""

import asyncio
import io
import json
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from doc_tables import table_of
from leaks import until
from sample_data import gzipped, text_lines
from standing_time import pass_until

from storage_stream import Blob, Bucket, Preconditions, Storage
from storage_stream._transport.environment import Environment
from storage_stream.errors import Forbidden, IntegrityError, NotFound, ServerError
from storage_stream.testing import FakeClock
from storage_stream.testing.emulator_handle import EmulatorHandle

GET, INSERT = "storage.objects.get", "storage.objects.insert"
ROWS = {row["operation"]: row for row in table_of("requests.md", "operation")}
TEXT = text_lines(300_000)
MIB = 1024 * 1024
CHUNK_BYTES = 256 * 1024
PART_BYTES = 5 * 1024 * 1024
LARGE = bytes(2 * PART_BYTES + 1)


@dataclass(frozen=True)
class World:
    """What the operations of the table work on."""

    storage: Storage
    gcs: EmulatorHandle
    folder: Path

    @property
    def bucket(self) -> Bucket:
        return self.storage.get_bucket("bucket")

    @property
    def blob(self) -> Blob:
        return self.bucket.new_blob("name")


def _key_file(folder: Path) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    file = folder / "account.json"
    account = {"type": "service_account", "client_email": "a@b", "private_key": pem}
    file.write_text(json.dumps(account))
    return str(file)


async def _signed(world: World) -> None:
    async with Storage(service_file=_key_file(world.folder)) as storage:
        await storage.get_signed_url("bucket", "name", 60)
        await storage.get_bucket("bucket").new_blob("name").get_signed_url(60)
        await storage.generate_signed_post_policy("bucket", "name", 60)


async def _written(world: World, size: int) -> None:
    async with world.storage.upload_stream("bucket", "new") as writer:
        await writer.write(bytes(size))


async def _file_written(world: World, mode: Any, size: int) -> None:
    async with world.storage.open("bucket", "new", mode) as file:
        await file.write(bytes(size))


async def _file_read(world: World) -> None:
    async with world.storage.open("bucket", "name") as file:
        assert await file.read(1) + await file.read() == b"data"


async def _resumed(world: World, *, from_memory: bool) -> None:
    writer = world.storage.upload_stream("bucket", "new", chunk_bytes=CHUNK_BYTES)
    await writer.write(bytes(2 * CHUNK_BYTES + 1))
    state, data = writer.state(), bytes(3 * CHUNK_BYTES)
    world.gcs.log.clear()
    await world.storage.resume_upload(state, data if from_memory else iter([data]))


async def _copy_resumed(world: World) -> None:
    world.gcs.put("bucket", "large", bytes(2_000_000))
    world.gcs.arm_next("storage.objects.rewrite", "pass", "return-503")
    with pytest.raises(ServerError) as caught:
        await world.storage.copy("bucket", "large", "many", max_bytes_per_call=1024 * 1024)
    assert caught.value.state is not None
    world.gcs.log.clear()
    await world.storage.resume_copy(caught.value.state)


async def _locked(world: World) -> None:
    world.gcs.create_bucket("locked", retentionPolicy={"retentionPeriod": "1"})
    await world.storage.lock_retention_policy("locked", 1)


async def _with_hmac_key(world: World, what: Callable[[str], Awaitable[object]]) -> None:
    made = await world.storage.create_hmac_key("project", "a@b")
    access_id = made["metadata"]["accessId"]
    world.gcs.log.clear()
    await what(access_id)


async def _with_notification(world: World, what: Callable[[str, str], Awaitable[object]]) -> None:
    made = await world.storage.create_notification("bucket", "t")
    world.gcs.log.clear()
    await what("bucket", made["id"])


async def _deleted_hmac_key(world: World) -> None:
    made = await world.storage.create_hmac_key("project", "a@b")
    access_id = made["metadata"]["accessId"]
    await world.storage.update_hmac_key("project", access_id, "INACTIVE")
    world.gcs.log.clear()
    await world.storage.delete_hmac_key("project", access_id)


async def _nothing(world: World) -> None:
    world.storage.download_stream("bucket", "name")
    assert world.blob.name == "name"


async def _stream(world: World, start: int = 0, end: int | None = None) -> None:
    async with world.storage.download_stream("bucket", "name", start=start, end=end) as stream:
        assert await stream.read() == b"data"[start:end]


SLICE = 256 * 1024  # in place of 32 MiB


TO_MEMORY_OR_FILE: list[Callable[[Storage, Path], Awaitable[object]]] = [
    lambda storage, _: storage.download("bucket", "two slices", slice_bytes=SLICE),
    lambda storage, folder: storage.download_to_filename(
        "bucket", "two slices", folder / "x", slice_bytes=SLICE
    ),
    lambda storage, _: storage.download_into(
        "bucket", "two slices", bytearray(2 * SLICE), slice_bytes=SLICE
    ),
]


async def _over_one_connection(call: Any, world: World) -> None:
    """No time passes that anybody would have waited."""
    environment = Environment(clock=FakeClock(auto_advance=False))
    async with Storage(environment=environment) as storage:
        await call(storage, world.folder)


async def _over_two_connections(call: Any, world: World) -> None:
    """As long as the first is alone, time passes in which this thread does next to nothing."""
    world.gcs.arm_next(GET, "trickle-1500000Bps")
    clock = FakeClock()
    async with Storage(environment=Environment(clock=clock)) as storage:
        work = asyncio.create_task(call(storage, world.folder))
        await pass_until(
            clock, lambda: len(world.gcs.log) > 1, lambda: "nobody helps", step_seconds=0.02
        )
        await work


async def _in_slices(world: World) -> None:
    async for _ in world.storage.iter_download("bucket", "two slices", slice_bytes=SLICE):
        pass


async def _decoded_part(world: World) -> None:
    assert await world.storage.download("bucket", "packed", start=1, end=3) == TEXT[1:3]


async def _broken(world: World) -> None:
    world.gcs.arm_next(GET, "drop-at-1", "return-503", "drop-at-3")
    assert await world.storage.download("bucket", "name") == b"data"


async def _missing(world: World) -> None:
    with pytest.raises(NotFound):
        await world.storage.download("bucket", "none")


async def _blob_and_download(world: World) -> None:
    blob = await world.bucket.get_blob("name")
    assert await blob.download() == b"data"


async def _changed(world: World) -> None:
    world.gcs.arm_next(INSERT, "flip-bit-at-0")
    await world.storage.upload("bucket", "new", io.BytesIO(b"data"))


async def _kept_otherwise(world: World) -> None:
    world.gcs.arm_next(INSERT, "wrong-hash")
    with pytest.raises(IntegrityError):
        await world.storage.upload("bucket", "new", io.BytesIO(b"data"))


async def _failing(world: World) -> None:
    world.gcs.arm_next(INSERT, "return-503")
    with pytest.raises(ServerError):
        await world.storage.upload("bucket", "new", b"data")


async def _repeated(world: World) -> None:
    world.gcs.arm_next(INSERT, "return-503")
    new_only = Preconditions(if_generation_match=0)
    await world.storage.upload("bucket", "new", b"data", preconditions=new_only)


async def _parallel(world: World, method: Any = "multipart") -> None:
    await world.storage.upload_parallel(
        "bucket", "new", LARGE, part_bytes=PART_BYTES, method=method
    )


async def _refused_at_its_end(world: World) -> None:
    world.gcs.arm_next("storage.multipartUploads.complete", "return-403")
    with pytest.raises(Forbidden):
        await _parallel(world)


async def _cleaned(world: World) -> None:
    journal = world.folder / "journal"
    world.gcs.arm_next("storage.multipartUploads.uploadPart", "return-503")
    with pytest.raises(ServerError):
        await world.storage.upload_parallel(
            *("bucket", "new", LARGE), part_bytes=PART_BYTES, workers=1, journal=journal, retries=0
        )
    world.gcs.log.clear()
    assert await world.storage.clean_upload(journal) == 1


async def _iterate(world: World) -> None:
    pages = world.storage.iter_objects("many", page_size=2)
    assert [item["name"] async for item in pages] == list("abcdef")


async def _iterate_a_little(world: World) -> None:
    async with aclosing(world.storage.iter_objects("many", page_size=2)) as items:
        assert (await anext(items))["name"] == "a"
        await until(lambda: len(world.gcs.log) == 2, lambda: "the next page is not asked for")


async def _blob_exists(world: World) -> None:
    assert await world.bucket.blob_exists("name")
    assert len(world.gcs.log) == 1
    assert not await world.bucket.blob_exists("none")
    world.gcs.log.clear()
    assert await world.bucket.blob_exists("name")


async def _iterate_pages(world: World) -> None:
    pages = [page async for page in world.storage.iter_object_pages("many", page_size=2)]
    assert [len(page.items) for page in pages] == [2, 2, 2]


async def _buckets(world: World) -> None:
    assert len([item async for item in world.storage.iter_buckets("project")]) > 1


async def _restore(world: World) -> None:
    generation = int(world.gcs.objects("soft", softDeleted="true")[0]["generation"])
    await world.storage.restore("soft", "name", generation)


async def _delete_many(world: World) -> None:
    summary = await world.storage.delete_many("many", map(str, range(250)), missing_ok=True)
    assert summary.missing == 250


async def _delete_prefix(world: World) -> None:
    for number in range(250):
        world.gcs.put("bucket", f"prefix/{number}", b"")
    assert (await world.storage.delete_prefix("bucket", "prefix/")).deleted == 250


async def _download_many(world: World) -> None:
    for number in range(20):
        world.gcs.put("bucket", f"run/{number}", b"x")
    with tempfile.TemporaryDirectory() as folder:
        world.gcs.log.clear()
        assert (await world.storage.download_many("bucket", "run/", folder)).done == 20


async def _sync_again(world: World) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for number in range(20):
            (Path(folder) / f"{number}").write_bytes(b"x")
        assert (await world.storage.sync(folder, "gs://bucket/synced")).done == 20
        world.gcs.log.clear()
        assert (await world.storage.sync(folder, "gs://bucket/synced")).skipped == 20


async def _batch(world: World) -> None:
    async with world.storage.batch() as batch:
        for _ in range(100):
            batch.download_metadata("bucket", "name")


async def _copy_in_parts(world: World) -> None:
    world.gcs.put("bucket", "large", bytes(3_000_000))
    await world.storage.copy("bucket", "large", "many", max_bytes_per_call=1024 * 1024)


async def _move(world: World) -> None:
    await world.storage.move("bucket", "name", "many")


async def _move_known(world: World) -> None:
    generation = int(world.gcs.metadata("bucket", "name")["generation"])
    known = Preconditions(if_source_generation_match=generation)
    await world.storage.move("bucket", "name", "many", preconditions=known)


async def _move_within(world: World) -> None:
    await world.storage.move("bucket", "packed", "bucket", new_name="moved")


async def _keys(world: World) -> None:
    assert [item async for item in world.storage.iter_hmac_keys("project")] == []


CALLS: dict[str, list[Callable[[World], Awaitable[object]]]] = {
    "Storage(), get_bucket, new_blob, download_stream not entered": [_nothing],
    "download, download_stream, download_to_filename": [
        lambda world: world.storage.download("bucket", "name"),
        _stream,
        lambda world: world.blob.download(),
        lambda world: world.storage.download_to_filename("bucket", "name", world.folder / "x"),
    ],
    "download, download_to_filename, download_into of two slices (64 MiB) that one connection "
    "brings as fast as they are taken": [
        partial(_over_one_connection, call) for call in TO_MEMORY_OR_FILE
    ],
    "the same over a connection that is waited for; iter_download of two slices": [
        *(partial(_over_two_connections, call) for call in TO_MEMORY_OR_FILE),
        _in_slices,
    ],
    "download_stream of a range": [lambda world: _stream(world, 1, 3)],
    "download_stream of a range of decompressed gzip": [_decoded_part],
    "a download that breaks three times": [_broken],
    "a download of what is not there": [_missing],
    "download_metadata, stat, exists, Bucket.get_blob, Bucket.blob_exists, Blob.reload": [
        lambda world: world.storage.stat("bucket", "name"),
        lambda world: world.storage.exists("bucket", "name"),
        lambda world: world.storage.exists("bucket", "none"),
        lambda world: world.blob.reload(),
        lambda world: world.storage.download_metadata("bucket", "name"),
        lambda world: world.bucket.get_blob("name"),
        _blob_exists,
    ],
    "Bucket.get_blob and Blob.download": [_blob_and_download],
    "upload of bytes, text, a file or a path; Blob.upload": [
        lambda world: world.storage.upload("bucket", "new", b"data"),
        lambda world: world.storage.upload("bucket", "new", "text"),
        lambda world: world.storage.upload("bucket", "new", io.BytesIO(b"data")),
        lambda world: world.storage.upload("bucket", "new", world.folder / "source"),
        lambda world: world.storage.upload_from_filename("bkt", "new", world.folder / "source"),
        lambda world: world.blob.upload(b"data"),
    ],
    "upload of 20 MiB in memory or in a file": [
        lambda world: world.storage.upload("bucket", "new", bytes(20 * MIB)),
        lambda world: world.storage.upload("bucket", "new", io.BytesIO(bytes(20 * MIB))),
    ],
    "upload of 20 MiB from an iterator": [
        lambda world: world.storage.upload("bucket", "new", iter([bytes(MIB)] * 20)),
    ],
    "upload_stream, open to write (wb), of up to 8 MiB": [
        lambda world: _written(world, 0),
        lambda world: _written(world, 8 * MIB),
        lambda world: _file_written(world, "wb", 5),
    ],
    "upload_stream, open to write (wb), of 20 MiB": [
        lambda world: _written(world, 20 * MIB),
        lambda world: _file_written(world, "wb", 20 * MIB),
    ],
    "open to create (xb) up to 8 MiB": [lambda world: _file_written(world, "xb", 5)],
    "open to read (rb), from beginning to end": [_file_read],
    "resume_upload of two chunks, one of which is there": [
        lambda world: _resumed(world, from_memory=True),
        lambda world: _resumed(world, from_memory=False),
    ],
    "get_signed_url, generate_signed_post_policy with a key file": [_signed],
    "upload with metadata": [
        lambda world: world.storage.upload("bucket", "new", b"x", metadata={"metadata": {"a": 1}})
    ],
    "upload of a file that arrived changed": [_changed],
    "upload after which the service keeps something else": [_kept_otherwise],
    "upload that fails once, without a precondition": [_failing],
    "upload that fails once, with a precondition": [_repeated],
    "upload_parallel of what fits into one part": [
        lambda world: world.storage.upload_parallel("bucket", "new", b"data"),
        lambda world: world.storage.upload_parallel("bucket", "new", b"", method="composite"),
    ],
    "upload_parallel in three parts": [_parallel],
    'upload_parallel in three parts, method="composite"': [
        lambda world: _parallel(world, "composite")
    ],
    "upload_parallel in three parts that is refused at its end": [_refused_at_its_end],
    "clean_upload of a multipart upload": [_cleaned],
    "patch_metadata, set_holds, set_custom_time, set_contexts, Blob.patch_metadata": [
        lambda world: world.storage.patch_metadata("bucket", "name", {"contentType": "a/b"}),
        lambda world: world.storage.set_holds("bucket", "name", temporary=False),
        lambda world: world.storage.set_custom_time("bucket", "name", datetime.now(UTC)),
        lambda world: world.storage.set_contexts("bucket", "name", {"k": "v"}),
        lambda world: world.blob.patch_metadata({"contentType": "a/b"}),
    ],
    "update_metadata": [lambda world: world.storage.update_metadata("bucket", "name", {})],
    "restore": [_restore],
    "delete, Blob.delete": [
        lambda world: world.storage.delete("bucket", "name"),
        lambda world: world.bucket.new_blob("packed").delete(),
    ],
    "delete_many of 250 names": [_delete_many],
    "delete_prefix of 250 objects": [_delete_prefix],
    "download_many of 20 objects below a prefix": [_download_many],
    "sync of 20 files that are there already": [_sync_again],
    "batch of up to 100 calls": [_batch],
    "copy that the service does at once": [
        lambda world: world.storage.copy("bucket", "name", "many")
    ],
    "copy in three parts": [_copy_in_parts],
    "resume_copy of what is left of a copy": [_copy_resumed],
    "rename; move within a bucket": [
        lambda world: world.storage.rename("bucket", "name", "renamed"),
        _move_within,
    ],
    "move to another bucket": [_move],
    "move to another bucket, the source's generation named": [_move_known],
    "compose of up to 32 objects": [
        lambda world: world.storage.compose("bucket", "all", ["name"] * 32)
    ],
    "compose of 64 objects": [lambda world: world.storage.compose("bucket", "all", ["name"] * 64)],
    "list_objects; Bucket.list_blobs of up to 1,000 names": [
        lambda world: world.storage.list_objects("many"),
        lambda world: world.storage.get_bucket("many").list_blobs(),
    ],
    "iter_objects, iter_object_pages of three pages": [_iterate, _iterate_pages],
    "iter_objects left on the first of three pages": [_iterate_a_little],
    "get_bucket_metadata, Bucket.get_metadata": [
        lambda world: world.storage.get_bucket_metadata("bucket"),
        lambda world: world.bucket.get_metadata(),
    ],
    "list_buckets, iter_buckets": [
        lambda world: world.storage.list_buckets("project"),
        _buckets,
    ],
    "create_bucket": [lambda world: world.storage.create_bucket("other", "project")],
    "patch_bucket, set_labels, set_lifecycle, set_versioning, set_soft_delete": [
        lambda world: world.storage.patch_bucket("bucket", {}),
        lambda world: world.storage.set_labels("bucket", {"k": "v"}),
        lambda world: world.storage.set_lifecycle("bucket", []),
        lambda world: world.storage.set_versioning("bucket", enabled=True),
        lambda world: world.storage.set_soft_delete("bucket", 0),
    ],
    "lock_retention_policy": [_locked],
    "update_bucket": [lambda world: world.storage.update_bucket("bucket", {})],
    "delete_bucket": [lambda world: world.storage.delete_bucket("empty")],
    "get_iam_policy": [lambda world: world.storage.get_iam_policy("bucket")],
    "set_iam_policy": [lambda world: world.storage.set_iam_policy("bucket", {"bindings": []})],
    "test_iam_permissions": [
        lambda world: world.storage.test_iam_permissions("bucket", ["storage.objects.get"])
    ],
    "list_notifications": [lambda world: world.storage.list_notifications("bucket")],
    "create_notification": [lambda world: world.storage.create_notification("bucket", "t")],
    "get_notification": [lambda world: _with_notification(world, world.storage.get_notification)],
    "delete_notification": [
        lambda world: _with_notification(world, world.storage.delete_notification)
    ],
    "create_hmac_key": [lambda world: world.storage.create_hmac_key("project", "a@b")],
    "iter_hmac_keys": [_keys],
    "get_hmac_key": [
        lambda world: _with_hmac_key(world, partial(world.storage.get_hmac_key, "project"))
    ],
    "update_hmac_key": [
        lambda world: _with_hmac_key(
            world, lambda access_id: world.storage.update_hmac_key("project", access_id, "INACTIVE")
        )
    ],
    "delete_hmac_key": [_deleted_hmac_key],
    "get_service_account_email": [lambda world: world.storage.get_service_account_email("project")],
}


def test_the_table_is_complete() -> None:
    assert CALLS.keys() == ROWS.keys()


@pytest.mark.parametrize("operation", ROWS)
async def test_requests(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path, operation: str
) -> None:
    _fill(gcs, tmp_path)
    world = World(storage, gcs, tmp_path)
    expected = _operations_of(ROWS[operation])
    for call in CALLS[operation]:
        gcs.log.clear()
        await call(world)
        assert [entry.operation for entry in gcs.log] == expected


def _fill(gcs: EmulatorHandle, folder: Path) -> None:
    gcs.put("bucket", "name", b"data")
    gcs.put("bucket", "two slices", bytes(2 * SLICE))
    gcs.put("bucket", "packed", gzipped(TEXT), contentEncoding="gzip")
    gcs.create_bucket("empty")
    gcs.create_bucket("soft", softDeletePolicy={"retentionDurationSeconds": "604800"})
    gcs.put("soft", "name", b"old")
    gcs.put("soft", "name", b"new")
    for name in "abcdef":
        gcs.put("many", name, b"")
    (folder / "source").write_bytes(b"data")


def _operations_of(row: dict[str, str]) -> list[str]:
    """`a 2, b` means twice `a`, then `b`."""
    operations: list[str] = []
    for part in filter(None, row["which"].split(", ")):
        name, _, times = part.partition(" ")
        operations += [name] * int(times or 1)
    assert len(operations) == int(row["requests"])
    return operations
