"""Objects encrypted with a key of Cloud KMS: which call says so, and how."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from storage_stream import Storage
from storage_stream.errors import InvalidArgument, ServerError
from storage_stream.testing.emulator_handle import EmulatorHandle

KEY = "projects/p/locations/eu/keyRings/r/cryptoKeys/k"
PART_BYTES = 5 * 1024 * 1024
LARGE = bytes(PART_BYTES + 1)


async def _written(storage: Storage, name: str, mode: Any, key: Any = KEY, **options: Any) -> None:
    async with storage.open("bucket", name, mode, kms_key_name=key, **options) as file:
        await file.write(b"data")


async def _streamed(storage: Storage, name: str, key: Any = KEY, **options: Any) -> None:
    async with storage.upload_stream("bucket", name, kms_key_name=key, **options) as writer:
        await writer.write(b"data")


Call = Callable[..., Awaitable[object]]
CALLS: dict[str, Call] = {
    "upload": lambda s, key=KEY, **o: s.upload("bucket", "new", b"x", kms_key_name=key, **o),
    "upload in a session": lambda s, key=KEY, **o: s.upload(
        "bucket", "new", b"x", kms_key_name=key, force_resumable_upload=True, **o
    ),
    "upload_from_filename": lambda s, key=KEY, **o: s.upload_from_filename(
        "bucket", "new", Path(__file__), kms_key_name=key, **o
    ),
    "upload_stream": lambda s, key=KEY, **o: _streamed(s, "new", key, **o),
    "open wb": lambda s, key=KEY, **o: _written(s, "new", "wb", key, **o),
    "open xb": lambda s, key=KEY, **o: _written(s, "new", "xb", key, **o),
    "upload_parallel": lambda s, key=KEY, **o: s.upload_parallel(
        "bucket", "new", LARGE, part_bytes=PART_BYTES, kms_key_name=key, **o
    ),
    "upload_parallel composite": lambda s, key=KEY, **o: s.upload_parallel(
        "bucket", "new", LARGE, part_bytes=PART_BYTES, kms_key_name=key, method="composite", **o
    ),
    "copy": lambda s, key=KEY, **o: s.copy(
        "bucket", "plain", "bucket", new_name="new", kms_key_name=key, **o
    ),
    "compose": lambda s, key=KEY, **o: s.compose("bucket", "new", ["plain"], kms_key_name=key, **o),
    "compose of many": lambda s, key=KEY, **o: s.compose(
        "bucket", "new", ["plain"] * 33, kms_key_name=key, **o
    ),
}


@pytest.mark.parametrize("call", CALLS)
async def test_the_object_has_the_key(gcs: EmulatorHandle, storage: Storage, call: str) -> None:
    gcs.put("bucket", "plain", b"data")
    await CALLS[call](storage)
    assert gcs.metadata("bucket", "new")["kmsKeyName"] == KEY
    assert "kmsKeyName" not in gcs.metadata("bucket", "plain")


@pytest.mark.parametrize("call", CALLS)
async def test_what_is_no_key(gcs: EmulatorHandle, storage: Storage, call: str) -> None:
    with pytest.raises(InvalidArgument, match="a key's name is"):
        await CALLS[call](storage, "key")
    with pytest.raises(TypeError, match="kms_key_name is text"):
        await CALLS[call](storage, 5)
    with pytest.raises(InvalidArgument, match="not both"):
        await CALLS[call](storage, encryption_key=bytes(32))
    assert len(gcs.log) == 0


async def test_a_copy_goes_on_with_its_key(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.put("bucket", "large", bytes(2_000_000))
    gcs.arm_next("storage.objects.rewrite", "pass", "return-503")
    with pytest.raises(ServerError) as caught:
        await storage.copy(
            *("bucket", "large", "bucket"),
            new_name="new",
            max_bytes_per_call=1024 * 1024,
            kms_key_name=KEY,
            retries=0,
        )
    state = caught.value.state
    assert state is not None
    await storage.resume_copy(state, kms_key_name=KEY)
    assert gcs.metadata("bucket", "new")["kmsKeyName"] == KEY


async def test_a_bucket_has_a_default_key(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.create_bucket("bucket")
    await storage.patch_bucket("bucket", {"encryption": {"defaultKmsKeyName": KEY}})
    assert (await storage.upload("bucket", "name", b"x"))["kmsKeyName"] == KEY
    own = await storage.upload("bucket", "own", b"x", encryption_key=bytes(32))
    assert "kmsKeyName" not in own
