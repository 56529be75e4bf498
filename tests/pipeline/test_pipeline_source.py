"""Every kind of source, and what is refused."""

import array
import asyncio
import gc
import io
import mmap
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiofiles
import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from pipeline_doubles import CountingSource, as_async, items

from storage_stream.pipeline import collect, gunzip, gzip, json_lines, lines, rechunk, tee
from storage_stream.pipeline.source import READ_BYTES, run_blocking

DATA = bytes(range(256)) * 3000  # more than one read


class SyncReader:
    """Has read, and is neither a file nor async."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)
        self.threads: set[int] = set()
        self.closed = False

    def read(self, size: int) -> bytes:
        self.threads.add(threading.get_ident())
        return self._file.read(size)

    def close(self) -> None:
        self.threads.add(threading.get_ident())
        self.closed = True


class Disguised:
    """An async read that does not look like one."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)
        self.closed = False

    def read(self, size: int) -> Any:
        async def later() -> bytes:
            await asyncio.sleep(0)
            return self._file.read(size)

        return later()

    def close(self) -> Any:
        async def later() -> None:
            await asyncio.sleep(0)
            self.closed = True

        return later()


class Iterable:
    """An async iterable that is not its own iterator."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.closed = False
        self.iterator: AsyncIterator[bytes] | None = None

    def __aiter__(self) -> AsyncIterator[bytes]:
        self.iterator = as_async([self.data[:1000], b"", self.data[1000:]])
        return self.iterator

    async def aclose(self) -> None:
        self.closed = True


def generator(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), 1000):
        yield data[start : start + 1000]


@asynccontextmanager
async def opened(data: bytes, log: list[str]) -> AsyncIterator[io.BytesIO]:
    log.append("entered")
    try:
        yield io.BytesIO(data)
    finally:
        log.append("left")


@pytest.mark.parametrize(
    "make",
    [
        bytes,
        bytearray,
        memoryview,
        io.BytesIO,
        SyncReader,
        Disguised,
        Iterable,
        generator,
        lambda data: [data[:5], bytearray(data[5:10]), memoryview(data)[10:]],
        lambda data: memoryview(data[::-1])[::-1],
        lambda data: memoryview(array.array("I", data)),
        lambda data: CountingSource([data]),
        lambda data: as_async([data]),
        lambda data: rechunk(data, 999),
        lambda data: opened(data, []),
    ],
)
async def test_every_kind_of_source_gives_its_bytes(make: Any) -> None:
    assert await collect(make(DATA)) == DATA


async def test_files_of_every_kind(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(DATA)
    raw = path.open("rb", buffering=0)
    buffered = path.open("rb")
    later = await aiofiles.open(path, "rb")
    for file in (raw, buffered, later):
        assert await collect(file) == DATA
        assert file.closed
    assert await collect(aiofiles.open(path, "rb")) == DATA
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        assert await collect(mapped) == DATA
        assert mapped.closed


async def test_a_stream_reader_is_read_not_split_into_lines() -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(b"a\nb\nc")
    reader.feed_eof()
    assert await items(tee(reader)) == [b"a\nb\nc"]


async def test_the_body_of_an_aiohttp_response() -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=DATA)

    app = web.Application()
    app.router.add_get("/", answer)
    async with TestServer(app, host="127.0.0.1") as server, ClientSession() as session:
        response = await session.get(server.make_url("/"))
        assert await collect(gunzip(gzip(response.content))) == DATA


async def test_blocking_reads_and_closes_leave_the_loop() -> None:
    reader = SyncReader(DATA)
    assert await collect(reader) == DATA
    assert reader.closed
    assert threading.get_ident() not in reader.threads


async def test_both_the_iterable_and_its_iterator_are_closed() -> None:
    source = Iterable(DATA)
    stage = tee(source)
    await anext(stage)
    await stage.aclose()
    assert source.closed
    assert source.iterator is not None
    with pytest.raises(StopAsyncIteration):
        await anext(source.iterator)


async def test_a_generator_is_closed() -> None:
    source = generator(DATA)
    async with tee(source) as stage:
        await anext(stage)
    assert list(source) == []


async def test_a_context_is_entered_at_the_first_read_and_left_at_the_close() -> None:
    log: list[str] = []
    stage = rechunk(opened(DATA, log), 10)
    assert log == []
    await anext(stage)
    assert log == ["entered"]
    await stage.aclose()
    assert log == ["entered", "left"]
    await lines(opened(DATA, log)).aclose()
    assert log == ["entered", "left"], "entered only to be closed"


async def test_a_context_that_gives_no_source_is_left() -> None:
    log: list[str] = []

    @asynccontextmanager
    async def wrong() -> AsyncIterator[str]:
        log.append("entered")
        yield "text"
        log.append("left")

    with pytest.raises(TypeError, match="'str'"):
        await collect(wrong())  # type: ignore[arg-type]  # the point of the test
    assert log == ["entered", "left"]


async def test_a_reused_buffer_is_copied() -> None:
    async def reuse() -> AsyncIterator[bytearray]:
        buffer = bytearray(2)
        for number in range(3):
            buffer[:] = b"%02d" % number
            yield buffer

    assert await items(tee(reuse())) == [b"00", b"01", b"02"]


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ("text", "'str' \\(encode it first\\)"),
        (12, "'int'"),
        (None, "'NoneType'"),
        ({b"a": 1}, "'dict'"),
        (Path("x"), "Path'"),
        (object(), "'object'"),
        (json_lines(b""), "'Stage' \\(it gives objects, not bytes\\)"),
    ],
)
def test_what_is_no_source_is_named_at_once(wrong: Any, named: str) -> None:
    with pytest.raises(TypeError, match=named):
        lines(wrong)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (["text"], "list gave 'str', expected bytes"),
        ([1], "list gave 'int', expected bytes"),
        (io.StringIO("text"), r"StringIO.read\(\) gave 'str', expected bytes"),
        (as_async(["text"]), "async_generator gave 'str'"),  # type: ignore[list-item]  # the point
    ],
)
async def test_items_that_are_not_bytes_are_named(wrong: Any, named: str) -> None:
    with pytest.raises(TypeError, match=named):
        await collect(wrong)


async def test_a_source_that_never_waits_lets_others_run() -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    for source in (bytes(20_000_000), [b"x"] * 20_000, io.BytesIO(bytes(20_000_000))):
        before = turns
        assert await collect(tee(source)) is not None
        assert turns - before >= 10
    task.cancel()
    await asyncio.wait([task])


async def test_memory_is_given_in_bounded_chunks() -> None:
    sizes = [len(chunk) for chunk in await items(tee(bytes(READ_BYTES * 2 + 1)))]
    assert sizes == [READ_BYTES, READ_BYTES, 1]


async def test_a_blocking_call_that_fails_after_the_cancel_is_not_reported() -> None:
    """Asyncio's own complaint comes through the loop's handler when the future is collected."""
    complaints: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    entered, proceed = threading.Event(), threading.Event()

    def fail() -> None:
        entered.set()
        proceed.wait()
        raise OSError("too late")

    task = asyncio.create_task(run_blocking(fail))
    await asyncio.to_thread(entered.wait)
    task.cancel()
    loop.call_soon(proceed.set)
    with pytest.raises(asyncio.CancelledError):
        await task
    del task
    gc.collect()
    await asyncio.sleep(0)
    assert complaints == []


@pytest.mark.parametrize("is_cancelled", [False, True])
async def test_a_read_that_ends_by_stop_iteration_does_not_hang(*, is_cancelled: bool) -> None:
    """No future can hold that exception; whoever waited would wait for ever."""

    def read() -> bytes:
        return next(iter([]))

    task = asyncio.create_task(run_blocking(read))
    if is_cancelled:
        await asyncio.sleep(0)
        task.cancel()
    with pytest.raises(asyncio.CancelledError if is_cancelled else RuntimeError) as caught:
        await asyncio.wait_for(task, 60)
    if not is_cancelled:
        assert isinstance(caught.value.__cause__, StopIteration)
        assert "read() raised StopIteration" in str(caught.value)
