"""Metrics: what was sent and received, tried again, gone on with, and how long it took."""

import pytest
from telemetry import Telemetry

from storage_stream.errors import TransferStalled
from storage_stream.testing.emulator_handle import EmulatorHandle

GET = "storage.objects.get"


@pytest.fixture
def told(gcs: EmulatorHandle) -> Telemetry:
    gcs.create_bucket("bucket")
    return Telemetry()


async def test_requests_and_bytes(told: Telemetry) -> None:
    async with told.client() as storage:
        await storage.upload("bucket", "small", bytes(1000))
        async with storage.upload_stream("bucket", "large", chunk_bytes=256 * 1024) as writer:
            await writer.write(bytes(3_000_000))
        assert len(await storage.download("bucket", "large")) == 3_000_000
        async with storage.download_stream("bucket", "large") as stream:
            await stream.read()
    io = {
        (point.attributes["storage_stream.operation"], point.attributes["network.io.direction"]):
            point.value
        for point in told.metric("storage_stream.io")
    }  # fmt: skip
    assert 1000 < io["upload", "transmit"] < 2000  # with its frame and its resource
    assert 3_000_000 <= io["upload_stream", "transmit"] < 3_001_000
    assert io["download", "receive"] == io["download_stream", "receive"] == 3_000_000
    seconds = told.metric("http.client.request.duration", http__request__method="GET")
    assert [point.count for point in seconds] == [2]
    assert {point.value for point in told.metric("http.client.active_requests")} == {0}


async def test_what_is_in_flight(told: Telemetry, gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "a", bytes(3_000_000))
    async with told.client() as storage:
        async with storage.download_stream("bucket", "a") as stream:
            await stream.read(10)
            assert [point.value for point in told.metric("http.client.active_requests")] == [1]
            assert [point.value for point in told.metric("storage_stream.operation.active")] == [1]
        assert [point.value for point in told.metric("http.client.active_requests")] == [0]
        assert [point.value for point in told.metric("storage_stream.operation.active")] == [0]


async def test_retries_and_resumes(told: Telemetry, gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "a", bytes(300_000))
    gcs.arm_next(GET, "return-503", "drop-at-100000")
    async with told.client() as storage:
        await storage.download("bucket", "a")
    assert [point.value for point in told.metric("storage_stream.resumes")] == [1]
    retries = told.metric("storage_stream.retries", storage_stream__operation="download")
    assert sorted((point.attributes["error.type"], point.value) for point in retries) == [
        ("storage_stream.errors.ConnectionLost", 1),
        ("storage_stream.errors.ServerError", 1),
    ]
    (refused,) = told.metric("http.client.request.duration", error__type="503")
    assert refused.count == 1


async def test_stalls(told: Telemetry, gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "a", bytes(3_000_000))
    gcs.arm_next(GET, "stall-for-60s-after-256K")
    async with told.client() as storage:
        with pytest.raises(TransferStalled):
            await storage.download("bucket", "a", stall_timeout=0.05, retries=0)
    assert [point.value for point in told.metric("storage_stream.stalls")] == [1]
    (ended,) = told.metric("storage_stream.operation.duration")
    assert ended.attributes["error.type"] == "storage_stream.errors.TransferStalled"
