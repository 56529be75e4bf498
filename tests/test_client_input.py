"""Bad input: one clear typed error for each, and nothing is sent."""

import asyncio
import pickle
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from leaks import nothing_left, until
from sample_data import patterned

from storage_stream import Environment, Preconditions, RetryPolicy, Storage
from storage_stream.errors import (
    ClientClosed,
    InvalidArgument,
    InvalidName,
    NotFound,
    RangeNotSatisfiable,
    StorageError,
    UsageError,
)
from storage_stream.testing import Answer, MemoryTransport, RecordedRequest
from storage_stream.testing.emulator_handle import EmulatorHandle

DATA = patterned(1000)
LARGE = patterned(20_000_000)

OBJECT_CALLS: dict[str, Callable[[Storage, str, str], Awaitable[object]]] = {
    "download": lambda storage, bucket, name: storage.download(bucket, name),
    "download_stream": lambda storage, bucket, name: storage.download_stream(bucket, name),
    "download_to_filename": lambda storage, bucket, name: storage.download_to_filename(
        bucket, name, "/dev/null"
    ),
    "download_metadata": lambda storage, bucket, name: storage.download_metadata(bucket, name),
    "upload": lambda storage, bucket, name: storage.upload(bucket, name, b"data"),
    "upload of a text": lambda storage, bucket, name: storage.upload(bucket, name, "text"),
    "patch_metadata": lambda storage, bucket, name: storage.patch_metadata(bucket, name, {}),
    "delete": lambda storage, bucket, name: storage.delete(bucket, name),
}
BUCKET_CALLS: dict[str, Callable[[Storage, str], Awaitable[object]]] = {
    "list_objects": lambda storage, bucket: storage.list_objects(bucket),
    "iter_objects": lambda storage, bucket: anext(storage.iter_objects(bucket)),
    "get_bucket_metadata": lambda storage, bucket: storage.get_bucket_metadata(bucket),
    "delete_bucket": lambda storage, bucket: storage.delete_bucket(bucket),
}
WRONG_OBJECTS: list[Any] = [
    "",
    ".",
    "..",
    "a\nb",
    "\r",
    "x" * 1025,
    "é" * 513,
    "\udcff",
    None,
    5,
    b"x",
]
WRONG_BUCKETS: list[Any] = ["", ".", "..", "a/b", "a b", "a\n", "é", "\ud800", None, 5, b"x"]


async def _call(storage: Storage, call: str, bucket: str) -> None:
    if call in OBJECT_CALLS:
        await OBJECT_CALLS[call](storage, bucket, "name")
    else:
        await BUCKET_CALLS[call](storage, bucket)


# -- names -----------------------------------------------------------------------------------


@pytest.mark.parametrize("call", OBJECT_CALLS)
@pytest.mark.parametrize("name", WRONG_OBJECTS, ids=lambda name: repr(name)[:12])
async def test_object_names(gcs: EmulatorHandle, storage: Storage, call: str, name: Any) -> None:
    with pytest.raises(InvalidName) as caught:
        await OBJECT_CALLS[call](storage, "bucket", name)
    assert isinstance(caught.value, ValueError)
    assert len(gcs.log) == 0


@pytest.mark.parametrize("call", [*OBJECT_CALLS, *BUCKET_CALLS])
@pytest.mark.parametrize("bucket", WRONG_BUCKETS, ids=repr)
async def test_bucket_names(gcs: EmulatorHandle, storage: Storage, call: str, bucket: Any) -> None:
    with pytest.raises(InvalidName):
        await _call(storage, call, bucket)
    assert len(gcs.log) == 0


@pytest.mark.parametrize("call", [*OBJECT_CALLS, *BUCKET_CALLS])
async def test_a_missing_bucket_costs_one_request(
    gcs: EmulatorHandle, storage: Storage, call: str
) -> None:
    operations = ("get", "insert", "patch", "delete", "list")
    for operation in operations:
        gcs.arm_next(f"storage.objects.{operation}", "return-404")
    gcs.arm_next("storage.buckets.get", "return-404")
    gcs.arm_next("storage.buckets.delete", "return-404")
    with pytest.raises(NotFound, match="gs://missing") as caught:
        await _call(storage, call, "missing")
    assert isinstance(caught.value, aiohttp.ClientResponseError)
    assert (caught.value.status, caught.value.attempts) == (404, 1)
    assert len(gcs.log) == 1


