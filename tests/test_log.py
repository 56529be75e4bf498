"""Who listens to the log of repeats hears of each wait before it begins, and why there is one."""

import logging

import pytest

from storage_stream import Storage
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
