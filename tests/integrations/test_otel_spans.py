"""Spans: one for each call, its attempts, waits and resumes as events, and nothing secret."""

import asyncio
import base64
import gc
import inspect
import pickle
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import baggage, context
from opentelemetry.trace import SpanKind, StatusCode
from telemetry import Telemetry, events

from storage_stream import Environment, Storage
from storage_stream.errors import NotFound, PreconditionFailed, ServerError, StorageError
from storage_stream.integrations.opentelemetry import OpenTelemetry
from storage_stream.testing import Answer, MemoryTransport
from storage_stream.testing.emulator_handle import EmulatorHandle

GET = "storage.objects.get"
INSERT = "storage.objects.insert"
STATUS = "http.response.status_code"


@pytest.fixture
def told() -> Telemetry:
    return Telemetry()


@pytest.fixture
async def storage(told: Telemetry, gcs: EmulatorHandle) -> AsyncIterator[Storage]:
    gcs.create_bucket("bucket")
    async with told.client() as client:
        yield client


async def test_a_call_is_a_span(told: Telemetry, storage: Storage, gcs: EmulatorHandle) -> None:
    await storage.upload("bucket", "a b", b"1234")
    span = told.span("upload")
    port = int(gcs.url.rpartition(":")[2])
    assert (span.kind, span.status.status_code) == (SpanKind.CLIENT, StatusCode.UNSET)
    assert dict(span.attributes or {}) == {
        "storage_stream.operation": "upload",
        "storage_stream.bucket": "bucket",
        "storage_stream.object": "a b",
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "server.address": "127.0.0.1",
        "server.port": port,
        "url.scheme": "http",
    }
    (attempt,) = events(span, "attempt")
    assert attempt["url.full"] == f"{gcs.url}/upload/storage/v1/b/bucket/o"
    assert attempt["storage_stream.attempt.duration"] > 0
    assert "http.request.resend_count" not in attempt


async def test_attempts_are_events(told: Telemetry, storage: Storage, gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "a", b"1234")
    gcs.arm_next(GET, "return-503", "return-reset-connection")
    assert await storage.download("bucket", "a") == b"1234"
    span = told.span("download")
    assert span.status.status_code is StatusCode.UNSET
    attempts = events(span, "attempt")
    assert [attempt.get(STATUS) for attempt in attempts] == [503, None, 200]
    assert [attempt.get("http.request.resend_count") for attempt in attempts] == [None, 1, 2]
    kinds = [attempt.get("error.type") for attempt in attempts]
    assert kinds == ["503", "storage_stream.errors.ConnectionLost", None]
    waits = [event["error.type"] for event in events(span, "retry")]
    assert waits == ["storage_stream.errors.ServerError", "storage_stream.errors.ConnectionLost"]


async def test_a_resume_in_the_readers_task_belongs_to_the_stream(
    told: Telemetry, storage: Storage, gcs: EmulatorHandle
) -> None:
    gcs.put("bucket", "a", bytes(300_000))
    gcs.arm_next(GET, "drop-at-100000")
    async with storage.download_stream("bucket", "a") as stream:
        assert told.spans == []
        assert len(await asyncio.create_task(stream.read())) == 300_000
    span = told.span("download_stream")
    assert [attempt[STATUS] for attempt in events(span, "attempt")] == [200, 206]
    assert len(events(span, "resume")) == len(events(span, "body_broken")) == 1


async def test_a_stream_that_is_not_opened_is_no_span(told: Telemetry, storage: Storage) -> None:
    storage.download_stream("bucket", "a")
    storage.upload_stream("bucket", "a")
    assert told.spans == []


@pytest.mark.filterwarnings("ignore:unclosed")
async def test_streams_that_nobody_closes_end_when_they_are_dropped(
    told: Telemetry, storage: Storage, gcs: EmulatorHandle
) -> None:
    gcs.put("bucket", "a", bytes(3_000_000))

    async def forgets() -> None:
        await (await storage.download_stream("bucket", "a")).read(10)
        await (await storage.download_stream("bucket", "a")).read()
        writer = await storage.upload_stream("bucket", "b", chunk_bytes=256 * 1024)
        await writer.write(bytes(300_000))

    await forgets()
    gc.collect()
    await asyncio.sleep(0)
    names = [span.name.partition(".")[2] for span in told.spans]
    assert sorted(names) == ["download_stream", "download_stream", "upload_stream"]
    assert {point.value for point in told.metric("storage_stream.operation.active")} == {0}
    assert {point.value for point in told.metric("http.client.active_requests")} == {0}


async def test_a_stream_that_cannot_be_opened(told: Telemetry, storage: Storage) -> None:
    with pytest.raises(NotFound):
        await storage.download_stream("bucket", "nothing")
    span = told.span("download_stream")
    assert (span.attributes or {})["error.type"] == "storage_stream.errors.NotFound"
    assert span.status.status_code is StatusCode.ERROR


