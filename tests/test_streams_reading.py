"""Reading a stream: every way to read gives the same bytes, and every read is filled."""

import asyncio
import gc
import warnings
from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from leaks import nothing_under_way, until
from sample_data import encoded_crc32c, patterned
from scripted_server import Asked, Line, ScriptedServer, chunked, head, media, reply

from storage_stream import Storage, StreamResponse
from storage_stream.errors import InvalidArgument, StreamClosed, StreamNotOpen, UsageError
from storage_stream.testing.emulator_handle import EmulatorHandle

SIZE = 1_000_003
DATA = patterned(SIZE)


@pytest.fixture
def stored(gcs: EmulatorHandle) -> EmulatorHandle:
    gcs.put("bucket", "name", DATA, contentType="text/plain", metadata={"kind": "test"})
    return gcs


@pytest.mark.parametrize("size", [1_000, 4_096, 65_536, 65_537, 300_000, SIZE - 1, SIZE, SIZE + 1])
@pytest.mark.usefixtures("stored")
async def test_every_read_is_filled(storage: Storage, size: int) -> None:
    pieces: list[bytes] = []
    async with storage.download_stream("bucket", "name") as stream:
        while piece := await stream.read(size):
            assert type(piece) is bytes
            pieces.append(piece)
            assert stream.bytes_read == sum(map(len, pieces))
    assert [len(piece) for piece in pieces[:-1]] == [size] * (len(pieces) - 1)
    assert 0 < len(pieces[-1]) <= size
    assert b"".join(pieces) == DATA


@pytest.mark.usefixtures("stored")
async def test_single_bytes(storage: Storage) -> None:
    async with storage.download_stream("bucket", "name", start=10, end=1010) as stream:
        assert [await stream.read(1) for _ in range(1000)] == [
            DATA[n : n + 1] for n in range(10, 1010)
        ]
        assert await stream.read(1) == b""


@pytest.mark.parametrize("size", [-1, None, -5])
@pytest.mark.usefixtures("stored")
async def test_a_negative_size_reads_the_rest(storage: Storage, size: int | None) -> None:
    async with storage.download_stream("bucket", "name") as stream:
        assert await stream.read(10) == DATA[:10]
        assert await stream.read(size) == DATA[10:]
        assert await stream.read(size) == b""


async def test_the_end_comes_every_time(stored: EmulatorHandle, storage: Storage) -> None:
    async with storage.download_stream("bucket", "name") as stream:
        assert len(await stream.read()) == SIZE
        for _ in range(3):
            assert await stream.read() == b""
            assert await stream.read(5) == b""
            assert await stream.read1() == b""
            assert await stream.readinto(bytearray(5)) == 0
            assert await stream.readexactly(0) == b""
        assert [chunk async for chunk in stream] == []
        assert stream.bytes_read == SIZE
    assert len(stored.log) == 1


@pytest.mark.usefixtures("stored")
async def test_reading_nothing_reads_nothing(storage: Storage) -> None:
    async with storage.download_stream("bucket", "name") as stream:
        assert await stream.read(0) == b""
        assert await stream.read1(0) == b""
        assert await stream.readinto(bytearray()) == 0
        assert await stream.readexactly(0) == b""
        assert stream.bytes_read == 0
        assert await stream.read() == DATA


@pytest.mark.parametrize("size", [-1, 1000])
@pytest.mark.usefixtures("stored")
async def test_read1_gives_what_is_there(storage: Storage, size: int) -> None:
    pieces: list[bytes] = []
    async with storage.download_stream("bucket", "name") as stream:
        while piece := await stream.read1(size):
            assert size < 0 or len(piece) <= size
            pieces.append(piece)
    assert b"".join(pieces) == DATA


