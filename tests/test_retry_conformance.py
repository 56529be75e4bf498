"""Google's eight retry scenarios, over every method of the client that sends something.

The scenarios are those of the service's own conformance tests for client libraries, in our own
table: what is always idempotent is repeated; what is so with a precondition, with it; nothing
else; refusals are final, also after passing errors; uploads and downloads go on where they broke.
https://cloud.google.com/storage/docs/retry-strategy
"""

import inspect
import io
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sample_data import patterned

from storage_stream import Preconditions, Storage
from storage_stream.errors import (
    BadRequest,
    ConnectionLost,
    NotFound,
    ServerError,
    StorageError,
)
from storage_stream.testing.emulator_handle import EmulatorHandle

QUANTUM = 256 * 1024
DATA = patterned(3 * QUANTUM + 11)
NEW_ONLY = {"preconditions": Preconditions(if_generation_match=0)}
SAME_METAGENERATION = {"preconditions": Preconditions(if_metageneration_match=1)}
ACCOUNT = "a@b.iam.gserviceaccount.com"
TOPIC = "projects/p/topics/t"
MOMENT = datetime(2030, 1, 1, tzinfo=UTC)

PASSING = ("return-reset-connection", "return-503")
NOT_REPEATED = ["return-503", "return-reset-connection"]
FINAL = [
    (("return-404",), NotFound),
    (("return-503", "return-reset-connection", "return-400"), BadRequest),
]
# Each pair of these for each operation: tests/api/test_api_retries.py


@dataclass(frozen=True)
class World:
    """What the methods work on."""

    gcs: EmulatorHandle
    storage: Storage
    folder: Path
    generation: int
    deleted: int
    access_id: str
    key_etag: str
    notification: str
    policy_etag: str


Call = Callable[..., Awaitable[Any]]


@dataclass(frozen=True)
class Row:
    """One method.

    Attributes:
        operation: What it asks of the service.
        call: Calls it; keywords go on to the method.
        safe: Keywords with which it may be repeated; None: never.
    """

    operation: str
    call: Call
    safe: dict[str, Any] | Callable[[World], dict[str, Any]] | None = field(default_factory=dict)

    def safely(self, world: World) -> dict[str, Any]:
        return self.safe(world) if callable(self.safe) else dict(self.safe or {})


async def _all(items: Any) -> list[Any]:
    return [item async for item in items]


async def _stream(w: World, **o: Any) -> bytes:
    async with w.storage.download_stream("bucket", "o", **o) as stream:
        return await stream.read()


async def _write(w: World, **o: Any) -> None:
    async with w.storage.upload_stream("bucket", "new", **o) as writer:
        await writer.write(b"data")


def _source(w: World) -> Path:
    (w.folder / "source").write_bytes(b"data")
    return w.folder / "source"