async def test_a_written_object(told: Telemetry, storage: Storage, gcs: EmulatorHandle) -> None:
    gcs.arm_next(INSERT, "pass", "return-503")
    async with storage.upload_stream("bucket", "a", chunk_bytes=256 * 1024) as writer:
        await writer.write(bytes(300_000))
    span = told.span("upload_stream")
    assert [attempt.get(STATUS) for attempt in events(span, "attempt")] == [200, 503, 308, 308, 200]
    assert len(events(span, "retry")) == len(events(span, "resume")) == 1


async def test_a_write_that_is_given_up(told: Telemetry, storage: Storage) -> None:
    async def write() -> None:
        async with storage.upload_stream("bucket", "a") as writer:
            await writer.write(bytes(9 * 1024 * 1024))
            raise KeyError("the caller's")

    with pytest.raises(KeyError):
        await write()
    span = told.span("upload_stream")
    assert (span.attributes or {})["error.type"] == "KeyError"


async def test_what_a_call_raises(told: Telemetry, storage: Storage, gcs: EmulatorHandle) -> None:
    gcs.arm_next(GET, *["return-503"] * 3)
    with pytest.raises(ServerError):
        await storage.download_metadata("bucket", "a", retries=2)
    span = told.span("download_metadata")
    assert (span.attributes or {})["error.type"] == "storage_stream.errors.ServerError"
    assert span.status.description is None
    assert [attempt[STATUS] for attempt in events(span, "attempt")] == [503] * 3


async def test_a_stream_that_is_left_early_ends_well(
    told: Telemetry, storage: Storage, gcs: EmulatorHandle
) -> None:
    gcs.put("bucket", "a", bytes(3_000_000))
    async with storage.download_stream("bucket", "a") as stream:
        await stream.read(1)
    assert told.span("download_stream").status.status_code is StatusCode.UNSET


async def test_a_cancelled_call_ends(told: Telemetry) -> None:
    asked = asyncio.Event()

    async def never(_: object) -> Answer:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    around = Environment(transport=MemoryTransport(never))
    async with told.client(environment=around, anonymous=True) as storage:
        waiting = asyncio.create_task(storage.download("bucket", "a"))
        await asked.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    span = told.span("download")
    assert (span.attributes or {})["error.type"] == "asyncio.exceptions.CancelledError"
    assert {point.value for point in told.metric("http.client.active_requests")} == {0}


async def test_calls_stand_below_the_callers_span(told: Telemetry, storage: Storage) -> None:
    with told.tracers.get_tracer("app").start_as_current_span("mine") as mine:
        await storage.upload("bucket", "a", b"1")
        async with storage.download_stream("bucket", "a") as stream:
            await stream.read()
    for operation in ("upload", "download_stream"):
        parent = told.span(operation).parent
        assert parent is not None
        assert parent.span_id == mine.get_span_context().span_id


async def test_objects_of_a_run_stand_below_it(
    told: Telemetry, storage: Storage, gcs: EmulatorHandle, tmp_path: Path
) -> None:
    for name in "abc":
        gcs.put("bucket", name, b"1")
    run = await storage.download_many("bucket", "", tmp_path)
    assert run.done == 3
    whole = told.span("download_many")
    below = [span for span in told.spans if span is not whole]
    assert sorted(span.name for span in below) == [
        *["storage_stream.download"] * 3,
        "storage_stream.iter_objects",
    ]
    assert {span.parent and span.parent.span_id for span in below} == {whole.context.span_id}


