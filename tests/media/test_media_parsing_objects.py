"""`parse_object`: pictures of a bucket, decoded in a thread while they are downloaded."""

import asyncio
import threading

import pytest
from cancelling import Moment, cancelled_at
from leaks import nothing_under_way, until
from parsing_samples import LARGE, TALL, opened, sample
from PIL import Image
from scripted_server import Asked, Line, ScriptedServer, head

from storage_stream import RetryPolicy, Storage
from storage_stream.errors import (
    ClientClosed,
    InvalidArgument,
    NotFound,
    ServerError,
    TransportError,
    TruncatedStream,
)
from storage_stream.media import (
    ImageInfo,
    ImageTooLarge,
    ParserClosed,
    SpoolTooSmall,
    StreamingProcessor,
    StreamParser,
    TruncatedImage,
    UnidentifiedImage,
    parse_object,
)
from storage_stream.media.bridge.pool import pool_of
from storage_stream.media.bridge.run import Run
from storage_stream.testing.emulator_handle import EmulatorHandle

GET = "storage.objects.get"
MIB = 1 << 20


def put(gcs: EmulatorHandle, name: str, size: tuple[int, int] = LARGE) -> bytes:
    gcs.put("bucket", name, sample(name, size))
    return sample(name, size)


@pytest.mark.parametrize("name", ["jpeg", "jpeg-progressive", "png", "gif", "bmp", "webp", "tiff"])
@pytest.mark.parametrize("chunk_size", [1000, 65536])
async def test_it_is_the_picture_of_the_object(
    storage: Storage, gcs: EmulatorHandle, name: str, chunk_size: int
) -> None:
    data = put(gcs, name)
    gcs.log.clear()
    image = await parse_object(storage, "bucket", name, chunk_size=chunk_size)
    assert image.tobytes() == opened(data).tobytes()
    assert len(gcs.log) == 1


async def test_nothing_is_decoded_on_the_loop_s_thread(
    storage: Storage, gcs: EmulatorHandle
) -> None:
    put(gcs, "png")
    threads: set[int] = set()
    infos: list[ImageInfo] = []

    def note(image: Image.Image, upper: int, lower: int) -> None:
        assert upper < lower <= image.height
        threads.add(threading.get_ident())

    def heard(info: ImageInfo) -> None:
        threads.add(threading.get_ident())
        infos.append(info)

    await parse_object(storage, "bucket", "png", chunk_size=8192, on_rows=note, on_header=heard)
    assert threads
    assert threading.get_ident() not in threads
    assert [(info.width, info.height) for info in infos] == [LARGE]


@pytest.mark.parametrize("word", ["drop-at-30000", "return-503", "return-broken-stream"])
async def test_a_broken_download_goes_on(storage: Storage, gcs: EmulatorHandle, word: str) -> None:
    data = put(gcs, "png")
    gcs.log.clear()
    gcs.arm_next(GET, word)
    image = await parse_object(storage, "bucket", "png")
    assert image.tobytes() == opened(data).tobytes()
    assert len(gcs.log) == 2


@pytest.mark.parametrize("name", ["jpeg", "jpeg-progressive", "png", "gif", "webp", "tiff"])
async def test_a_download_that_stays_broken_is_no_picture(gcs: EmulatorHandle, name: str) -> None:
    put(gcs, name)
    no_retries = RetryPolicy(retries=0)
    async with Storage(retry=no_retries) as storage:
        gcs.arm_next(GET, f"drop-at-{len(sample(name)) // 2}")
        with pytest.raises((TransportError, TruncatedStream)):
            await parse_object(storage, "bucket", name, allow_truncated=True)
        await nothing_under_way(storage)


async def test_an_old_generation(storage: Storage, gcs: EmulatorHandle) -> None:
    first = gcs.put("bucket", "name", sample("png"))["generation"]
    gcs.put("bucket", "name", sample("jpeg"))
    with pytest.raises(NotFound):
        await parse_object(storage, "bucket", "name", generation=int(first))
    assert (await parse_object(storage, "bucket", "name")).format == "JPEG"


