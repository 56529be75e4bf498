"""Targets: what is written is there as a whole, or not at all."""

import asyncio
import hashlib
import io
import os
import threading
import zipfile
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pyvips
from leaks import names_in, until
from vips_samples import BLOCK, GET, encoded, picture, sample

from storage_stream import Preconditions, Storage
from storage_stream.errors import (
    ClientClosed,
    InvalidArgument,
    InvalidName,
    PreconditionFailed,
    ServerError,
    UsageError,
)
from storage_stream.media import (
    ImageTooLarge,
    Source,
    SpoolTooSmall,
    Target,
    TargetCustom,
    UnidentifiedImage,
    UnsupportedFormat,
    transform,
)
from storage_stream.testing.emulator_handle import EmulatorHandle

INSERT = "storage.objects.insert"
CHUNK = 256 * 1024

SAVERS: list[tuple[str, dict[str, Any], str]] = [
    (".jpg", {}, "image/jpeg"),
    (".png", {"compression": 1}, "image/png"),
    (".webp", {"effort": 0}, "image/webp"),
    (".gif", {"effort": 1}, "image/gif"),
    (".avif", {"effort": 0}, "image/avif"),
    (".tif", {}, "image/tiff"),
    (".tif", {"tile": True}, "image/tiff"),
    (".tif", {"tile": True, "pyramid": True}, "image/tiff"),
    (".tif", {"tile": True, "pyramid": True, "subifd": True}, "image/tiff"),
    (".tif", {"bigtiff": True}, "image/tiff"),
    (".csv", {}, "text/csv"),
    (".raw", {}, "application/octet-stream"),
]


def unchanged(image: Any) -> Any:
    return image


@pytest.fixture
def source(storage: Storage, gcs: EmulatorHandle, gcs_bucket: str) -> Source:
    gcs.put(gcs_bucket, "from", encoded(".png", compression=1))
    gcs.log.clear()
    # In several requests, so that there is a middle.
    return Source.new_from_object(storage, gcs_bucket, "from", retries=0, max_read_ahead=2 * BLOCK)


def new_target(storage: Storage, bucket: str, **options: Any) -> Target:
    return Target.new_to_object(storage, bucket, "to", **options)


@pytest.mark.parametrize(("suffix", "options", "content_type"), SAVERS)
async def test_every_saver_writes_the_bytes_that_it_writes_locally(
    storage: Storage,
    gcs: EmulatorHandle,
    gcs_bucket: str,
    source: Source,
    suffix: str,
    options: dict[str, Any],
    content_type: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    band = suffix == ".csv"  # which holds one only

    def taken(image: Any) -> Any:
        return image[0] if band else image

    async with source:
        target = new_target(storage, gcs_bucket, chunk_size=CHUNK)
        made = await transform(source, target, taken, format=suffix, **options)
    stored = gcs.read(gcs_bucket, "to")
    assert stored == taken(picture()).write_to_buffer(suffix, **options)
    assert (made["name"], made["size"]) == ("to", str(len(stored)))
    if suffix != ".raw":  # which no table of types knows
        assert made["contentType"] == content_type
    assert target.resource == made
    assert gcs.unfinished_sessions == 0
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("suffix", "options"), [(".dz", {"container": "zip"}), (".szi", {})])
async def test_a_pyramid_of_many_files_is_one_archive(
    storage: Storage,
    gcs: EmulatorHandle,
    gcs_bucket: str,
    source: Source,
    suffix: str,
    options: dict[str, Any],
) -> None:
    async with source:
        await transform(
            source, new_target(storage, gcs_bucket), unchanged, format=suffix, **options
        )
    stored, local = gcs.read(gcs_bucket, "to"), picture().write_to_buffer(suffix, **options)
    ours, theirs = (zipfile.ZipFile(io.BytesIO(data)) for data in (stored, local))
    assert ours.testzip() is None
    # Its threads write the tiles in any order.
    tiles = {each: ours.read(each) for each in ours.namelist() if each.endswith(".jpeg")}
    assert tiles == {
        each: theirs.read(each) for each in theirs.namelist() if each.endswith(".jpeg")
    }
    assert len(tiles) > 10


