"""What another process began is gone on with rightly, or left as it is."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from cancelling import Moment, cancelled_at
from sample_data import gzipped, patterned

from storage_stream import Storage
from storage_stream.errors import BadRequest, IntegrityError, InvalidArgument, NotFound, ServerError
from storage_stream.pipeline import collect, gzip
from storage_stream.testing.emulator_handle import EmulatorHandle

INSERT = "storage.objects.insert"
QUANTUM = 256 * 1024
DATA = patterned(2 * QUANTUM + 4)
Kind = Callable[[bytes], Any]


@pytest.fixture(autouse=True)
def _bucket(gcs: EmulatorHandle) -> None:
    gcs.create_bucket("bucket", versioning={"enabled": True})


async def _pieces(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 100_000):
        yield data[start : start + 100_000]


KINDS = pytest.mark.parametrize("kind", [bytes, io.BytesIO, _pieces])


async def _finished(storage: Storage, **options: Any) -> dict[str, Any]:
    """The last state that a process kept of an upload that it ended."""
    writer = storage.upload_stream("bucket", "name", chunk_bytes=QUANTUM, **options)
    await writer.write(DATA)
    state = writer.state()
    await writer.close()
    return json.loads(json.dumps(state))  # type: ignore[no-any-return] # JSON has no types


@KINDS
@pytest.mark.parametrize("passed", [1, 3])
async def test_what_was_compressed_is_compressed_again(
    gcs: EmulatorHandle, storage: Storage, kind: Kind, passed: int
) -> None:
    random = gzipped(DATA) + DATA  # some of it does not get shorter
    assert len(await collect(gzip(random))) > QUANTUM
    gcs.arm_next(INSERT, *["pass"] * passed, *["return-503"] * 2)
    with pytest.raises(ServerError) as caught:
        await storage.upload(
            "bucket", "name", _pieces(random), zipped=True, chunk_bytes=QUANTUM, retries=1
        )
    state = json.loads(json.dumps(caught.value.state))
    made = await storage.resume_upload(state, kind(random))
    assert made["contentEncoding"] == "gzip"
    assert await storage.download("bucket", "name") == random
    assert gcs.read("bucket", "name") == await collect(gzip(random))


@KINDS
@pytest.mark.parametrize("other", [DATA[:-1] + b"!", DATA + b"!", DATA[:-1]])
async def test_an_object_that_another_process_ended_is_never_deleted(
    gcs: EmulatorHandle, storage: Storage, kind: Kind, other: bytes
) -> None:
    """The source was edited since; that makes no wrong object of the one that was right."""
    state = await _finished(storage)
    gcs.log.clear()
    with pytest.raises((IntegrityError, InvalidArgument, BadRequest)):
        await storage.resume_upload(state, kind(other))
    assert [entry.method for entry in gcs.log] == ["PUT"]
    assert gcs.read("bucket", "name") == DATA


@KINDS
@pytest.mark.parametrize("fields", ["crc32c,generation", "size", "generation"])
async def test_an_object_that_another_process_ended_is_compared_whole(
    gcs: EmulatorHandle, storage: Storage, kind: Kind, fields: str
) -> None:
    """Also where the answer does not say how long it is, and the source is read only once."""
    state = await _finished(storage, params={"fields": fields})
    resource = await storage.resume_upload(state, kind(DATA))
    assert set(resource) == set(fields.split(","))
    assert gcs.read("bucket", "name") == DATA
    assert len(gcs.objects("bucket", versions="true")) == 1


@KINDS
@pytest.mark.parametrize("fields", ["size", "generation"])
async def test_a_short_answer_about_another_processs_object_is_no_proof(
    gcs: EmulatorHandle, storage: Storage, kind: Kind, fields: str
) -> None:
    state = await _finished(storage, params={"fields": fields})
    with pytest.raises(IntegrityError) as caught:
        await storage.resume_upload(state, kind(DATA[:-1] + b"!"))
    assert "left as it is" in caught.value.__notes__[0]
    assert gcs.read("bucket", "name") == DATA


@KINDS
async def test_what_was_deleted_since_is_no_success(
    gcs: EmulatorHandle, storage: Storage, kind: Kind
) -> None:
    """The session goes on to say that it is made: of an object that its own client took away."""
    writer = storage.upload_stream("bucket", "name", chunk_bytes=QUANTUM)
    await writer.write(DATA)
    state = writer.state()
    gcs.arm_next(INSERT, "wrong-hash")
    with pytest.raises(IntegrityError):
        await writer.close()
    await writer.abort()
    assert gcs.objects("bucket", versions="true") == []
    with pytest.raises(NotFound) as caught:
        await storage.resume_upload(state, kind(DATA))
    assert "what it made was deleted since" in caught.value.__notes__[0]


async def test_who_may_only_write_is_not_asked_to_read(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    state = await _finished(storage)
    gcs.arm_next("storage.objects.get", "return-403")
    assert (await storage.resume_upload(state, DATA))["size"] == str(len(DATA))


@pytest.mark.parametrize("kind", [bytes, _pieces])
async def test_a_state_that_names_another_object(
    gcs: EmulatorHandle, storage: Storage, kind: Kind
) -> None:
    writer = storage.upload_stream("bucket", "mine", chunk_bytes=QUANTUM)
    await writer.write(DATA)
    edited = {**writer.state(), "name": "other"}
    with pytest.raises(InvalidArgument, match="gs://bucket/mine"):
        await storage.resume_upload(edited, kind(DATA))
    assert gcs.read("bucket", "mine") == DATA


async def test_a_question_that_fails_keeps_what_was_known_of_the_source(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    writer = storage.upload_stream("bucket", "name", chunk_bytes=QUANTUM)
    await writer.write(DATA)
    state = writer.state()
    gcs.arm_next(INSERT, "return-503")
    with pytest.raises(ServerError) as caught:
        await storage.resume_upload(state, _pieces(DATA), retries=0)
    assert caught.value.state == state
    await writer.abort()


async def test_a_block_that_gives_nothing_is_no_source(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    state = await _finished(storage)
    gcs.log.clear()
    with pytest.raises(TypeError, match="Lock"):
        await storage.resume_upload(state, asyncio.Lock())
    assert len(gcs.log) == 0


@pytest.mark.parametrize("moment", list(Moment))
@pytest.mark.parametrize("kind", [bytes, _pieces])
async def test_a_session_begun_anew_is_ended_by_a_cancel(
    gcs: EmulatorHandle, storage: Storage, kind: Kind, moment: Moment
) -> None:
    """It is in no state that anybody has; the one that was gone on with is left."""
    writer = storage.upload_stream("bucket", "name", chunk_bytes=QUANTUM)
    await writer.write(DATA)
    state, k = writer.state(), 0
    while True:
        gcs._ask("DELETE", "/_emulator/arm_next")
        gcs.arm_next(INSERT, "return-410")
        if not await cancelled_at(storage.resume_upload(state, kind(DATA)), k, moment):
            break
        assert gcs.unfinished_sessions == 1
        k += 1
    assert k >= 3
    assert gcs.read("bucket", "name") == DATA
    await writer.abort()
    assert gcs.unfinished_sessions == 0


async def test_a_file_stands_where_it_stood_when_it_fails_again(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    """So the same call can be made once more."""
    file = io.BytesIO(b"12345" + DATA)
    file.seek(5)
    writer = storage.upload_stream("bucket", "name", chunk_bytes=QUANTUM)
    await writer.write(DATA)
    state = writer.state()
    gcs.arm_next(INSERT, "return-503")
    with pytest.raises(ServerError):
        await storage.resume_upload(state, file, retries=0)
    assert file.tell() == 5
    await storage.resume_upload(state, file)
    assert gcs.read("bucket", "name") == DATA