async def test_read1_does_not_wait_for_more(storage_of: Callable[..., Storage]) -> None:
    more = asyncio.Event()

    async def in_two_pieces(_: Asked, line: Line) -> None:
        await line.send(media(DATA)[: -SIZE + 5])
        await more.wait()
        await line.send(DATA[5:])

    async with (
        ScriptedServer([in_two_pieces]) as server,
        storage_of(server) as storage,
        storage.download_stream("bucket", "name") as stream,
    ):
        assert await stream.read1() == DATA[:5]
        more.set()
        assert await stream.read() == DATA[5:]


@pytest.mark.usefixtures("stored")
async def test_readexactly(storage: Storage) -> None:
    async with storage.download_stream("bucket", "name") as stream:
        assert await stream.readexactly(SIZE - 10) == DATA[:-10]
        with pytest.raises(asyncio.IncompleteReadError) as caught:
            await stream.readexactly(11)
        assert caught.value.partial == DATA[-10:]
        assert caught.value.expected == 11
        with pytest.raises(InvalidArgument):
            await stream.readexactly(-1)


@pytest.mark.parametrize("make", [bytearray, lambda size: memoryview(bytearray(size))])
@pytest.mark.usefixtures("stored")
async def test_readinto(storage: Storage, make: Callable[[int], bytearray]) -> None:
    async with storage.download_stream("bucket", "name") as stream:
        buffer = make(300_000)
        got = bytearray()
        while count := await stream.readinto(buffer):
            got += bytes(buffer[:count])
            assert count == 300_000 or len(got) == SIZE
            assert stream.bytes_read == len(got)
    assert got == DATA


@pytest.mark.usefixtures("stored")
async def test_readinto_a_read_only_buffer(storage: Storage) -> None:
    async with storage.download_stream("bucket", "name") as stream:
        with pytest.raises(TypeError):
            await stream.readinto(memoryview(bytes(10)))
        assert await stream.read() == DATA


@pytest.mark.parametrize("size", [1_000, 65_536, 1 << 20])
@pytest.mark.usefixtures("stored")
async def test_chunks(storage: Storage, size: int) -> None:
    async with storage.download_stream("bucket", "name") as stream:
        chunks = [chunk async for chunk in stream.iter_chunks(size)]
    assert {len(chunk) for chunk in chunks[:-1]} <= {size}
    assert b"".join(chunks) == DATA


@pytest.mark.usefixtures("stored")
async def test_chunks_of_no_size(storage: Storage) -> None:
    async with storage.download_stream("bucket", "name") as stream:
        with pytest.raises(InvalidArgument):
            await anext(aiter(stream.iter_chunks(0)))


@pytest.mark.usefixtures("stored")
async def test_iterating_gives_bytes_as_they_come(storage: Storage) -> None:
    async with storage.download_stream("bucket", "name") as stream:
        assert await stream.read(7) == DATA[:7]
        pieces = [piece async for piece in stream]
        assert all(type(piece) is bytes and piece for piece in pieces)
        assert b"".join(pieces) == DATA[7:]


async def test_lines(gcs: EmulatorHandle, storage: Storage) -> None:
    text = b"one\ntwo\r\n\nfour without an end"
    gcs.put("bucket", "text", text)
    async with storage.download_stream("bucket", "text") as stream:
        assert [line async for line in stream.iter_lines()] == text.splitlines()
    async with storage.download_stream("bucket", "text") as stream:
        assert [line async for line in stream.iter_lines(keep_ends=True)] == text.splitlines(
            keepends=True
        )
        assert stream.verified is True


@pytest.mark.usefixtures("stored")
async def test_ways_to_read_can_be_mixed(storage: Storage) -> None:
    buffer = bytearray(100)
    async with storage.download_stream("bucket", "name") as stream:
        parts = [await stream.read(100), await stream.read1(50), await stream.readexactly(1000)]
        parts.append(bytes(buffer[: await stream.readinto(buffer)]))
        parts.append(await anext(aiter(stream)))
        parts.append(await stream.read())
    assert b"".join(parts) == DATA


