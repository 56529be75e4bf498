"""Sources: what is read of an object, and what is said when it cannot be."""

import asyncio
import gc
import gzip
import io
import os
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import parse_qs

import PIL.Image
import pytest
import pyvips
from leaks import until
from vips_samples import (
    BLOCK,
    GET,
    announcing,
    average,
    encoded,
    local_thumbnail,
    picture,
    sample,
    thumbnail_of,
)

from storage_stream import Storage
from storage_stream.errors import (
    ClientClosed,
    InvalidArgument,
    InvalidName,
    NotFound,
    RequestTimeout,
    StreamClosed,
    TooManyBytesError,
)
from storage_stream.media import (
    DamagedImage,
    ImageTooLarge,
    OutsideRunError,
    Source,
    SourceCustom,
    Target,
    UnidentifiedImage,
    UnseekableTooLarge,
    UnsupportedFormat,
    transform,
)
from storage_stream.media.connections import vips
from storage_stream.testing.emulator_handle import EmulatorHandle

Stored = Callable[..., Source]
DRAWING = b'<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20"></svg>'


@pytest.fixture
def stored(storage: Storage, gcs: EmulatorHandle, gcs_bucket: str) -> Stored:
    """Puts bytes into the bucket and gives a source of them."""

    def make(data: bytes, fields: dict[str, Any] | None = None, **options: Any) -> Source:
        gcs.put(gcs_bucket, "picture", data, **(fields or {}))
        gcs.log.clear()
        return Source.new_from_object(storage, gcs_bucket, "picture", **options)

    return make


# -- requests ----------------------------------------------------------------------------------


async def test_nothing_is_requested_before_the_first_read(
    stored: Stored, gcs: EmulatorHandle, gcs_bucket: str
) -> None:
    async with stored(sample("jpeg")) as source:
        assert (source.filename(), source.nick()) == (f"gs://{gcs_bucket}/picture",) * 2
        assert f"gs://{gcs_bucket}/picture" in repr(source)
    assert len(gcs.log) == 0


async def test_a_sequential_read_takes_few_requests_and_no_byte_twice(
    stored: Stored, gcs: EmulatorHandle
) -> None:
    data = sample("png")
    async with stored(data) as source:
        await source.run(average)
        stats = source.stats
    asked = [entry.range for entry in gcs.log]
    assert asked[:3] == ["bytes=0-65535", "bytes=65536-196607", "bytes=196608-458751"]
    assert stats.requests == len(asked) <= 7
    assert stats.bytes_downloaded == stats.unique_bytes == len(data)
    assert stats.callbacks > stats.cache_hits > 0
    assert stats.waited > 0


async def test_all_requests_after_the_first_name_the_generation(
    stored: Stored, gcs: EmulatorHandle, gcs_bucket: str
) -> None:
    async with stored(sample("jpeg")) as source:
        await source.run(average)
    generation = gcs.metadata(gcs_bucket, "picture")["generation"]
    first, *rest = [parse_qs(entry.query) for entry in gcs.log]
    assert "generation" not in first
    assert [query["generation"] for query in rest] == [[generation]] * len(rest)


@pytest.mark.parametrize("name", ["jpeg", "progressive", "png", "webp", "gif", "avif"])
async def test_what_has_to_be_read_whole_takes_two_requests(stored: Stored, name: str) -> None:
    data = sample(name)
    assert BLOCK < len(data) < 4 << 20
    async with stored(data) as source:
        assert await source.thumbnail(100, format=".png") == local_thumbnail(name)
        assert (source.stats.requests, source.stats.bytes_downloaded) == (2, len(data))


async def test_a_crop_of_tiles_takes_a_small_part(stored: Stored) -> None:
    wide = picture().replicate(6, 6).copy_memory()
    data = wide.write_to_buffer(".tif", tile=True, tile_width=256, compression="jpeg")
    local = pyvips.Image.new_from_buffer(data, "")

    def crop(given: pyvips.Source) -> float:
        image = pyvips.Image.new_from_source(given, "", fail_on="error")
        return float(image.crop(2700, 2100, 512, 512).avg())

    async with stored(data) as source:
        found = await source.run(crop)
        stats = source.stats
    assert found == local.crop(2700, 2100, 512, 512).avg()
    assert stats.bytes_downloaded < len(data) * 0.2
    assert stats.requests <= 10