async def test_a_large_picture_goes_out_while_it_is_computed(
    storage: Storage, gcs: EmulatorHandle, gcs_bucket: str
) -> None:
    # So high that libvips, which reads lines ahead for each processor, is not soon at its end.
    tall = picture(200, 12_000)
    gcs.put(gcs_bucket, "from", tall.write_to_buffer(".png", compression=1))
    gcs.log.clear()
    source = Source.new_from_object(storage, gcs_bucket, "from", max_read_ahead=2 * BLOCK)
    async with source:
        target = new_target(storage, gcs_bucket, chunk_size=CHUNK)
        made = await transform(source, target, unchanged, format=".png", compression=0)
    assert made["md5Hash"] == md5(tall.write_to_buffer(".png", compression=0))
    begun, *chunks = gcs.log.select(operation=INSERT)
    assert "uploadType=resumable" in begun.query
    assert len(chunks) > 2
    assert all(entry.bytes_in % CHUNK == 0 for entry in chunks[:-1])
    order = [entry.operation for entry in gcs.log]
    assert order.index(INSERT) < len(order) - 1 - order[::-1].index(GET)


async def test_a_small_one_goes_out_in_one_request(
    storage: Storage, gcs: EmulatorHandle, gcs_bucket: str
) -> None:
    target = new_target(storage, gcs_bucket, metadata={"metadata": {"by": "us"}})
    result = await target.run(lambda given: picture().write_to_target(given, ".jpg"))
    assert result is None
    assert [entry.method for entry in gcs.log] == ["POST"]
    assert target.resource["metadata"] == {"by": "us"}
    assert gcs.read(gcs_bucket, "to") == picture().write_to_buffer(".jpg")


@pytest.mark.parametrize("text", [".v", ".vips", ".V", ".nothing", "png", "", ".nothing[Q=3]"])
async def test_what_cannot_be_written_is_refused_without_a_request(
    storage: Storage, gcs: EmulatorHandle, gcs_bucket: str, source: Source, text: str
) -> None:
    async with source:
        with pytest.raises(UnsupportedFormat):
            await transform(source, new_target(storage, gcs_bucket), unchanged, format=text)
    assert len(gcs.log) == 0