async def test_an_empty_object(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.put("bucket", "empty", b"")
    async with storage.download_stream("bucket", "empty") as stream:
        assert stream.content_length == 0
        assert await stream.read() == b""
        assert stream.verified is True
    assert await storage.download("bucket", "empty") == b""


async def test_what_is_known_of_the_object(stored: EmulatorHandle, storage: Storage) -> None:
    resource = stored.metadata("bucket", "name")
    async with storage.download_stream("bucket", "name") as stream:
        assert stream.content_length == SIZE
        assert stream.generation == stream.metadata.generation == int(resource["generation"])
        assert stream.content_type == stream.metadata.content_type == "text/plain"
        assert stream.metadata.size == SIZE
        assert stream.metadata.crc32c == resource["crc32c"] == encoded_crc32c(DATA)
        assert stream.metadata.md5 == resource["md5Hash"]
        assert stream.metadata.etag == resource["etag"]
        assert stream.metadata.metageneration == 1
        assert stream.metadata.storage_class == "STANDARD"
        assert stream.resumes == 0
        assert isinstance(stream.response, aiohttp.ClientResponse)
        assert stream.response.headers["x-goog-generation"] == resource["generation"]


@pytest.mark.usefixtures("stored")
async def test_verified_only_at_the_end(storage: Storage) -> None:
    async with storage.download_stream("bucket", "name") as stream:
        assert stream.verified is None
        await stream.read(SIZE - 1)
        await stream.read(2)
        assert stream.verified is True


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0, 10, DATA[:10]),
        (10, 20, DATA[10:20]),
        (SIZE - 5, None, DATA[-5:]),
        (-5, None, DATA[-5:]),
        (-2 * SIZE, None, DATA),
        (SIZE - 5, SIZE + 100, DATA[-5:]),
        (0, SIZE, DATA),
    ],
)
async def test_ranges(
    stored: EmulatorHandle, storage: Storage, start: int, end: int | None, expected: bytes
) -> None:
    async with storage.download_stream("bucket", "name", start=start, end=end) as stream:
        assert stream.content_length == len(expected)
        assert await stream.read() == expected
        assert stream.verified is (True if expected == DATA else None)
    assert await storage.download("bucket", "name", start=start, end=end) == expected
    assert len(stored.log) == 2


async def test_a_range_header_is_a_range(stored: EmulatorHandle, storage: Storage) -> None:
    headers = {"Range": "bytes=5-9"}
    assert await storage.download("bucket", "name", headers=headers) == DATA[5:10]
    assert headers == {"Range": "bytes=5-9"}
    assert stored.log[0].range == "bytes=5-9"


async def test_content_length_of_an_unknown_length(storage_of: Callable[..., Storage]) -> None:
    answer = head(200, "Transfer-Encoding: chunked") + chunked(b"abc", b"defg")
    async with (
        ScriptedServer([reply(answer)]) as server,
        storage_of(server) as storage,
        storage.download_stream("bucket", "name") as stream,
    ):
        assert stream.content_length is None
        assert await stream.read() == b"abcdefg"
        assert stream.verified is None


# -- opening and closing ---------------------------------------------------------------------


@pytest.mark.usefixtures("stored")
async def test_with_await(storage: Storage) -> None:
    stream = await storage.download_stream("bucket", "name")
    assert isinstance(stream, StreamResponse)
    async with stream as same:
        assert same is stream
        assert await stream.read() == DATA
    assert stream.closed


@pytest.mark.usefixtures("stored")
async def test_the_old_idiom(storage: Storage) -> None:
    async with await storage.download_stream("bucket", "name") as stream:
        assert await stream.read() == DATA


@pytest.mark.usefixtures("stored")
async def test_entered_twice(storage: Storage) -> None:
    request = storage.download_stream("bucket", "name")
    async with request:
        with pytest.raises(UsageError, match="once"):
            await request
    with pytest.raises(UsageError, match="gs://bucket/name"):
        async with request:
            raise AssertionError("it cannot be entered")


async def test_never_entered(stored: EmulatorHandle, storage: Storage) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        request = storage.download_stream("bucket", "name")
        assert "gs://bucket/name" in repr(request)
        del request
        gc.collect()
    assert len(stored.log) == 0