async def test_no_project(gcs: EmulatorHandle, storage: Storage) -> None:
    with pytest.raises(InvalidArgument, match="project"):
        await storage.create_bucket("bucket", "")
    with pytest.raises(InvalidArgument, match="project"):
        await storage.list_buckets("")
    assert len(gcs.log) == 0


# -- ranges ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "keywords",
    [
        {"start": 10, "end": 5},
        {"start": 5, "end": 5},
        {"end": 0},
        {"end": -1},
        {"start": -5, "end": 10},
        {"start": 1.5},
        {"end": "10"},
        {"start": True},
        {"start": 5, "headers": {"Range": "bytes=0-5"}},
        {"end": 5, "headers": {"range": "bytes=0-5"}},
        {"headers": {"Range": "bytes=0-1,3-4"}},
        {"headers": {"Range": "lines=0-1"}},
        {"headers": {"Range": "bytes=5-1"}},
        {"headers": {"Range": "bytes=-"}},
    ],
    ids=repr,
)
async def test_ranges_that_cannot_be(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path, keywords: dict[str, Any]
) -> None:
    with pytest.raises(InvalidArgument):
        storage.download_stream("bucket", "name", **keywords)
    with pytest.raises(InvalidArgument):
        await storage.download("bucket", "name", **keywords)
    with pytest.raises(InvalidArgument):
        await storage.download_to_filename("bucket", "name", tmp_path / "file", **keywords)
    assert len(gcs.log) == 0