async def test_the_request_has_its_keywords(storage: Storage, gcs: EmulatorHandle) -> None:
    key = bytes(range(32))
    data = sample("png", LARGE)
    await storage.create_bucket("bucket", "project")
    await storage.upload("bucket", "locked.png", data, encryption_key=key)
    image = await parse_object(
        storage, "bucket", "locked.png", encryption_key=key, target_size=100, timeout=9.0
    )
    assert image.tobytes() == opened(data).tobytes()
    parser = StreamParser()
    image = await parse_object(storage, "bucket", "locked.png", parser=parser, encryption_key=key)
    assert image is parser.image
    gcs.arm_next(GET, "return-503")
    with pytest.raises(ServerError):
        await parse_object(storage, "bucket", "locked.png", encryption_key=key, retries=0)
    with pytest.raises(TypeError, match="tsize"):
        await parse_object(storage, "bucket", "locked.png", tsize=100)  # type: ignore[call-arg] # a typo
    with pytest.raises(InvalidArgument, match="target_size"):
        await parse_object(storage, "bucket", "locked.png", parser=StreamParser(), target_size=9)


async def test_errors_name_the_object(storage: Storage, gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "text", b"no picture" * 100)
    gcs.put("bucket", "cut", sample("png")[:20_000])
    gcs.put("bucket", "empty", b"")
    put(gcs, "png")
    put(gcs, "webp")
    with pytest.raises(UnidentifiedImage, match=r"^gs://bucket/text: "):
        await parse_object(storage, "bucket", "text")
    with pytest.raises(UnidentifiedImage, match=r"^gs://bucket/empty: "):
        await parse_object(storage, "bucket", "empty")
    with pytest.raises(TruncatedImage, match=r"^gs://bucket/cut: ") as caught:
        await parse_object(storage, "bucket", "cut")
    assert caught.value.partial is not None
    assert caught.value.rows_ready > 0
    with pytest.raises(ImageTooLarge, match=r"^gs://bucket/png: "):
        await parse_object(storage, "bucket", "png", max_pixels=1000)
    with pytest.raises(SpoolTooSmall, match=r"^gs://bucket/webp: "):
        await parse_object(storage, "bucket", "webp", max_bytes=1000)
    with pytest.raises(NotFound):
        await parse_object(storage, "bucket", "nothing")
    image = await parse_object(storage, "bucket", "cut", allow_truncated=True)
    assert image.size == LARGE


async def test_what_is_no_picture_is_not_downloaded() -> None:
    size = 100 * MIB

    async def zeros(_: Asked, line: Line) -> None:
        await line.send(head(200, f"Content-Length: {size}"))
        while line.sent < size:
            await line.send(bytes(64 * 1024))

    async with ScriptedServer([zeros]) as server:
        async with Storage(api_root=server.url, anonymous=True) as storage:
            with pytest.raises(UnidentifiedImage):
                await parse_object(storage, "bucket", "name")
        assert server.lines[0].sent < size // 2  # what the sockets held


async def test_a_slow_decoder_holds_the_download_back() -> None:
    size = 60 * MIB
    bitmap = sample("bmp")[:18] + (4096).to_bytes(4, "little") + (5120).to_bytes(4, "little")
    bitmap += sample("bmp")[26:54]
    may_go_on = threading.Event()

    async def rows(_: Asked, line: Line) -> None:
        await line.send(head(200, f"Content-Length: {len(bitmap) + size}"))
        await line.send(bitmap)
        while line.sent < size:
            await line.send(bytes(64 * 1024))

    def wait(*_: object) -> None:
        may_go_on.wait(300)

    async with (
        ScriptedServer([rows]) as server,
        Storage(api_root=server.url, anonymous=True) as storage,
    ):
        parsing = asyncio.create_task(parse_object(storage, "bucket", "name", on_rows=wait))
        before = -1
        while server.lines == [] or server.lines[0].sent != before:  # until it is blocked
            before = server.lines[0].sent if server.lines else -1
            await asyncio.sleep(0.2)
        assert before < 40 * MIB  # 1 MiB on its way to the decoder, the rest in the sockets
        parsing.cancel()
        may_go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await parsing