ALWAYS: dict[str, Row] = {
    "create_bucket": Row(
        "storage.buckets.insert", lambda w, **o: w.storage.create_bucket("another", "p", **o)
    ),
    "delete_bucket": Row(
        "storage.buckets.delete", lambda w, **o: w.storage.delete_bucket("empty", **o)
    ),
    "delete_hmac_key": Row(
        "storage.projects.hmacKeys.delete",
        lambda w, **o: w.storage.delete_hmac_key("p", w.access_id, **o),
    ),
    "delete_notification": Row(
        "storage.notifications.delete",
        lambda w, **o: w.storage.delete_notification("bucket", w.notification, **o),
    ),
    "download": Row("storage.objects.get", lambda w, **o: w.storage.download("bucket", "o", **o)),
    "download_into": Row(
        "storage.objects.get",
        lambda w, **o: w.storage.download_into("bucket", "o", bytearray(9), **o),
    ),
    "download_metadata": Row(
        "storage.objects.get", lambda w, **o: w.storage.download_metadata("bucket", "o", **o)
    ),
    "download_stream": Row("storage.objects.get", _stream),
    "download_to_filename": Row(
        "storage.objects.get",
        lambda w, **o: w.storage.download_to_filename("bucket", "o", w.folder / "f", **o),
    ),
    "exists": Row("storage.objects.get", lambda w, **o: w.storage.exists("bucket", "o", **o)),
    "get_bucket_metadata": Row(
        "storage.buckets.get", lambda w, **o: w.storage.get_bucket_metadata("bucket", **o)
    ),
    "get_hmac_key": Row(
        "storage.projects.hmacKeys.get",
        lambda w, **o: w.storage.get_hmac_key("p", w.access_id, **o),
    ),
    "get_iam_policy": Row(
        "storage.buckets.getIamPolicy", lambda w, **o: w.storage.get_iam_policy("bucket", **o)
    ),
    "get_notification": Row(
        "storage.notifications.get",
        lambda w, **o: w.storage.get_notification("bucket", w.notification, **o),
    ),
    "get_service_account_email": Row(
        "storage.projects.serviceAccount.get",
        lambda w, **o: w.storage.get_service_account_email("p", **o),
    ),
    "iter_buckets": Row(
        "storage.buckets.list", lambda w, **o: _all(w.storage.iter_buckets("p", **o))
    ),
    "iter_hmac_keys": Row(
        "storage.projects.hmacKeys.list", lambda w, **o: _all(w.storage.iter_hmac_keys("p", **o))
    ),
    "iter_object_pages": Row(
        "storage.objects.list", lambda w, **o: _all(w.storage.iter_object_pages("bucket", **o))
    ),
    "iter_objects": Row(
        "storage.objects.list", lambda w, **o: _all(w.storage.iter_objects("bucket", **o))
    ),
    "list_buckets": Row("storage.buckets.list", lambda w, **o: w.storage.list_buckets("p", **o)),
    "list_notifications": Row(
        "storage.notifications.list", lambda w, **o: w.storage.list_notifications("bucket", **o)
    ),
    "list_objects": Row(
        "storage.objects.list", lambda w, **o: w.storage.list_objects("bucket", **o)
    ),
    "lock_retention_policy": Row(
        "storage.buckets.lockRetentionPolicy",
        lambda w, **o: w.storage.lock_retention_policy("retained", 1, **o),
    ),
    "stat": Row("storage.objects.get", lambda w, **o: w.storage.stat("bucket", "o", **o)),
    "test_iam_permissions": Row(
        "storage.buckets.testIamPermissions",
        lambda w, **o: w.storage.test_iam_permissions("bucket", ["storage.objects.get"], **o),
    ),
}
"""Idempotent whatever is said."""

SOMETIMES: dict[str, Row] = {
    "compose": Row(
        "storage.objects.compose",
        lambda w, **o: w.storage.compose("bucket", "new", ["o"], **o),
        NEW_ONLY,
    ),
    "copy": Row(
        "storage.objects.rewrite",
        lambda w, **o: w.storage.copy("bucket", "o", "empty", **o),
        NEW_ONLY,
    ),
    "delete": Row(
        "storage.objects.delete",
        lambda w, **o: w.storage.delete("bucket", "o", **o),
        lambda w: {"generation": w.generation},
    ),
    "move": Row(
        "storage.objects.rewrite",
        lambda w, **o: w.storage.move("bucket", "o", "empty", **o),
        NEW_ONLY,
    ),
    "patch_bucket": Row(
        "storage.buckets.patch",
        lambda w, **o: w.storage.patch_bucket("bucket", {}, **o),
        SAME_METAGENERATION,
    ),
    "patch_metadata": Row(
        "storage.objects.patch",
        lambda w, **o: w.storage.patch_metadata("bucket", "o", {}, **o),
        SAME_METAGENERATION,
    ),
    "rename": Row(
        "storage.objects.move", lambda w, **o: w.storage.rename("bucket", "o", "new", **o), NEW_ONLY
    ),
    "restore": Row(
        "storage.objects.restore",
        lambda w, **o: w.storage.restore("soft", "o", w.deleted, **o),
        NEW_ONLY,
    ),
    "set_contexts": Row(
        "storage.objects.patch",
        lambda w, **o: w.storage.set_contexts("bucket", "o", {"a": "b"}, **o),
        SAME_METAGENERATION,
    ),
    "set_custom_time": Row(
        "storage.objects.patch",
        lambda w, **o: w.storage.set_custom_time("bucket", "o", MOMENT, **o),
        SAME_METAGENERATION,
    ),
    "set_holds": Row(
        "storage.objects.patch",
        lambda w, **o: w.storage.set_holds("bucket", "o", temporary=True, **o),
        SAME_METAGENERATION,
    ),
    "set_iam_policy": Row(
        "storage.buckets.setIamPolicy",
        lambda w, *, policy=None, **o: w.storage.set_iam_policy(
            "bucket", policy or {"bindings": []}, **o
        ),
        lambda w: {"policy": {"bindings": [], "etag": w.policy_etag}},
    ),
    "set_labels": Row(
        "storage.buckets.patch",
        lambda w, **o: w.storage.set_labels("bucket", {"a": "b"}, **o),
        SAME_METAGENERATION,
    ),
    "set_lifecycle": Row(
        "storage.buckets.patch",
        lambda w, **o: w.storage.set_lifecycle("bucket", [], **o),
        SAME_METAGENERATION,
    ),
    "set_soft_delete": Row(
        "storage.buckets.patch",
        lambda w, **o: w.storage.set_soft_delete("bucket", 0, **o),
        SAME_METAGENERATION,
    ),
    "set_versioning": Row(
        "storage.buckets.patch",
        lambda w, **o: w.storage.set_versioning("bucket", enabled=True, **o),
        SAME_METAGENERATION,
    ),
    "update_bucket": Row(
        "storage.buckets.update",
        lambda w, **o: w.storage.update_bucket("bucket", {}, **o),
        SAME_METAGENERATION,
    ),
    "update_hmac_key": Row(
        "storage.projects.hmacKeys.update",
        lambda w, **o: w.storage.update_hmac_key("p", w.access_id, "ACTIVE", **o),
        lambda w: {"etag": w.key_etag},
    ),
    "update_metadata": Row(
        "storage.objects.update",
        lambda w, **o: w.storage.update_metadata("bucket", "o", {}, **o),
        SAME_METAGENERATION,
    ),
    "upload": Row(
        "storage.objects.insert",
        lambda w, **o: w.storage.upload("bucket", "new", b"data", **o),
        NEW_ONLY,
    ),
    "upload_from_filename": Row(
        "storage.objects.insert",
        lambda w, **o: w.storage.upload_from_filename("bucket", "new", _source(w), **o),
        NEW_ONLY,
    ),
    "upload_stream": Row("storage.objects.insert", _write, NEW_ONLY),
}
"""Idempotent when a precondition, a generation or an etag is named."""