async def test_what_is_held_serves_the_next_run(stored: Stored, gcs: EmulatorHandle) -> None:
    async with stored(sample("jpeg")) as source:
        first = await source.thumbnail(50)
        asked = len(gcs.log)
        assert await source.thumbnail(50) == first
        assert len(gcs.log) == asked


async def test_runs_at_once_share_what_is_held(stored: Stored) -> None:
    data = sample("jpeg")
    async with stored(data) as source:
        found = await asyncio.gather(
            *(source.thumbnail(100, format=".png", timeout=60) for _ in range(6))
        )
        assert set(found) == {local_thumbnail("jpeg")}
        assert source.stats.bytes_downloaded == len(data)


async def test_a_header_takes_one_block(stored: Stored) -> None:
    def width(given: pyvips.Source) -> int:
        return int(pyvips.Image.new_from_source(given, "", fail_on="error").width)

    async with stored(sample("jpeg")) as source:
        assert await source.run(width) == 900
        assert (source.stats.requests, source.stats.bytes_downloaded) == (1, BLOCK)


async def test_no_more_is_downloaded_than_allowed(stored: Stored) -> None:
    async with stored(sample("png"), max_bytes=100_000) as source:
        with pytest.raises(TooManyBytesError):
            await source.run(average)


@pytest.mark.parametrize("sizes", [{"block_size": 0}, {"cache_size": 100}, {"max_read_ahead": -1}])
async def test_sizes_that_cannot_be_are_refused(stored: Stored, sizes: dict[str, int]) -> None:
    with pytest.raises(InvalidArgument):
        stored(b"", **sizes)


async def test_small_blocks_and_a_small_cache_give_the_same(stored: Stored) -> None:
    sizes = {"block_size": 10_001, "cache_size": 30_003, "max_read_ahead": 1000}
    async with stored(sample("strips"), **sizes) as source:
        assert await source.thumbnail(100, format=".png") == local_thumbnail("strips")


# -- bad input ---------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b"no picture", b"no picture" * 100_000, bytes(10_000_000)])
async def test_what_is_no_picture_is_told_after_one_block(stored: Stored, data: bytes) -> None:
    async with stored(data) as source:
        with pytest.raises(UnidentifiedImage, match=r"gs://.*/picture"):
            await source.thumbnail(100)
        with pytest.raises(UnidentifiedImage, match=r"gs://.*/picture"):
            await source.run(average)
        assert source.stats.bytes_downloaded <= BLOCK


async def test_what_is_not_there_is_not_found(storage: Storage, gcs_bucket: str) -> None:
    async with Source.new_from_object(storage, gcs_bucket, "nothing") as source:
        for _ in range(2):
            with pytest.raises(NotFound, match=f"gs://{gcs_bucket}/nothing"):
                await source.thumbnail(100)


