"""Components whose fate is open: what may come to be after all was removed is told."""

import asyncio

import pytest
from sample_data import patterned

from storage_stream import Environment, RetryPolicy, Storage
from storage_stream._protocol.options import RequestOptions
from storage_stream._protocol.part_plan import Part
from storage_stream._transfer.composite_target import CompositeUpload
from storage_stream._transfer.new_object import NewObject
from storage_stream._transfer.part_source import PartSource
from storage_stream.errors import ConnectionLost
from storage_stream.testing.memory_answer import Answer
from storage_stream.testing.memory_transport import MemoryTransport, Outcome, RecordedRequest

PART_BYTES = 5 * 1024 * 1024
DATA = patterned(PART_BYTES + 1)
ONCE = RetryPolicy(retries=0)


def client(network: MemoryTransport) -> Storage:
    return Storage(
        api_root="https://gcs.test",
        anonymous=True,
        retry=ONCE,
        environment=Environment(transport=network),
    )


async def test_one_whose_answer_did_not_come_before_it_was_cancelled() -> None:
    arrived = asyncio.Event()

    async def never(_: RecordedRequest) -> Outcome:
        arrived.set()
        await asyncio.Event().wait()
        raise AssertionError

    async with client(MemoryTransport(never)) as storage:
        place = CompositeUpload(
            storage._sender, NewObject("bucket", "name"), RequestOptions(), grace=0.001
        )
        await place.begin()
        source, part = await PartSource.of(DATA), Part(1, 0, 10)
        digest = await source.digest(part)
        sending = asyncio.create_task(place.send(part, source.content(part), digest))
        await arrived.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert place.is_unsettled
        assert f"gs://bucket/{place.handle}" in place.leftovers


async def test_one_whose_connection_was_lost() -> None:
    def answer(request: RecordedRequest) -> Outcome:
        lost = ConnectionLost("gone")
        return lost if request.method == "POST" else Answer(body=b"{}")

    async with client(MemoryTransport(answer)) as storage:
        with pytest.raises(ConnectionLost) as caught:
            await storage.upload_parallel(
                "bucket", "name", DATA, part_bytes=PART_BYTES, method="composite", workers=1
            )
    assert "may yet come to be" in caught.value.__notes__[0]
    assert "gs://bucket/.storage-stream/upload/" in caught.value.__notes__[0]
