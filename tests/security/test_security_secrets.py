"""Tokens, keys, sessions and signatures stand in no message, log, repr or pickle of ours."""

from __future__ import annotations

import base64
import json
import logging
import pickle
from typing import TYPE_CHECKING, Any

import pytest

from storage_stream import RetryPolicy, Storage
from storage_stream.errors import StorageError

if TYPE_CHECKING:
    from storage_stream.testing.emulator_handle import EmulatorHandle

KEY = b"k" * 32
TOKEN = "ya29.secret-token"
CHUNK = 256 * 1024
INSERT = "storage.objects.insert"


class Token:
    async def get(self) -> str:
        return TOKEN


def reveals(text: str, *more: str) -> list[str]:
    """Which secrets stand in a text."""
    secrets = (TOKEN, KEY.decode(), base64.b64encode(KEY).decode(), *more)
    return [secret for secret in secrets if secret in text]


async def failing(gcs: EmulatorHandle, storage: Storage) -> tuple[list[StorageError], list[str]]:
    """Calls that fail in all ways, and the reprs of what they are made with."""
    gcs.arm_next(INSERT, *["pass"] * 2, *["return-503"] * 2)
    writer = storage.upload_stream("bucket", "a", chunk_bytes=CHUNK, encryption_key=KEY)
    errors: list[StorageError] = []
    try:
        await writer.write(bytes(3 * CHUNK))
    except StorageError as error:
        errors.append(error)
    shown = [repr(writer)]
    await writer.abort()
    gcs.arm_next("storage.objects.get", "return-403", *["return-reset-connection"] * 2)
    for _ in range(2):
        try:
            await storage.download("bucket", "b", encryption_key=KEY)
        except StorageError as error:
            errors.append(error)
    request = storage.download_stream("bucket", "b", encryption_key=KEY)
    run = storage.download_many("bucket", ["b"], "nowhere", encryption_key=KEY)
    shown += [repr(request), repr(run), repr(storage), repr(vars(storage))]
    await run.aclose()
    return errors, shown


@pytest.mark.parametrize("lean", [True, False], ids=["lean", "aiohttp"])
async def test_no_secret_is_told_whatever_fails(
    gcs: EmulatorHandle,
    caplog: pytest.LogCaptureFixture,
    lean: bool,  # noqa: FBT001 - a case
) -> None:
    gcs.create_bucket("bucket")
    gcs.put("bucket", "b", b"data")
    with caplog.at_level(logging.DEBUG):
        once = RetryPolicy(retries=1, initial_delay=0)
        async with Storage(token=Token(), lean=lean, retry=once) as storage:
            errors, shown = await failing(gcs, storage)
    assert len(errors) == 3
    upload_id = (
        errors[0].state["session_uri"].rpartition("upload_id=")[2] if errors[0].state else ""
    )
    assert upload_id
    for error in errors:
        told = [str(error), repr(error), repr(error.args), *getattr(error, "__notes__", ())]
        assert reveals("\n".join(told), upload_id) == []
        fields: dict[str, Any] = {**vars(error), "state": None}  # which is a secret, and says so
        assert reveals(repr(fields), upload_id) == []
        assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301 - ours
    assert reveals("\n".join(shown), upload_id) == []
    assert caplog.records
    logged = "\n".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)
    assert reveals(logged, upload_id) == []


async def test_a_state_holds_the_session_and_no_key(gcs: EmulatorHandle) -> None:
    gcs.create_bucket("bucket")
    async with Storage(token=Token()) as storage:
        writer = storage.upload_stream("bucket", "a", chunk_bytes=CHUNK, encryption_key=KEY)
        await writer.write(bytes(2 * CHUNK))
        assert reveals(json.dumps(writer.state())) == []
        await writer.abort()
