"""A session is never nobody's: ended by name, or its state is handed out, whenever it is left."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from leaks import until
from sample_data import encoded_crc32c, patterned
from scripted_server import Asked, Line, ScriptedServer, head, reply

from storage_stream import Preconditions, Storage
from storage_stream.errors import PreconditionFailed, ProtocolError, ServerError, StreamClosed
from storage_stream.testing.emulator_handle import EmulatorHandle

INSERT = "storage.objects.insert"
QUANTUM = 256 * 1024
DATA = patterned(2 * QUANTUM + 4)
NEW_ONLY = Preconditions(if_generation_match=0)


@pytest.fixture(autouse=True)
def _bucket(gcs: EmulatorHandle) -> None:
    gcs.create_bucket("bucket", versioning={"enabled": True})


# -- it is cancelled while it begins ---------------------------------------------------------


class _SlowStart:
    """A service that begins a session when it is told to."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.go = asyncio.Event()

    async def __call__(self, _: Asked, line: Line) -> None:
        self.asked.set()
        await self.go.wait()
        await line.send(head(200, "Location: /session", "Content-Length: 0"))


def _upload(storage: Storage) -> "asyncio.Task[Any]":
    return asyncio.create_task(
        storage.upload("bucket", "name", io.BytesIO(DATA), force_resumable_upload=True)
    )


async def test_a_cancel_waits_for_the_name_and_ends_the_session(
    storage_of: Callable[..., Storage],
) -> None:
    start = _SlowStart()
    gone = reply(head(499, "Content-Length: 0"))
    async with ScriptedServer([start, gone]) as server, storage_of(server) as storage:
        task = _upload(storage)
        await start.asked.wait()
        task.cancel()
        asyncio.get_running_loop().call_soon(start.go.set)
        with pytest.raises(asyncio.CancelledError):
            await task
    assert [(asked.method, asked.target) for asked in server.asked[1:]] == [("DELETE", "/session")]


async def test_a_second_cancel_waits_for_nothing(storage_of: Callable[..., Storage]) -> None:
    start = _SlowStart()
    async with ScriptedServer([start]) as server, storage_of(server) as storage:
        before = asyncio.all_tasks()
        task = _upload(storage)
        await start.asked.wait()
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not start.go.is_set()
        ours = {task for task in asyncio.all_tasks() - before if "_begin" in repr(task)}
        assert ours == set()
    assert len(server.asked) == 1


async def test_an_abort_waits_for_the_name_and_ends_the_session(
    storage_of: Callable[..., Storage],
) -> None:
    start = _SlowStart()
    gone = reply(head(499, "Content-Length: 0"))
    async with ScriptedServer([start, gone]) as server, storage_of(server) as storage:
        writer = storage.upload_stream("bucket", "name", chunk_bytes=QUANTUM)
        writing = asyncio.create_task(writer.write(DATA))
        await start.asked.wait()
        aborting = asyncio.create_task(writer.abort())
        await asyncio.sleep(0)
        start.go.set()
        await aborting
        with pytest.raises(StreamClosed):
            await writing
    assert [asked.method for asked in server.asked] == ["POST", "DELETE"]


async def test_a_write_that_is_cancelled_while_a_session_begins_goes_on_in_it(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    async with storage.upload_stream("bucket", "name", chunk_bytes=QUANTUM) as writer:
        writing = asyncio.create_task(writer.write(DATA))
        await until(lambda: len(gcs.log) > 0, lambda: "nothing is sent")
        writing.cancel()
        await asyncio.wait([writing])
    assert [entry.method for entry in gcs.log].count("POST") == 1
    assert gcs.read("bucket", "name") == DATA
    assert gcs.unfinished_sessions == 0


# -- whose state an error has ----------------------------------------------------------------


async def test_an_error_with_another_uploads_state_ends_this_one(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    async def source() -> AsyncIterator[bytes]:
        yield DATA
        gcs.arm_next(INSERT, "pass", "return-503")
        async with storage.upload_stream(
            "bucket", "inner", chunk_bytes=QUANTUM, retries=0
        ) as inner:
            await inner.write(DATA)

    with pytest.raises(ServerError) as caught:
        await storage.upload("bucket", "outer", source(), chunk_bytes=QUANTUM)
    assert caught.value.state is not None
    assert caught.value.state["name"] == "inner"
    assert gcs.unfinished_sessions == 1
    await storage.resume_upload(caught.value.state, DATA)
    assert [item["name"] for item in gcs.objects("bucket")] == ["inner"]
    assert gcs.unfinished_sessions == 0


# -- it is gone, and may have made the object ------------------------------------------------


async def test_a_session_that_is_gone_and_had_made_the_object(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    gcs.arm_next(INSERT, "pass", "commit-then-drop", "return-410")
    made = await storage.upload(
        "bucket", "name", io.BytesIO(DATA), force_resumable_upload=True, preconditions=NEW_ONLY
    )
    assert made["generation"] == gcs.metadata("bucket", "name")["generation"]
    assert len(gcs.objects("bucket", versions="true")) == 1
    assert gcs.read("bucket", "name") == DATA


async def test_a_session_that_is_gone_and_anothers_object(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    """It is there since the session began: the second one is refused, and rightly."""

    async def source() -> AsyncIterator[bytes]:
        yield DATA[:QUANTUM]
        gcs.put("bucket", "name", b"another's")
        yield DATA[QUANTUM : QUANTUM + 1]
        yield DATA[QUANTUM + 1 :]

    gcs.arm_next(INSERT, "pass", "return-410")
    with pytest.raises(PreconditionFailed):
        await storage.upload(
            "bucket", "name", source(), chunk_bytes=QUANTUM, preconditions=NEW_ONLY
        )
    assert gcs.read("bucket", "name") == b"another's"


# -- its answers -----------------------------------------------------------------------------


async def test_a_last_answer_without_an_end(storage_of: Callable[..., Storage]) -> None:
    """What is read of it has a limit."""
    start = reply(head(200, "Location: /session", "Content-Length: 0"))

    async def endless(_: Asked, line: Line) -> None:
        await line.send(head(200, "Content-Length: 1000000000000"))
        while True:
            await line.send(bytes(256 * 1024))

    async with ScriptedServer([start, endless]) as server, storage_of(server) as storage:
        with pytest.raises(ProtocolError, match="longer than"):
            await _upload(storage)


@pytest.mark.parametrize("address", ["foo", "ftp://host/x", "http://host:99999/x", "/a b"])
async def test_an_address_that_is_none(storage_of: Callable[..., Storage], address: str) -> None:
    start = reply(head(200, f"Location: {address}", "Content-Length: 0"))
    async with ScriptedServer([start]) as server, storage_of(server) as storage:
        with pytest.raises(ProtocolError, match="address"):
            await _upload(storage)
    assert len(server.asked) == 1


@pytest.mark.parametrize("size", [len(DATA), str(len(DATA)), None])
async def test_a_size_as_a_number_is_that_number(
    storage_of: Callable[..., Storage], size: Any
) -> None:
    start = reply(head(200, "Location: /session", "Content-Length: 0"))
    body = json.dumps({"size": size, "crc32c": encoded_crc32c(DATA), "generation": "7"}).encode()
    last = reply(head(200, f"Content-Length: {len(body)}") + body)
    async with ScriptedServer([start, last]) as server, storage_of(server) as storage:
        assert (await _upload(storage))["generation"] == "7"
    assert len(server.asked) == 2