@pytest.mark.parametrize("moment", list(Moment))
async def test_cancelled_at_any_wait(storage: Storage, gcs: EmulatorHandle, moment: Moment) -> None:
    put(gcs, "png")
    k = 0
    while await cancelled_at(parse_object(storage, "bucket", "png", chunk_size=8192), k, moment):
        await nothing_under_way(storage)
        k += 1
    assert k > 2


async def test_a_decoder_at_the_end_stops_when_nobody_waits(
    storage: Storage, gcs: EmulatorHandle
) -> None:
    """The thread works through kept bytes in pieces, and looks up in between."""
    pool, run = pool_of(storage), Run()
    kept = StreamParser()
    kept.feed(sample("jpeg-progressive"))

    def work() -> None:
        run.stop(asyncio.CancelledError())
        kept.close()

    with pytest.raises(asyncio.CancelledError):
        await pool.run(run, work)
    with pytest.raises(ParserClosed):
        kept.close()
    assert kept.rows_ready == 0
    assert not gcs.log.select(operation=GET)


async def test_what_on_rows_raises_ends_the_download(storage: Storage, gcs: EmulatorHandle) -> None:
    put(gcs, "png", TALL)

    def fail(*_: object) -> None:
        raise LookupError("on purpose")

    with pytest.raises(LookupError, match="on purpose"):
        await parse_object(storage, "bucket", "png", on_rows=fail)
    await nothing_under_way(storage)


async def test_a_parser_of_one_s_own(storage: Storage, gcs: EmulatorHandle) -> None:
    data = put(gcs, "png", TALL)
    processor = StreamingProcessor(
        lambda image, upper, lower: image.crop((0, upper, image.width, lower)).resize((80, 50)),
        min_rows=100,
    )
    image = await parse_object(storage, "bucket", "png", chunk_size=8192, parser=processor)
    assert image.tobytes() == opened(data).tobytes()
    assert len(processor.results) in range(10, 17)
    with pytest.raises(ParserClosed):
        await parse_object(storage, "bucket", "png", parser=processor)
    with pytest.raises(InvalidArgument, match="target_size"):
        await parse_object(storage, "bucket", "png", parser=StreamParser(), target_size=5)


async def test_many_at_once(storage: Storage, gcs: EmulatorHandle) -> None:
    names = ["jpeg", "png", "gif", "webp", "tiff", "bmp"] * 4
    expected = {name: opened(put(gcs, name)).tobytes() for name in set(names)}
    images = await asyncio.gather(*(parse_object(storage, "bucket", name) for name in names))
    assert [image.tobytes() for image in images] == [expected[name] for name in names]


async def test_closing_the_client_ends_it(gcs: EmulatorHandle) -> None:
    put(gcs, "png", TALL)
    may_go_on, has_begun = threading.Event(), threading.Event()

    def wait(*_: object) -> None:
        has_begun.set()
        may_go_on.wait(300)

    storage = Storage()
    parsing = asyncio.create_task(parse_object(storage, "bucket", "png", on_rows=wait))
    await until(has_begun.is_set, lambda: "no row came")
    closing = asyncio.create_task(storage.close())
    await asyncio.sleep(0)
    may_go_on.set()
    await closing
    with pytest.raises(ClientClosed):
        await parsing


@pytest.mark.parametrize("size", [0, -1, MIB + 1])
async def test_the_size_of_a_chunk_has_bounds(storage: Storage, size: int) -> None:
    with pytest.raises(InvalidArgument):
        await parse_object(storage, "bucket", "name", chunk_size=size)