async def test_a_method_that_hands_on_its_options_is_one_call(
    told: Telemetry, storage: Storage, tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(b"1")
    await storage.upload_from_filename("bucket", "a", tmp_path / "a")
    assert [span.name for span in told.spans] == ["storage_stream.upload_from_filename"]
    assert len([found async for found in storage.iter_objects("bucket")]) == 1
    assert [span.name for span in told.spans[1:]] == ["storage_stream.iter_objects"]


async def test_lists_batches_and_deletions(told: Telemetry, storage: Storage) -> None:
    await storage.upload("bucket", "a", b"1")
    async with aclosing(storage.iter_objects("bucket")) as found:
        async for _ in found:
            break
    async with storage.batch() as batch:
        batch.download_metadata("bucket", "a")
    await storage.delete_prefix("bucket", "")
    names = [span.name.partition(".")[2] for span in told.spans]
    assert names == ["upload", "iter_objects", "batch", "delete_prefix"]
    assert all(span.status.status_code is StatusCode.UNSET for span in told.spans)
    assert len(events(told.span("delete_prefix"), "attempt")) == 2


async def test_a_client_and_its_files(told: Telemetry, storage: Storage) -> None:
    async with storage.open("bucket", "a", "wb") as writer:
        await writer.write(b"1234")
    async with storage.open("bucket", "a") as reader:
        assert await reader.read() == b"1234"
    with pytest.raises(PreconditionFailed):
        async with storage.open("bucket", "a", "xb") as writer:
            await writer.write(b"1234")
    names = [span.name.partition(".")[2] for span in told.spans]
    assert names == ["upload_stream", "download_stream", "upload_stream"]


async def test_the_callers_progress_is_told_too(storage: Storage) -> None:
    seen: list[Any] = []
    await storage.upload("bucket", "a", b"1234", progress=seen.append)
    assert seen[-1].bytes_confirmed == 4


# -- context -----------------------------------------------------------------------------------


async def test_the_context_travels_with_the_request(told: Telemetry) -> None:
    transport = MemoryTransport(lambda _: Answer(200, body=b"{}"))
    around = Environment(transport=transport)
    async with told.client(environment=around, anonymous=True) as storage:
        await storage.get_bucket_metadata("bucket")
        await storage.get_bucket_metadata("bucket", headers={"traceparent": "00-mine"})
    sent_by = told.spans[0].context
    expected = f"00-{sent_by.trace_id:032x}-{sent_by.span_id:016x}-{sent_by.trace_flags:02x}"
    sent = [request.headers.get_all("traceparent") for request in transport.requests]
    assert sent == [[expected], ["00-mine"]]


# -- what is not told --------------------------------------------------------------------------


class Token:
    async def get(self) -> str:
        return "ya29.secret-token"


async def test_no_secret_is_told(told: Telemetry, gcs: EmulatorHandle) -> None:
    gcs.create_bucket("bucket")
    key = b"k" * 32
    async with told.client(token=Token()) as storage:
        async with storage.upload_stream(
            "bucket",
            "a",
            chunk_bytes=256 * 1024,
            encryption_key=key,
            params={"userProject": "payer"},
        ) as writer:
            await writer.write(b"object data " * 50_000)
            session = writer.state()["session_uri"]
        await storage.download("bucket", "a", encryption_key=key)
        with pytest.raises(StorageError):
            await storage.download("bucket", "a")
    text = told.everything()
    assert "upload_stream" in text
    upload_id = session.rpartition("upload_id=")[2]
    for secret in (
        *("ya29", "object data", "payer", upload_id, base64.b64encode(key).decode()),
        key.decode(),
    ):
        assert secret not in text


async def test_names_can_be_left_out(gcs: EmulatorHandle, told: Telemetry) -> None:
    gcs.create_bucket("private-bucket")
    async with told.client(observer=told.observer(names=False)) as storage:
        await storage.upload("private-bucket", "private-name", b"1")
        await storage.download("private-bucket", "private-name")
    assert "storage_stream.operation" in told.everything()
    assert "private" not in told.everything()


def test_every_public_method_is_observed() -> None:
    none_of_the_service = {"close", "get_bucket", "on_close"}
    by_others = {"open"}  # by download_stream and upload_stream
    plain, observed = Storage(), Storage(observer=Telemetry().observer())
    for name, found in inspect.getmembers_static(Storage):
        if name.startswith("_") or not inspect.isroutine(found):
            continue
        is_wrapped = name in vars(observed)
        assert is_wrapped == (name not in none_of_the_service | by_others), name
        assert name not in vars(plain)
        before, after = getattr(plain, name), getattr(observed, name)
        assert inspect.iscoroutinefunction(before) == inspect.iscoroutinefunction(after)
        assert inspect.isasyncgenfunction(before) == inspect.isasyncgenfunction(after)
        assert inspect.signature(before) == inspect.signature(after)


def test_without_opentelemetry_the_error_says_how_to_get_it() -> None:
    program = """
import sys
sys.modules["opentelemetry"] = None
try:
    import storage_stream.integrations.opentelemetry
except ImportError as error:
    print(type(error).__name__, error)
"""
    command = [sys.executable, "-c", program]
    told = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    assert told.stdout.strip() == (
        "ExtraMissing this needs OpenTelemetry: install storage-stream[otel]"
    )


async def test_baggage_stays_at_home(told: Telemetry) -> None:
    transport = MemoryTransport(lambda _: Answer(200, body=b"{}"))
    around = Environment(transport=transport)
    token = context.attach(baggage.set_baggage("customer", "secret"))
    try:
        async with told.client(environment=around, anonymous=True) as storage:
            await storage.get_bucket_metadata("bucket")
    finally:
        context.detach(token)
    (request,) = transport.requests
    assert "traceparent" in request.headers
    assert "baggage" not in request.headers


def test_it_travels_as_it_was_said(told: Telemetry) -> None:
    again = pickle.loads(pickle.dumps(OpenTelemetry(names=False)))  # noqa: S301 - ours
    assert isinstance(again, OpenTelemetry)
    assert again._names is False
    with pytest.raises(TypeError, match="cannot go to another process"):
        pickle.dumps(told.observer())