NEVER: dict[str, Row] = {
    "create_hmac_key": Row(
        "storage.projects.hmacKeys.create",
        lambda w, **o: w.storage.create_hmac_key("p", ACCOUNT, **o),
        None,
    ),
    "create_notification": Row(
        "storage.notifications.insert",
        lambda w, **o: w.storage.create_notification("bucket", TOPIC, **o),
        None,
    ),
}
"""Each makes another one."""

ELSEWHERE = {
    "batch": "its calls are repeated one by one: tests/api/test_api_batches.py",
    "clean_upload": "tests/transfer/test_transfer_parallel_upload.py",
    "delete_many": "its items are repeated one by one: tests/api/test_api_deletion.py",
    "delete_prefix": "tests/api/test_api_deletion.py",
    "copy_many": "each object is a copy of its own: tests/api/test_api_many.py",
    "download_many": "each object is a download of its own: tests/api/test_api_many.py",
    "iter_download": "tests/transfer/test_transfer_sliced.py",
    "open": "a download or an upload: tests/files",
    "resume_copy": "requests of copy: tests/api/test_api_copies.py",
    "resume_upload": "below, and in tests/test_upload_resuming.py",
    "sync": "each object is a transfer of its own: tests/api/test_api_many.py",
    "upload_many": "each object is an upload of its own: tests/api/test_api_many.py",
    "upload_parallel": "its parts are repeated one by one: tests/transfer",
}
SENDS_NOTHING = {
    "close": "closes",
    "get_bucket": "a handle",
    "on_close": "notes what to end before the connections",
    "session": "an attribute",
    "token": "an attribute",
    "get_signed_url": "no request to the storage service",
    "generate_signed_post_policy": "no request to the storage service",
}
TABLE = {**ALWAYS, **SOMETIMES, **NEVER}


def test_the_table_names_every_method() -> None:
    public = {name for name, _ in inspect.getmembers(Storage) if not name.startswith("_")}
    named = {*TABLE, *ELSEWHERE, *SENDS_NOTHING}
    missing, stale = sorted(public - named), sorted(named - public)
    assert not missing, (
        f"Storage has methods that no retry scenario names: {', '.join(missing)}. Give each a row"
        " in ALWAYS, SOMETIMES or NEVER, or say in ELSEWHERE where it is tested."
    )
    assert not stale, f"the table names what Storage does not have: {', '.join(stale)}"
    assert len(named) == len(TABLE) + len(ELSEWHERE) + len(SENDS_NOTHING)