async def test_a_synchronous_with(storage: Storage) -> None:
    with (
        pytest.raises(TypeError, match="async with"),
        storage.download_stream("bucket", "name"),
    ):
        raise AssertionError("it cannot be entered")


async def test_reading_before_opening(storage: Storage) -> None:
    request = storage.download_stream("bucket", "name")
    with pytest.raises(StreamNotOpen, match="async with"):
        await request.read()
    assert not hasattr(request, "content_length")


@pytest.mark.usefixtures("stored")
async def test_an_unclosed_stream_warns_and_lets_go(storage: Storage) -> None:
    stream = await storage.download_stream("bucket", "name")
    await stream.read(1)
    forget = [stream]
    del stream
    with pytest.warns(ResourceWarning, match="gs://bucket/name"):
        forget.clear()
    await nothing_under_way(storage)


@pytest.mark.usefixtures("stored")
async def test_a_stream_read_to_its_end_needs_no_close(storage: Storage) -> None:
    stream = await storage.download_stream("bucket", "name")
    assert await stream.read() == DATA
    del stream
    gc.collect()
    await nothing_under_way(storage)


READS: list[Callable[[StreamResponse], Awaitable[object]]] = [
    lambda stream: stream.read(),
    lambda stream: stream.read(5),
    lambda stream: stream.read1(),
    lambda stream: stream.readexactly(5),
    lambda stream: stream.readinto(bytearray(5)),
    lambda stream: anext(aiter(stream)),
    lambda stream: anext(aiter(stream.iter_chunks(5))),
    lambda stream: anext(aiter(stream.iter_lines())),
    lambda stream: stream.__aenter__(),
]


@pytest.mark.parametrize("number", range(len(READS)))
@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.usefixtures("stored")
async def test_reading_after_the_block(
    storage: Storage,
    number: int,
    whole: bool,  # noqa: FBT001 - a parameter
) -> None:
    async with storage.download_stream("bucket", "name") as stream:
        await stream.read(-1 if whole else 1)
    assert stream.closed
    with pytest.raises(StreamClosed, match="gs://bucket/name"):
        await READS[number](stream)
    stream.close()
    assert "closed" in repr(stream)


async def test_leaving_early_lets_go_of_the_connection(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    gcs.put("bucket", "large", patterned(20_000_000))
    for read in (0, 1, 100_000):
        async with storage.download_stream("bucket", "large") as stream:
            await stream.read(read)
        await nothing_under_way(storage)
    await until(
        lambda: all(entry.bytes_out < 20_000_000 for entry in gcs.log),
        lambda: f"the server went on sending: {gcs.log}",
    )
    assert await storage.download("bucket", "large", end=10) == patterned(20_000_000)[:10]


@pytest.mark.usefixtures("stored")
async def test_leaving_by_an_exception_is_not_hidden(storage: Storage) -> None:
    request = storage.download_stream("bucket", "name")

    async def fail_inside() -> StreamResponse:
        async with request as stream:
            await stream.read(1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_inside()
    await nothing_under_way(storage)


async def test_two_readers_at_once_are_refused(storage_of: Callable[..., Storage]) -> None:
    more = asyncio.Event()

    async def later(_: Asked, line: Line) -> None:
        await line.send(media(DATA)[:-SIZE])
        await more.wait()
        await line.send(DATA)

    async with (
        ScriptedServer([later]) as server,
        storage_of(server) as storage,
        storage.download_stream("bucket", "name") as stream,
    ):
        first = asyncio.create_task(stream.read())
        await asyncio.sleep(0)
        with pytest.raises(UsageError, match="another task"):
            await stream.read(1)
        more.set()
        assert await first == DATA


async def test_a_connection_is_used_again_after_a_whole_read(
    stored: EmulatorHandle, storage: Storage
) -> None:
    for _ in range(5):
        assert await storage.download("bucket", "name") == DATA
    assert stored.open_connections == 1