# -- failures ----------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp"])
async def test_a_source_that_dies_leaves_no_object_and_no_session(
    storage: Storage,
    gcs: EmulatorHandle,
    gcs_bucket: str,
    source: Source,
    suffix: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    gcs.arm_next(GET, *["pass"] * 4, *["return-503"] * 9)
    async with source:
        target = new_target(storage, gcs_bucket, chunk_size=CHUNK)
        with pytest.raises(ServerError):
            await transform(source, target, unchanged, format=suffix)
    assert [each["name"] for each in gcs.objects(gcs_bucket)] == ["from"]
    assert gcs.unfinished_sessions == 0
    with pytest.raises(UsageError):
        _ = target.resource
    assert capfd.readouterr() == ("", "")


async def test_an_upload_that_dies_is_raised_as_it_is(
    storage: Storage,
    gcs: EmulatorHandle,
    gcs_bucket: str,
    source: Source,
    capfd: pytest.CaptureFixture[str],
) -> None:
    gcs.arm_next(INSERT, "pass", "pass", *["return-403"] * 9)
    async with source:
        target = new_target(storage, gcs_bucket, chunk_size=CHUNK)
        with pytest.raises(Exception, match="403"):
            await transform(source, target, unchanged, format=".png", compression=0)
    assert [each["name"] for each in gcs.objects(gcs_bucket)] == ["from"]
    assert capfd.readouterr() == ("", "")


async def test_cancelling_gives_the_upload_up(
    storage: Storage, gcs: EmulatorHandle, gcs_bucket: str, source: Source
) -> None:
    # The upload itself stalls: how far libvips reads ahead of it depends on the processors.
    gcs.arm_next(INSERT, "pass", "stall-for-600s-after-128K")
    target = new_target(storage, gcs_bucket, chunk_size=CHUNK)
    task = asyncio.create_task(transform(source, target, unchanged, format=".png", compression=0))
    await until(lambda: len(gcs.log.select(operation=INSERT)) > 1, lambda: "nothing is uploaded")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await source.close()
    assert gcs.unfinished_sessions == 0
    assert [each["name"] for each in gcs.objects(gcs_bucket)] == ["from"]


async def test_closing_the_client_gives_the_upload_up(gcs: EmulatorHandle, gcs_bucket: str) -> None:
    go_on = threading.Event()

    def save(given: Any) -> None:
        picture().write_to_target(given, ".png", compression=0)
        assert go_on.wait(300)  # until the client is being closed
        picture().write_to_target(given, ".png", compression=0)

    async with Storage() as client:
        task = asyncio.create_task(new_target(client, gcs_bucket, chunk_size=CHUNK).run(save))
        await until(lambda: gcs.unfinished_sessions == 1, lambda: "nothing is uploaded")
        go_on.set()
    with pytest.raises(ClientClosed):
        await task
    assert gcs.unfinished_sessions == 0
    assert gcs.objects(gcs_bucket) == []


async def test_what_the_function_raises_leaves_nothing(
    storage: Storage, gcs: EmulatorHandle, gcs_bucket: str, source: Source
) -> None:
    async with source:
        with pytest.raises(ZeroDivisionError):
            await transform(source, new_target(storage, gcs_bucket), lambda _: 1 / 0, format=".png")
        with pytest.raises(TypeError, match="image, not int"):
            await transform(source, new_target(storage, gcs_bucket), lambda _: 1, format=".png")
        with pytest.raises(UsageError, match="nothing was written"):
            await new_target(storage, gcs_bucket).run(lambda _: None)
    assert [each["name"] for each in gcs.objects(gcs_bucket)] == ["from"]


async def test_bad_sources_leave_nothing(
    storage: Storage, gcs: EmulatorHandle, gcs_bucket: str
) -> None:
    gcs.put(gcs_bucket, "bad", b"no picture")
    gcs.put(gcs_bucket, "large", sample("progressive"))
    async with Source.new_from_object(storage, gcs_bucket, "bad") as bad:
        with pytest.raises(UnidentifiedImage):
            await transform(bad, new_target(storage, gcs_bucket), unchanged, format=".png")
    async with Source.new_from_object(storage, gcs_bucket, "large") as large:
        with pytest.raises(ImageTooLarge):
            await transform(
                large,
                new_target(storage, gcs_bucket),
                unchanged,
                format=".png",
                max_memory_pixels=1000,
            )
    assert {each["name"] for each in gcs.objects(gcs_bucket)} == {"bad", "large"}


async def test_another_object_is_not_replaced(
    storage: Storage, gcs: EmulatorHandle, gcs_bucket: str
) -> None:
    gcs.put(gcs_bucket, "to", b"old")
    with pytest.raises(PreconditionFailed):
        await new_target(storage, gcs_bucket, if_generation_match=0).run(
            lambda given: picture().write_to_target(given, ".jpg")
        )
    assert gcs.read(gcs_bucket, "to") == b"old"
    with pytest.raises(UsageError, match="which"):
        new_target(
            storage,
            gcs_bucket,
            if_generation_match=0,
            preconditions=Preconditions(if_generation_match=1),
        )


async def test_what_cannot_be_is_refused_at_once(storage: Storage, gcs_bucket: str) -> None:
    with pytest.raises(InvalidArgument, match="chunk"):
        new_target(storage, gcs_bucket, chunk_size=1000)
    with pytest.raises(InvalidName):
        Target.new_to_object(storage, gcs_bucket, "")


async def test_a_target_is_written_once(storage: Storage, gcs_bucket: str) -> None:
    target = new_target(storage, gcs_bucket)
    await target.run(lambda given: picture().write_to_target(given, ".jpg"))
    with pytest.raises(UsageError, match="once"):
        await target.run(lambda given: picture().write_to_target(given, ".jpg"))


async def test_a_spool_has_limits(
    storage: Storage, gcs: EmulatorHandle, gcs_bucket: str, tmp_path: Path
) -> None:
    def save(given: Any) -> None:
        picture().write_to_target(given, ".tif")

    with pytest.raises(SpoolTooSmall, match="spool_limit=100000"):
        await new_target(storage, gcs_bucket, spool_limit=100_000).run(save)
    assert gcs.objects(gcs_bucket) == []
    on_disk = new_target(storage, gcs_bucket, spool_memory=1000, spool_dir=tmp_path)
    await on_disk.run(save)
    assert gcs.read(gcs_bucket, "to") == picture().write_to_buffer(".tif")
    assert names_in(tmp_path) == []


# -- other targets -----------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"tile": True, "pyramid": True}])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
async def test_memory_files_and_descriptors(
    tmp_path: Path, suffix: str, options: dict[str, Any]
) -> None:
    options = options if suffix == ".tif" else {}

    def save(given: Any) -> None:
        picture().write_to_target(given, suffix, **options)

    local = picture().write_to_buffer(suffix, **options)
    memory = Target.new_to_memory()
    assert (memory.filename(), memory.nick()) == ("", "memory")
    with pytest.raises(UsageError, match="memory"):
        memory.getvalue()
    await memory.run(save)
    assert memory.getvalue() == local

    path = tmp_path / "picture"
    path.write_bytes(b"old")
    target = Target.new_to_file(path)
    assert (target.filename(), target.nick()) == (str(path), str(path))
    await target.run(save)
    assert path.read_bytes() == local

    descriptor = os.open(tmp_path / "other", os.O_RDWR | os.O_CREAT)
    await Target.new_to_descriptor(descriptor).run(save)
    os.close(descriptor)
    assert (tmp_path / "other").read_bytes() == local
    assert names_in(tmp_path) == ["other", "picture"]


async def test_a_file_survives_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "picture"
    path.write_bytes(b"old")

    def fail(given: Any) -> None:
        picture().write_to_target(given, ".png")
        raise RuntimeError("after it was saved")

    with pytest.raises(RuntimeError):
        await Target.new_to_file(path).run(fail)
    assert path.read_bytes() == b"old"
    assert names_in(tmp_path) == ["picture"]


class Handlers:
    """What writes the bytes of a `TargetCustom`."""

    def __init__(self) -> None:
        self.file = io.BytesIO()
        self.calls: list[str] = []
        self.threads: set[int] = set()

    def write(self, data: bytes) -> int:
        self.threads.add(threading.get_ident())
        return self.file.write(data[:5000])  # a short count is fine

    def read(self, size: int) -> bytes:
        return self.file.read(size)

    def seek(self, offset: int, whence: int) -> int:
        return self.file.seek(offset, whence)

    def end(self) -> None:
        self.calls.append("end")

    def finish(self) -> int:
        self.calls.append("finish")
        return 0


def custom(handlers: Handlers, *, is_async: bool) -> TargetCustom:
    def given(function: Callable[..., Any]) -> Callable[..., Any]:
        async def later(*arguments: Any) -> Any:
            await asyncio.sleep(0)
            return function(*arguments)

        return later if is_async else function

    target = TargetCustom()
    target.on_write(given(handlers.write))
    target.on_read(given(handlers.read))
    target.on_seek(given(handlers.seek))
    target.on_end(given(handlers.end))
    target.on_finish(given(handlers.finish))
    return target


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize(
    ("suffix", "options"), [(".png", {}), (".tif", {"tile": True, "pyramid": True})]
)
async def test_functions_of_the_callers(
    suffix: str,
    options: dict[str, Any],
    is_async: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    handlers = Handlers()
    target = custom(handlers, is_async=is_async)
    assert (target.filename(), target.nick()) == ("", "custom")
    await target.run(lambda given: picture().write_to_target(given, suffix, **options))
    assert handlers.file.getvalue() == picture().write_to_buffer(suffix, **options)
    assert handlers.calls == ["end", "finish"]
    assert (handlers.threads == {threading.get_ident()}) is is_async


async def test_the_end_is_not_told_after_a_failure() -> None:
    handlers = Handlers()
    target = custom(handlers, is_async=False)

    def fail(given: Any) -> None:
        picture().write_to_target(given, ".png")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await target.run(fail)
    assert handlers.calls == []


@pytest.mark.parametrize(
    ("given", "expected", "words"),
    [
        (lambda _: None, TypeError, "not NoneType"),
        (lambda _: "3", TypeError, "not str"),
        (lambda _: 0, OSError, "returned 0"),
        (lambda _: -1, OSError, "returned -1"),
        (lambda data: len(data) + 1, OSError, "and returned"),
        (lambda _: 1 / 0, ZeroDivisionError, "zero"),
    ],
)
async def test_write_functions_that_are_wrong_are_told(
    given: Callable[[bytes], Any],
    expected: type[Exception],
    words: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    target = TargetCustom()
    target.on_write(given)
    with pytest.raises(expected, match=words):
        await target.run(lambda given: picture().write_to_target(given, ".png"))
    assert capfd.readouterr() == ("", "")


async def test_an_end_function_that_fails_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    for given, expected in ((lambda: -1, OSError), (lambda: 1 / 0, ZeroDivisionError)):
        target = TargetCustom()
        target.on_write(len)
        target.on_end(given)
        with pytest.raises(expected):
            await target.run(lambda given: picture().write_to_target(given, ".png"))
    assert capfd.readouterr() == ("", "")


async def test_functions_that_are_missing_are_told() -> None:
    with pytest.raises(UsageError, match="on_write"):
        await TargetCustom().run(lambda _: None)
    target = TargetCustom()
    target.on_write(len)
    with pytest.raises(io.UnsupportedOperation, match="on_seek"):
        await target.run(lambda given: picture().write_to_target(given, ".tif"))


async def test_what_a_write_function_was_given_is_its_own() -> None:
    kept: list[bytes] = []

    def keep(data: bytes) -> int:
        kept.append(data)
        return len(data)

    target = TargetCustom()
    target.on_write(keep)
    await target.run(lambda given: picture().write_to_target(given, ".jpg"))
    assert b"".join(kept) == picture().write_to_buffer(".jpg")


async def test_random_access_is_for_what_turns_the_picture() -> None:
    # So high that its end is behind what libvips keeps, which grows with the processors.
    tall = pyvips.Image.gaussnoise(8, 20_000, seed=1).cast("uchar").copy_memory()

    def flipped(image: Any) -> Any:
        return image.flipver()

    async with Source.new_from_memory(tall.write_to_buffer(".png")) as source:
        with pytest.raises(pyvips.Error):
            await transform(source, Target.new_to_memory(), flipped, format=".png")
        target = Target.new_to_memory()
        assert await transform(source, target, flipped, format=".png", access="random") == {}
    assert target.getvalue() == tall.flipver().write_to_buffer(".png")


def md5(data: bytes) -> str:
    return b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


async def test_a_file_in_a_folder_that_is_not_there(tmp_path: Path) -> None:
    target = Target.new_to_file(tmp_path / "no" / "small.png")
    with pytest.raises(FileNotFoundError):
        await target.run(lambda given: picture().write_to_target(given, ".png"))