@pytest.fixture
async def world(gcs: EmulatorHandle, storage: Storage, tmp_path: Path) -> World:
    gcs.create_bucket("bucket")
    gcs.create_bucket("empty")
    gcs.create_bucket("retained", retentionPolicy={"retentionPeriod": "60"})
    gcs.create_bucket("soft", softDeletePolicy={"retentionDurationSeconds": "604800"})
    made = gcs.put("bucket", "o", b"data")
    deleted = gcs.put("soft", "o", b"data")
    await storage.delete("soft", "o")
    key = await storage.create_hmac_key("p", ACCOUNT)
    idle = await storage.update_hmac_key("p", key["metadata"]["accessId"], "INACTIVE")
    notification = await storage.create_notification("bucket", TOPIC)
    policy = await storage.get_iam_policy("bucket")
    gcs.log.clear()
    return World(
        *(gcs, storage, tmp_path, int(made["generation"]), int(deleted["generation"])),
        *(idle["accessId"], idle["etag"], notification["id"], policy["etag"]),
    )


def _armed(world: World, row: Row, words: tuple[str, ...]) -> dict[str, Any]:
    """Keywords that let the call meet the words."""
    return {"headers": {"x-retry-test-id": world.gcs.arm({row.operation: list(words)})}}


def _met(world: World, row: Row) -> int:
    return sum(entry.operation == row.operation for entry in world.gcs.log)


@pytest.mark.parametrize("method", [*ALWAYS, *SOMETIMES])
async def test_1_and_2_what_is_idempotent_is_repeated(world: World, method: str) -> None:
    row = TABLE[method]
    await row.call(world, **_armed(world, row, PASSING), **row.safely(world))
    assert _met(world, row) == 3


@pytest.mark.parametrize("word", NOT_REPEATED)
@pytest.mark.parametrize("method", [*SOMETIMES, *NEVER])
async def test_3_and_4_what_is_not_is_not(world: World, method: str, word: str) -> None:
    row = TABLE[method]
    with pytest.raises((ServerError, ConnectionLost)) as caught:
        await row.call(world, **_armed(world, row, (word,)))
    assert caught.value.attempts == 1
    assert _met(world, row) == 1


@pytest.mark.parametrize(("words", "error"), FINAL)
@pytest.mark.parametrize("method", [*ALWAYS, *SOMETIMES])
async def test_5_and_6_refusals_are_final(
    world: World, method: str, words: tuple[str, ...], error: type[StorageError]
) -> None:
    row = TABLE[method]
    if method == "exists" and error is NotFound:  # that is its answer
        assert await row.call(world, **_armed(world, row, words)) is False
        return
    with pytest.raises(error):
        await row.call(world, **_armed(world, row, words), **row.safely(world))
    assert _met(world, row) == len(words)


@pytest.mark.parametrize("kib", [0, 256, 512, 700])
@pytest.mark.parametrize("word", ["return-503-after-{kib}K", "drop-at-{position}"])
@pytest.mark.parametrize("method", ["upload", "upload_stream", "resume_upload"])
async def test_7_resumable_uploads_go_on(world: World, method: str, word: str, kib: int) -> None:
    """Without any precondition: the session makes it safe."""
    words = [word.format(kib=kib, position=kib * 1024)] * 2
    storage, gcs = world.storage, world.gcs
    if method == "resume_upload":
        writer = storage.upload_stream("bucket", "new", chunk_bytes=QUANTUM)
        await writer.write(DATA[: QUANTUM + 1])
        gcs.arm_next("storage.objects.insert", *words)
        await storage.resume_upload(writer.state(), DATA)
    elif method == "upload":
        gcs.arm_next("storage.objects.insert", *words)
        await storage.upload("bucket", "new", io.BytesIO(DATA), force_resumable_upload=True)
    else:
        gcs.arm_next("storage.objects.insert", *words)
        async with storage.upload_stream("bucket", "new", chunk_bytes=QUANTUM) as writer:
            await writer.write(DATA)
    assert gcs.read("bucket", "new") == DATA
    assert any(entry.fault for entry in gcs.log) or (method == "resume_upload" and kib < 256)


@pytest.mark.parametrize(
    "words",
    [
        ("return-broken-stream",),
        ("return-broken-stream", "return-broken-stream"),
        ("return-503-after-256K",),
        ("return-broken-stream-final-chunk-after-524288B",),
        ("drop-at-0", "drop-at-1", "drop-at-262143", "drop-at-262144", f"drop-at-{len(DATA) - 1}"),
        ("return-reset-connection", "drop-at-500000", "return-503"),
    ],
    ids="+".join,
)
@pytest.mark.parametrize("method", ["download", "download_stream", "download_to_filename"])
async def test_8_broken_downloads_go_on(world: World, method: str, words: tuple[str, ...]) -> None:
    world.gcs.put("bucket", "o", DATA)
    row = TABLE[method]
    got = await row.call(world, **_armed(world, row, words))
    if method == "download_to_filename":
        got = (world.folder / "f").read_bytes()
    assert got == DATA
    assert _met(world, row) == len(words) + 1