async def test_a_range_behind_the_end(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.put("bucket", "name", DATA)
    gcs.put("bucket", "empty", b"")
    for name, start in (("name", 1000), ("name", 5000), ("empty", 1)):
        gcs.log.clear()
        with pytest.raises(RangeNotSatisfiable, match=f"gs://bucket/{name}"):
            await storage.download("bucket", name, start=start, raw=True)
        assert len(gcs.log) == 1
        with pytest.raises(RangeNotSatisfiable):
            await storage.download("bucket", name, start=start)


# -- keywords --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tiemout", "prefix", "generaton", "self"])
async def test_an_unknown_keyword(gcs: EmulatorHandle, storage: Storage, name: str) -> None:
    keyword: dict[str, Any] = {name: 5}
    calls: list[Callable[[], Any]] = [
        lambda: storage.download("bucket", "name", **keyword),
        lambda: storage.download_metadata("bucket", "name", **keyword),
        lambda: storage.upload("bucket", "name", b"", **keyword),
        lambda: storage.list_objects("bucket", **keyword),
        lambda: storage.delete_bucket("bucket", **keyword),
    ]
    with pytest.raises(TypeError, match=name):
        storage.download_stream("bucket", "name", **keyword)
    for call in calls:
        with pytest.raises(TypeError, match=name):
            await call()
    assert len(gcs.log) == 0


@pytest.mark.parametrize(
    ("keywords", "error"),
    [
        ({"timeout": 0}, InvalidArgument),
        ({"timeout": -1}, InvalidArgument),
        ({"timeout": "5"}, TypeError),
        ({"timeout": float("nan")}, InvalidArgument),
        ({"stall_timeout": 0}, InvalidArgument),
        ({"retries": -1}, InvalidArgument),
        ({"headers": "Range"}, TypeError),
        ({"headers": {"X-A": "a\r\nX-B: b"}}, InvalidArgument),
        ({"params": [("a", "b")]}, TypeError),
        ({"preconditions": {"if_generation_match": 0}}, TypeError),
    ],
    ids=repr,
)
async def test_keywords_of_the_wrong_kind(
    gcs: EmulatorHandle, storage: Storage, keywords: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await storage.download("bucket", "name", **keywords)
    with pytest.raises(error):
        await storage.upload("bucket", "name", b"", **keywords)
    assert len(gcs.log) == 0


async def test_keywords_of_every_request(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.put("bucket", "name", DATA)
    headers, params = {"X-Mine": "1"}, {"userProject": "payer", "flag": True}
    keywords: dict[str, Any] = {"headers": headers, "params": {"prettyPrint": False}}
    async with storage.download_stream(
        "bucket", "name", user_project="payer", **keywords
    ) as stream:
        assert await stream.read() == DATA
    await storage.download_metadata("bucket", "name", user_project="payer", **keywords)
    assert keywords == {"headers": {"X-Mine": "1"}, "params": {"prettyPrint": False}}
    assert params == {"userProject": "payer", "flag": True}
    for entry in gcs.log:
        assert entry.headers["X-Mine"] == "1"
        assert "userProject=payer" in entry.query
        assert "prettyPrint=false" in entry.query


async def test_the_timeout_may_be_an_aiohttp_one(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.put("bucket", "name", DATA)
    timeout: Any = aiohttp.ClientTimeout(total=5)
    assert await storage.download("bucket", "name", timeout=timeout) == DATA
    assert await storage.download("bucket", "name", timeout=None) == DATA


async def test_preconditions(gcs: EmulatorHandle, storage: Storage) -> None:
    generation = int(gcs.put("bucket", "name", DATA)["generation"])
    same = Preconditions(if_generation_match=generation, if_metageneration_match=1)
    assert await storage.download("bucket", "name", preconditions=same) == DATA
    for other in (
        Preconditions(if_generation_match=generation + 1),
        Preconditions(if_generation_not_match=generation),
        Preconditions(if_metageneration_match=9),
        Preconditions(if_metageneration_not_match=1),
    ):
        with pytest.raises(StorageError) as caught:
            await storage.download("bucket", "name", preconditions=other)
        assert getattr(caught.value, "status", None) in {304, 412}


# -- the client itself -----------------------------------------------------------------------


async def test_a_closed_client(gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "name", DATA)
    async with Storage() as storage:
        assert await storage.download("bucket", "name") == DATA
    await storage.close()
    gcs.log.clear()
    for call in (*OBJECT_CALLS, *BUCKET_CALLS):
        with pytest.raises(ClientClosed) as caught:
            await _call(storage, call, "bucket")
        assert isinstance(caught.value, RuntimeError)
    with pytest.raises(ClientClosed):
        async with storage:
            raise AssertionError("it cannot be entered")
    assert len(gcs.log) == 0


async def test_a_client_closed_before_it_was_used(gcs: EmulatorHandle) -> None:
    storage = Storage()
    await storage.close()
    await storage.close()
    with pytest.raises(ClientClosed):
        await storage.download("bucket", "name")
    assert len(gcs.log) == 0


async def test_reading_after_the_client_was_closed(gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "name", LARGE)
    gcs.put("bucket", "small", DATA)
    async with Storage() as storage:
        stream = await storage.download_stream("bucket", "name")
        whole = await storage.download_stream("bucket", "small")
        first = await stream.read(10)
        assert await whole.read() == DATA
    assert first == LARGE[:10]
    for _ in range(2):
        with pytest.raises(ClientClosed):
            await stream.read()
    assert await whole.read() == b"", "it was at its end before"
    stream.close()
    await nothing_left(storage, gcs)


async def test_a_read_under_way_when_the_client_is_closed(gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "name", LARGE)
    gcs.arm_next("storage.objects.get", *[f"stall-for-600s-after-{kib}K" for kib in (1024, 0)])
    storage = Storage()
    stream = await storage.download_stream("bucket", "name")
    assert len(await stream.read(1024 * 1024)) == 1024 * 1024
    reading = asyncio.create_task(stream.read())
    opening = asyncio.create_task(storage.download("bucket", "name"))
    await until(lambda: len(gcs.log) == 2, lambda: "both are under way")
    await storage.close()
    for task in (reading, opening):
        with pytest.raises(ClientClosed):
            await asyncio.wait_for(task, 60)
    stream.close()
    await nothing_left(storage, gcs)


class SlowToEnd:
    """A source of tokens that is asked a second time, and does not end when it is told to."""

    def __init__(self) -> None:
        self.calls = 0
        self.told_to_end = asyncio.Event()
        self.ends = asyncio.Event()

    async def get(self) -> str:
        self.calls += 1
        if self.calls > 1:
            try:
                await self.ends.wait()
            finally:
                self.told_to_end.set()
                await self.ends.wait()
        return "token"


async def test_a_close_that_is_cancelled_closes_all(gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "name", DATA)
    source = SlowToEnd()
    storage = Storage(token=source)
    assert await storage.download("bucket", "name") == DATA
    session = storage._lanes.aiohttp.session
    asking = asyncio.create_task(storage.download("bucket", "name"))
    await until(lambda: source.calls == 2, lambda: "it is asked for a token")
    closing = asyncio.create_task(storage.close())
    await source.told_to_end.wait()
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert session.closed
    source.ends.set()
    with pytest.raises(ClientClosed):
        await asking
    await nothing_left(storage, gcs)


async def test_a_client_closed_while_a_stream_opens() -> None:
    """The network is the caller's, and goes on; the stream would be of a closed client."""
    answers = asyncio.Event()

    async def answer(_: RecordedRequest) -> Answer:
        await answers.wait()
        return Answer(body=DATA)

    network = MemoryTransport(answer)
    storage = Storage(
        api_root="https://gcs.test", anonymous=True, environment=Environment(transport=network)
    )
    opening = asyncio.create_task(storage.download("bucket", "name"))
    await until(lambda: bool(network.requests), lambda: "it is asked for")
    await storage.close()
    answers.set()
    with pytest.raises(ClientClosed):
        await opening
    assert (network.opened, network.open) == (1, 0)


async def test_without_a_block(gcs: EmulatorHandle) -> None:
    """It can be used, and is then closed by its user."""
    gcs.put("bucket", "name", DATA)
    storage = Storage()
    assert await storage.download("bucket", "name") == DATA
    await storage.close()
    await nothing_left(storage, gcs)


def test_made_outside_a_loop(gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "name", DATA)
    storage = Storage()

    async def use() -> bytes:
        async with storage:
            return await storage.download("bucket", "name")

    assert asyncio.run(use()) == DATA


async def test_the_callers_session_stays_open(gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "name", DATA)
    async with aiohttp.ClientSession() as session:
        async with Storage(session=session) as storage:
            assert await storage.download("bucket", "name") == DATA
        assert not session.closed
        async with Storage() as storage:
            assert await storage.download("bucket", "name", session=session) == DATA
            made = storage._lanes.made_aiohttp
            assert made is not None
            assert made._own is None
        assert not session.closed
    async with Storage() as storage:
        with pytest.raises(StorageError):
            await storage.download("bucket", "name", session=session)


@pytest.mark.parametrize(
    ("keywords", "error"),
    [
        ({"connections": 0}, InvalidArgument),
        ({"connections": -1}, InvalidArgument),
        ({"api_root": "ftp://host"}, InvalidArgument),
        ({"api_root": "http://"}, InvalidArgument),
        ({"api_root": "http://user:secret@host"}, InvalidArgument),
        ({"unknown": 1}, TypeError),
    ],
    ids=repr,
)
def test_a_client_that_cannot_be(keywords: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        Storage(**keywords)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "keywords", [{"retries": -1}, {"initial_delay": -1}, {"multiplier": 0.5}], ids=repr
)
def test_a_policy_that_cannot_be(keywords: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        RetryPolicy(**keywords)


async def test_usage_errors_are_storage_errors(storage: Storage) -> None:
    for wrong in (lambda: storage.download_stream("bucket", ""), lambda: Storage(connections=0)):
        with pytest.raises(UsageError) as caught:
            wrong()
        assert isinstance(caught.value, StorageError)


async def test_a_client_is_not_pickled() -> None:
    async with Storage(anonymous=True) as storage:
        for each in (storage, storage.get_bucket("bucket")):
            with pytest.raises(pickle.PicklingError, match="make one in each process"):
                pickle.dumps(each)
