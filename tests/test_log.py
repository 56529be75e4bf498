"""Who listens to the log hears what happens to a transfer on its way, and why there is a wait."""

import asyncio
import logging
import subprocess
import sys
from typing import Any

import pytest
from standing_time import client_on, pass_until

from storage_stream import Storage
from storage_stream.errors import IntegrityError
from storage_stream.testing import FakeClock
from storage_stream.testing.emulator_handle import EmulatorHandle


@pytest.fixture
def heard(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "storage_stream")
    return caplog


def facts(heard: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """What each record is about, and the name of its reason."""
    return [
        (record.__dict__["subject"], type(record.__dict__["why"]).__name__)
        for record in heard.records
        if record.__dict__.get("event") == "retry"
    ]


async def test_a_request(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage, heard: pytest.LogCaptureFixture
) -> None:
    gcs.put(gcs_bucket, "a", b"1")
    gcs.arm_next("storage.objects.get", "return-503", "return-reset-connection")
    await storage.download_metadata(gcs_bucket, "a")
    subject = f"gs://{gcs_bucket}/a"
    assert facts(heard) == [(subject, "ServerError"), (subject, "ConnectionLost")]
    assert "again in 0.0 s" in heard.text


async def test_a_download_that_breaks(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage, heard: pytest.LogCaptureFixture
) -> None:
    gcs.put(gcs_bucket, "a", bytes(300_000))
    gcs.arm_next("storage.objects.get", "drop-at-100000")
    assert len(await storage.download(gcs_bucket, "a")) == 300_000
    assert [subject for subject, _ in facts(heard)] == [f"gs://{gcs_bucket}/a"]


async def test_an_upload_in_a_session(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage, heard: pytest.LogCaptureFixture
) -> None:
    gcs.arm_next("storage.objects.insert", "pass", "return-503")
    async with storage.upload_stream(gcs_bucket, "a", chunk_bytes=256 * 1024) as writer:
        await writer.write(bytes(300_000))
    assert facts(heard) == [(f"gs://{gcs_bucket}/a", "ServerError")]


async def test_a_batch(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage, heard: pytest.LogCaptureFixture
) -> None:
    gcs.put(gcs_bucket, "a", b"1")
    gcs.arm_next("storage.objects.delete", "return-503")
    async with storage.batch() as batch:
        batch.delete(gcs_bucket, "a", generation=int(gcs.objects(gcs_bucket)[0]["generation"]))
    assert facts(heard) == [(f"gs://{gcs_bucket}/a", "ServerError")]


def told(heard: pytest.LogCaptureFixture, event: str) -> list[dict[str, Any]]:
    """The fields of the records of that event."""
    return [vars(record) for record in heard.records if vars(record).get("event") == event]


async def test_a_download_and_an_upload_that_go_on(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage, heard: pytest.LogCaptureFixture
) -> None:
    gcs.put(gcs_bucket, "a", bytes(300_000))
    gcs.arm_next("storage.objects.get", "drop-at-100000")
    await storage.download(gcs_bucket, "a")
    (resumed,) = told(heard, "resume")
    assert (resumed["subject"], resumed["offset"]) == (f"gs://{gcs_bucket}/a", 100_000)
    heard.clear()
    gcs.arm_next("storage.objects.insert", "pass", "pass", "return-503")
    async with storage.upload_stream(gcs_bucket, "b", chunk_bytes=256 * 1024) as writer:
        await writer.write(bytes(300_000))
    (resumed,) = told(heard, "resume")
    assert (resumed["subject"], resumed["offset"]) == (f"gs://{gcs_bucket}/b", 256 * 1024)


async def test_a_session_that_is_lost(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage, heard: pytest.LogCaptureFixture
) -> None:
    gcs.arm_next("storage.objects.insert", "pass", "return-410")
    await storage.upload(gcs_bucket, "a", bytes(300_000), force_resumable_upload=True)
    (restarted,) = told(heard, "session_restart")
    assert restarted["subject"] == f"gs://{gcs_bucket}/a"
    assert restarted["levelname"] == "WARNING"


async def test_a_body_that_is_too_slow(
    gcs: EmulatorHandle, gcs_bucket: str, heard: pytest.LogCaptureFixture
) -> None:
    gcs.put(gcs_bucket, "a", bytes(300_000))
    gcs.arm_next("storage.objects.get", "stall-for-600s-after-128K")
    clock = FakeClock()
    async with client_on(clock, gcs) as storage:
        download = asyncio.create_task(storage.download(gcs_bucket, "a", stall_timeout=20))
        await pass_until(clock, lambda: len(gcs.log) == 2, lambda: "it is not broken off")
        assert len(await download) == 300_000
    (stalled,) = told(heard, "stall")
    assert stalled["subject"] == f"gs://{gcs_bucket}/a"


async def test_bytes_that_are_not_the_services(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage, heard: pytest.LogCaptureFixture
) -> None:
    gcs.put(gcs_bucket, "a", bytes(300_000))
    gcs.arm_next("storage.objects.get", "flip-bit-at-5")
    with pytest.raises(IntegrityError) as caught:
        await storage.download(gcs_bucket, "a")
    (failure,) = told(heard, "integrity_failure")
    assert (failure["expected"], failure["actual"]) == (caught.value.expected, caught.value.actual)
    assert failure["levelname"] == "ERROR"


def test_importing_sets_nothing_up() -> None:
    program = (
        "import logging; from storage_stream import Storage; Storage();"
        "log = logging.getLogger('storage_stream');"
        "print([type(h).__name__ for h in log.handlers], log.level, logging.getLogger().handlers)"
    )
    command = [sys.executable, "-c", program]
    printed = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    assert printed.stdout.strip() == "['NullHandler'] 0 []"