@pytest.mark.parametrize("name", ["jpeg", "progressive", "png", "strips", "tiles", "webp"])
async def test_half_a_picture_is_damaged(
    stored: Stored, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    data = sample(name)
    async with stored(data[: len(data) // 2]) as source:
        # A TIFF's directory is at its end: nothing tells that this is one.
        expected = UnidentifiedImage if name in {"strips", "tiles"} else DamagedImage
        with pytest.raises(expected, match=r"gs://.*/picture"):
            await source.thumbnail(100)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["progressive", "webp"])
async def test_a_picture_that_needs_too_much_memory_is_refused_by_its_header(
    stored: Stored, name: str
) -> None:
    async with stored(sample(name)) as source:
        with pytest.raises(ImageTooLarge):
            await source.thumbnail(100, max_memory_pixels=600_000)
        # A WebP's orientation is at its end.
        assert source.stats.bytes_downloaded <= (2 * BLOCK if name == "webp" else BLOCK)
        assert await source.thumbnail(100, max_memory_pixels=630_000)


async def test_a_header_that_announces_too_much_is_refused_before_a_pixel(stored: Stored) -> None:
    async with stored(announcing(sample("jpeg"), 65_500, 65_500)) as source:
        with pytest.raises(ImageTooLarge, match="more than the 1000000000 allowed") as caught:
            await source.thumbnail(100)
        assert source.stats.bytes_downloaded <= BLOCK
        target = Target.new_to_memory()
        with pytest.raises(ImageTooLarge, match="65500 x 65500"):
            await transform(source, target, lambda image: image, format=".png")
        assert caught.value.max_pixels == 1_000_000_000


async def test_the_last_pixel_that_is_allowed(stored: Stored) -> None:
    async with stored(sample("jpeg")) as source:
        with pytest.raises(ImageTooLarge):
            await source.thumbnail(100, max_pixels=629_999)
        assert await source.thumbnail(100, max_pixels=630_000)
        with pytest.raises(InvalidArgument, match="max_pixels"):
            await source.thumbnail(100, max_pixels=0)


async def test_a_format_that_only_libvips_knows_is_limited_too(stored: Stored) -> None:
    async with stored(DRAWING) as source:
        for limits in ({"max_memory_pixels": 599}, {"max_pixels": 599, "max_memory_pixels": None}):
            with pytest.raises(ImageTooLarge, match="30 x 20 pixels are more than the 599"):
                await source.thumbnail(10, untrusted=True, **limits)
        assert await source.thumbnail(10, format=".png", max_memory_pixels=600, untrusted=True)


@pytest.mark.parametrize("data", [DRAWING, b"2 2\n1 2\n3 4\n"], ids=["svg", "text"])
async def test_loaders_that_are_not_for_strangers_are_asked_for(
    stored: Stored, data: bytes
) -> None:
    async with stored(data) as source:
        with pytest.raises(UnidentifiedImage, match="untrusted=True"):
            await source.thumbnail(10)
        target = Target.new_to_memory()
        with pytest.raises(UnidentifiedImage, match="untrusted=True"):
            await transform(source, target, lambda image: image, format=".png")
        target = Target.new_to_memory()
        await transform(source, target, lambda image: image, format=".png", untrusted=True)
        assert target.getvalue().startswith(b"\x89PNG")


@pytest.mark.parametrize("size", [(0, None), (-5, None), (10, 0), (10_000_001, None), (10, -1)])
async def test_a_box_that_cannot_be_is_refused_without_a_request(
    stored: Stored, size: tuple[int, int | None], gcs: EmulatorHandle
) -> None:
    async with stored(sample("jpeg")) as source:
        with pytest.raises(InvalidArgument, match="pixels"):
            await source.thumbnail(size[0], height=size[1])
    assert len(gcs.log) == 0


async def test_an_async_function_is_not_for_run() -> None:
    async def never(_: object) -> None:
        raise AssertionError

    async with Source.new_from_memory(sample("jpeg")) as source:
        with pytest.raises(TypeError, match="plain function"):
            assert await source.run(never) is None


async def test_a_format_that_nothing_writes_is_refused_without_a_request(
    stored: Stored, gcs: EmulatorHandle
) -> None:
    async with stored(sample("jpeg")) as source:
        for text in (".v", ".vips", ".nothing", "jpg", ""):
            with pytest.raises(UnsupportedFormat):
                await source.thumbnail(100, format=text)
    assert len(gcs.log) == 0


async def test_a_wrong_option_of_the_saver_is_no_damage(stored: Stored) -> None:
    async with stored(sample("jpeg")) as source:
        with pytest.raises(UnsupportedFormat, match="nonsense"):
            await source.thumbnail(100, nonsense=1)
        with pytest.raises(UnsupportedFormat, match="nonsense"):
            await source.thumbnail(100, format=".png[nonsense=1]")


# -- objects that come from front to back ------------------------------------------------------


@pytest.mark.parametrize("name", ["jpeg", "png", "strips", "tiles"])
async def test_stored_gzip_is_read_decompressed(stored: Stored, name: str) -> None:
    data = gzip.compress(sample(name), 1)
    async with stored(data, {"contentEncoding": "gzip"}) as source:
        assert await source.thumbnail(100, format=".png") == local_thumbnail(name)
        assert await source.run(average) == pytest.approx(picture().avg(), abs=1.5)


async def test_what_cannot_be_read_again_is_limited(stored: Stored) -> None:
    data = gzip.compress(sample("png"), 1)
    limit = {"max_unseekable": 200_000}
    async with stored(data, {"contentEncoding": "gzip"}, **limit) as source:
        with pytest.raises(UnseekableTooLarge, match="max_unseekable=200000"):
            await source.run(average)


# -- runs --------------------------------------------------------------------------------------


async def test_an_image_is_not_to_be_returned(stored: Stored) -> None:
    async with stored(sample("jpeg")) as source:
        with pytest.raises(TypeError, match="bytes or numbers"):
            await source.run(lambda given: pyvips.Image.new_from_source(given, ""))


async def test_an_image_that_leaks_is_told_and_does_not_hang(
    stored: Stored, capfd: pytest.CaptureFixture[str]
) -> None:
    leaked: list[Any] = []

    def leak(given: pyvips.Source) -> None:
        leaked.append(pyvips.Image.new_from_source(given, "", fail_on="error"))

    async with stored(sample("png")) as source:
        await source.run(leak)
        with pytest.raises(pyvips.Error):
            leaked[0].avg()
        with pytest.raises(OutsideRunError, match=r"gs://.*/picture"):
            await source.thumbnail(100)  # the next run says it
        await source.run(leak)
        with pytest.raises(pyvips.Error):
            leaked[1].avg()
        with pytest.raises(OutsideRunError):  # and so does the end of the block
            await source.__aexit__(None, None, None)
    assert capfd.readouterr() == ("", "")


async def test_what_the_function_raises_comes_through(stored: Stored) -> None:
    class OwnError(BaseException):
        pass

    def fail(_: pyvips.Source) -> None:
        raise OwnError

    def stop(_: pyvips.Source) -> None:
        raise StopIteration

    async with stored(sample("jpeg")) as source:
        with pytest.raises(OwnError):
            await source.run(fail)
        with pytest.raises(RuntimeError, match="StopIteration"):
            await source.run(stop)
        assert await source.thumbnail(100, format=".png") == local_thumbnail("jpeg")


async def test_cancelling_ends_the_reading_at_once(
    stored: Stored, gcs: EmulatorHandle, capfd: pytest.CaptureFixture[str]
) -> None:
    gcs.arm_next(GET, "pass", "stall-for-60s-after-64K")
    source = stored(sample("png"))
    task = asyncio.create_task(source.run(average))
    await until(lambda: source.stats.callbacks > 16, lambda: "it does not read")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await source.close()
    assert capfd.readouterr() == ("", "")


async def test_cancelling_ends_the_computing(stored: Stored) -> None:
    begun = threading.Event()

    def compute(given: pyvips.Source) -> float:
        from storage_stream.media import cancellable  # noqa: PLC0415 - as a user would in a worker

        image = pyvips.Image.new_from_source(given, "", fail_on="error").copy_memory()
        slow = image.resize(60, kernel="lanczos3").gaussblur(20)
        begun.set()
        return float(cancellable(slow).avg())

    source = stored(sample("jpeg"))
    task = asyncio.create_task(source.run(compute))
    await until(begun.is_set, lambda: "it does not compute")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await source.close()


async def test_a_time_limit_ends_it(stored: Stored, gcs: EmulatorHandle) -> None:
    gcs.arm_next(GET, "pass", "stall-for-60s-after-64K")
    async with stored(sample("png")) as source:
        with pytest.raises(TimeoutError):
            await source.run(average, timeout=0.2)


async def test_bytes_that_do_not_come_are_an_error(stored: Stored, gcs: EmulatorHandle) -> None:
    gcs.arm_next(GET, "pass", *["stall-for-60s-after-64K"] * 3)
    async with stored(sample("png"), timeout=0.3, retries=0) as source:
        with pytest.raises(RequestTimeout):
            await source.run(average)


async def test_closing_the_source_ends_its_runs(stored: Stored, gcs: EmulatorHandle) -> None:
    gcs.arm_next(GET, "pass", "stall-for-60s-after-64K")
    source = stored(sample("png"))
    task = asyncio.create_task(source.run(average))
    await until(lambda: source.stats.callbacks > 16, lambda: "it does not read")
    await source.close()
    with pytest.raises(StreamClosed):
        await task
    with pytest.raises(StreamClosed):
        await source.thumbnail(100)


async def test_closing_the_client_ends_them_too(
    gcs: EmulatorHandle, gcs_bucket: str, capfd: pytest.CaptureFixture[str]
) -> None:
    gcs.put(gcs_bucket, "picture", sample("png"))
    gcs.arm_next(GET, "pass", "stall-for-60s-after-64K")
    async with Storage() as storage:
        source = Source.new_from_object(storage, gcs_bucket, "picture")
        task = asyncio.create_task(source.run(average))
        await until(lambda: source.stats.callbacks > 16, lambda: "it does not read")
    with pytest.raises(ClientClosed):
        await task
    with pytest.raises(ClientClosed):
        await source.thumbnail(100)
    assert capfd.readouterr() == ("", "")


async def test_a_source_that_is_being_opened_can_be_closed(
    stored: Stored, gcs: EmulatorHandle
) -> None:
    gcs.arm_next(GET, "stall-for-60s-after-0K")
    source = stored(sample("png"))
    task = asyncio.create_task(source.run(average))
    await until(lambda: gcs.open_connections > 0, lambda: "it does not ask")
    await source.close()
    with pytest.raises(StreamClosed):
        await task


async def test_libvips_keeps_operations_but_not_the_bytes(stored: Stored) -> None:
    blocks = []
    for name in ("jpeg", "progressive", "png", "webp"):
        source = stored(sample(name))
        await source.thumbnail(61)
        with pytest.raises(ZeroDivisionError):
            await source.run(lambda given: pyvips.Image.new_from_source(given, "").avg() / 0)
        blocks.append(weakref.ref(source._input._blocks))  # type: ignore[attr-defined] # an object's
        del source

    def are_gone() -> bool:
        gc.collect()
        return [each() for each in blocks] == [None] * 4

    # The loop and the thread hold the last result for a moment.
    await until(are_gone, lambda: "somebody holds them")
    assert len(vips._kept) > 0


@pytest.mark.parametrize("name", ["", "a\rb", "."])
async def test_names_that_cannot_be_are_refused_at_once(
    storage: Storage, gcs_bucket: str, name: str
) -> None:
    with pytest.raises(InvalidName):
        Source.new_from_object(storage, gcs_bucket, name)


# -- files in runs -----------------------------------------------------------------------------


async def test_pillow_reads_by_a_file(stored: Stored) -> None:
    def shrunk(file: BinaryIO) -> tuple[int, int]:
        with PIL.Image.open(file) as image:
            image.draft("RGB", (100, 100))
            return image.size

    async with stored(sample("jpeg")) as source:
        assert await source.run_reader(shrunk) == (225, 175)
        assert source.stats.bytes_downloaded == BLOCK


async def test_a_reader_is_a_file_of_its_own(stored: Stored) -> None:
    data = sample("jpeg")

    async with stored(data) as source:

        def read(_: pyvips.Source) -> list[bytes]:
            one, other = source.reader(), source.reader()
            with pytest.raises(OSError, match="before its beginning"):
                other.seek(-1)
            return [one.read(10) or b"", other.read(4) or b""]

        with pytest.raises(OSError, match="before its beginning"):
            await source.run(read)  # what a reader raised counts, whoever caught it
        with pytest.raises(OutsideRunError):
            source.reader()

        def seek(_: pyvips.Source) -> list[Any]:
            file = source.reader()
            return [file.seek(-5, os.SEEK_END), file.read(), file.seek(len(data) + 9), file.read()]

        assert await source.run(seek) == [len(data) - 5, data[-5:], len(data) + 9, b""]


async def test_what_a_reader_met_is_raised_though_it_was_swallowed(
    stored: Stored, gcs: EmulatorHandle
) -> None:
    def read(file: BinaryIO) -> str:
        try:
            _read_all(file)
        except Exception as error:  # noqa: BLE001 - as many libraries do
            return type(error).__name__
        return "all"

    gcs.arm_next(GET, "pass", "return-404")
    async with stored(sample("jpeg")) as source:
        with pytest.raises(Exception, match="overwritten or deleted"):
            await source.run_reader(read)


# -- other sources -----------------------------------------------------------------------------


async def test_memory_files_and_descriptors(tmp_path: Path) -> None:
    data = sample("tiles")
    path = tmp_path / "picture.tif"
    path.write_bytes(data)
    descriptor = os.open(path, os.O_RDONLY)
    kinds = {
        "memory": Source.new_from_memory(bytearray(data)),
        str(path): Source.new_from_file(path),
        "descriptor": Source.new_from_descriptor(descriptor),
    }
    os.close(descriptor)
    for nick, source in kinds.items():
        assert source.nick() == nick
        assert source.filename() == (str(path) if nick == str(path) else "")
        async with source:
            for _ in range(2):
                assert await source.thumbnail(100, format=".png") == local_thumbnail("tiles")
            assert await source.run(average) > 0
            assert await source.run_reader(lambda file: len(_read_all(file))) == len(data)


async def test_a_pipe_is_read_once() -> None:
    reading, writing = os.pipe()
    data = sample("png")
    sender = asyncio.create_task(asyncio.to_thread(_write_all, writing, data))
    async with Source.new_from_descriptor(reading) as source:
        os.close(reading)
        assert await source.thumbnail(100, format=".png") == local_thumbnail("png")
    await sender


def _write_all(descriptor: int, data: bytes) -> None:
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


async def test_local_input_that_is_wrong(tmp_path: Path) -> None:
    async with Source.new_from_file(tmp_path / "nothing.jpg") as source:
        with pytest.raises(FileNotFoundError):
            await source.thumbnail(100)
        with pytest.raises(FileNotFoundError):
            await source.run(average)
    async with Source.new_from_memory(b"nothing") as source:
        with pytest.raises(UnidentifiedImage, match="memory"):
            await source.thumbnail(100)
    with pytest.raises(OSError, match="descriptor"):
        Source.new_from_descriptor(9999)
    with pytest.raises(TypeError, match="text"):
        Source.new_from_file(b"bytes")  # type: ignore[arg-type] # what is wrong here


def _read_all(file: BinaryIO) -> bytes:
    data = file.read(1 << 30)  # one read gives all
    assert file.read(1) == b""
    return data


class Handlers:
    """What reads bytes for a `SourceCustom`, and may fail."""

    def __init__(self, data: bytes) -> None:
        self.file = io.BytesIO(data)

    def read(self, size: int) -> bytes:
        return self.file.read(size)

    def seek(self, offset: int, whence: int) -> int:
        return self.file.seek(offset, whence)

    async def async_read(self, size: int) -> bytes:
        await asyncio.sleep(0)
        return self.file.read(size)

    async def async_seek(self, offset: int, whence: int) -> int:
        await asyncio.sleep(0)
        return self.file.seek(offset, whence)


@pytest.mark.parametrize("name", ["jpeg", "png", "strips", "tiles", "webp"])
@pytest.mark.parametrize("kind", ["plain", "async", "unseekable", "async-unseekable"])
async def test_functions_of_the_callers(name: str, kind: str) -> None:
    handlers = Handlers(sample(name))
    source = SourceCustom()
    assert (source.filename(), source.nick()) == ("", "custom")
    is_async = kind.startswith("async")
    source.on_read(handlers.async_read if is_async else handlers.read)
    if not kind.endswith("unseekable"):
        source.on_seek(handlers.async_seek if is_async else handlers.seek)
    async with source:
        assert await source.thumbnail(100, format=".png") == local_thumbnail(name)
        if not kind.endswith("unseekable"):
            assert await source.thumbnail(100, format=".png") == local_thumbnail(name)
            both = await asyncio.gather(source.run(average), source.run(average))
            assert both[0] == both[1]


async def test_a_header_then_the_picture_of_what_cannot_seek() -> None:
    source = SourceCustom()
    source.on_read(Handlers(sample("jpeg")).read)
    async with source:
        header = await source.run(
            lambda given: pyvips.Image.new_from_source(given, "", fail_on="error").width
        )
        assert header == 900
        assert await source.thumbnail(100, format=".png") == local_thumbnail("jpeg")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (lambda size: b"x" * (size + 1), ValueError),
        (lambda _: "text", TypeError),
        (lambda _: 7, TypeError),
        (lambda _: 1 / 0, ZeroDivisionError),
        (lambda _: (_ for _ in ()).throw(KeyboardInterrupt), KeyboardInterrupt),
    ],
    ids=["too-much", "text", "number", "raises", "interrupt"],
)
async def test_functions_that_are_wrong_are_told(
    given: Callable[[int], Any],
    expected: type[BaseException],
    capfd: pytest.CaptureFixture[str],
) -> None:
    source = SourceCustom()
    source.on_read(given)
    async with source:
        with pytest.raises(expected):
            await source.run(average)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("given", "expected"),
    [("here", TypeError), (1.5, TypeError), (-1, OSError), (1 << 63, OSError)],
)
async def test_a_seek_function_that_is_wrong_is_told(
    given: Any, expected: type[Exception], capfd: pytest.CaptureFixture[str]
) -> None:
    handlers = Handlers(sample("tiles"))
    source = SourceCustom()
    source.on_read(handlers.read)
    source.on_seek(lambda _, __: given)
    async with source:
        with pytest.raises(expected, match="position"):
            await source.run(average)
    assert capfd.readouterr() == ("", "")


async def test_bytes_of_any_kind_and_none_at_the_end() -> None:
    handlers = Handlers(sample("png"))
    kinds = [bytearray, memoryview, bytes]

    def read(size: int) -> Any:
        data = handlers.read(min(size, 777))
        kinds.append(kinds.pop(0))
        return kinds[0](data) if data else None

    source = SourceCustom()
    source.on_read(read)
    async with source:
        assert await source.thumbnail(100, format=".png") == local_thumbnail("png")


async def test_an_async_function_that_never_ends_is_an_error() -> None:
    async def never(_: int) -> bytes:
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return] # never

    source = SourceCustom(timeout=0.1)
    source.on_read(never)
    async with source:
        with pytest.raises(RequestTimeout):
            await source.run(average)


async def test_a_source_without_a_read_function_says_so() -> None:
    async with SourceCustom() as source:
        with pytest.raises(StreamClosed, match="on_read"):
            await source.thumbnail(100)


async def test_orientation_is_applied(stored: Stored) -> None:
    turned = picture().copy()
    turned.set_type(pyvips.GValue.gint_type, "orientation", 6)
    data = turned.write_to_buffer(".jpg")
    async with stored(data) as source:
        small = await source.thumbnail(100, format=".png")
    assert small == thumbnail_of(data)
    image = pyvips.Image.new_from_buffer(small, "")
    assert image.height > image.width


async def test_a_box_of_two_sides(stored: Stored) -> None:
    async with stored(encoded(".png")) as source:
        image = pyvips.Image.new_from_buffer(
            await source.thumbnail(500, height=70, format=".png"), ""
        )
    assert (image.width, image.height) == (90, 70)
