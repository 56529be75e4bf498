"""`probe` against the emulator: what it asks for, and what it makes of odd objects."""

import gzip
from collections.abc import Callable
from typing import Any

import pytest
from cancelling import Moment, cancelled_at
from header_samples import chunk, exif, sample, segments, with_chunks
from scripted_server import ScriptedServer, media, reply

from storage_stream import DownloadRequest, Storage
from storage_stream.errors import InvalidArgument, NotFound, ObjectChanged, ServerError
from storage_stream.media.errors import UnidentifiedImage
from storage_stream.media.probing import probe, probe_file, probe_ranges
from storage_stream.testing import EmulatorHandle

GET = "storage.objects.get"
KIB = 1024


def fetched(gcs: EmulatorHandle) -> tuple[int, int]:
    """Requests, and bytes of their answers."""
    entries = gcs.log.select(operation=GET)
    return len(entries), sum(entry.bytes_out for entry in entries)


@pytest.mark.parametrize(
    "name",
    ["jpeg-exif6", "png-RGB", "gif-animated", "webp-exif6", "tiff-vips-tiles", "bmp-RGB",
     "jp2-RGB", "avif-exif8"],
)  # fmt: skip
async def test_it_asks_for_no_more_than_it_says(
    storage: Storage, gcs: EmulatorHandle, name: str
) -> None:
    data = sample(name)
    gcs.put("bucket", name, data)
    gcs.log.clear()
    info = await probe(storage, "bucket", name)
    known = probe_file(lambda start, length: data[start : start + length], size=len(data))
    assert info == known
    assert fetched(gcs) == (info.requests, info.bytes_read)
    assert info.requests <= 2
    assert info.bytes_read <= 24 * KIB


async def test_all_requests_are_for_one_generation(storage: Storage, gcs: EmulatorHandle) -> None:
    generation = gcs.put("bucket", "a.tif", sample("tiff-lzw"))["generation"]
    gcs.log.clear()
    await probe(storage, "bucket", "a.tif")
    first, second = gcs.log.select(operation=GET)
    assert "generation" not in first.query
    assert f"generation={generation}" in second.query
    assert first.range == "bytes=0-16383"


@pytest.mark.parametrize("count", [7, 11])
async def test_metadata_is_jumped_over(storage: Storage, gcs: EmulatorHandle, count: int) -> None:
    data = segments(sample("jpeg-exif6"), count, 64_400)
    gcs.put("bucket", "a.jpg", data)
    info = await probe(storage, "bucket", "a.jpg")
    assert (info.width, info.height) == (331, 217)
    assert info.requests <= (10 if count == 7 else 13)
    assert info.bytes_read <= 64 * KIB
    assert (await probe(storage, "bucket", "a.jpg", first=1)).width == 331


async def test_many_small_segments_take_few_requests(storage: Storage, gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "a.jpg", segments(sample("jpeg-exif6"), 250, 1800))
    info = await probe(storage, "bucket", "a.jpg")
    assert info.orientation == 6
    assert info.requests <= 10


async def test_a_png_with_much_text(storage: Storage, gcs: EmulatorHandle) -> None:
    text = chunk(b"zTXt", b"t" * 900_000)
    turned = chunk(b"eXIf", exif(6)[6:])
    gcs.put("bucket", "a.png", with_chunks(sample("png-RGB"), text, turned))
    info = await probe(storage, "bucket", "a.png")
    assert info.orientation == 6
    assert info.requests == 2
    assert info.bytes_read <= 24 * KIB


@pytest.mark.parametrize(
    "data", [b"", b"x", b"<html>" * 99, bytes(3_000_000), b"\xff\xd8\xff\xe0"], ids=len
)
async def test_what_is_no_picture(storage: Storage, gcs: EmulatorHandle, data: bytes) -> None:
    gcs.put("bucket", "a.jpg", data)
    gcs.log.clear()
    with pytest.raises(UnidentifiedImage) as caught:
        await probe(storage, "bucket", "a.jpg")
    assert caught.value.subject == "gs://bucket/a.jpg"
    assert str(caught.value).startswith("gs://bucket/a.jpg: ")
    requests, size = fetched(gcs)
    assert requests == 1
    assert size <= 64 * KIB


@pytest.mark.parametrize("name", ["tiff-lzw", "webp-exif6"])
async def test_a_file_that_was_cut(storage: Storage, gcs: EmulatorHandle, name: str) -> None:
    data = sample(name)
    gcs.put("bucket", name, data[: len(data) // 2])
    gcs.log.clear()
    if name == "tiff-lzw":
        with pytest.raises(UnidentifiedImage, match="ends at byte"):
            await probe(storage, "bucket", name)
    else:
        assert (await probe(storage, "bucket", name)).orientation == 1
    assert fetched(gcs)[0] == 1  # nothing is asked for behind the end


async def test_what_is_not_there(storage: Storage, gcs: EmulatorHandle) -> None:
    gcs.create_bucket("bucket")
    with pytest.raises(NotFound) as caught:
        await probe(storage, "bucket", "a.jpg")
    assert caught.value.subject == "gs://bucket/a.jpg"


class Overwriting(Storage):
    """A client beside which somebody overwrites the object after the first answer."""

    gcs: EmulatorHandle
    calls = 0

    def download_stream(self, bucket: str, object_name: str, **options: Any) -> DownloadRequest:
        self.calls += 1
        if self.calls == 2:
            self.gcs.put(bucket, object_name, sample("jpeg-RGB"))
        return super().download_stream(bucket, object_name, **options)


async def test_it_was_overwritten_meanwhile(gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "a.tif", sample("tiff-lzw"))
    async with Overwriting() as client:
        client.gcs = gcs
        with pytest.raises(ObjectChanged) as caught:
            await probe(client, "bucket", "a.tif")
    assert caught.value.subject == "gs://bucket/a.tif"


async def test_a_server_that_gives_another_generation(
    storage_of: Callable[..., Storage],
) -> None:
    data = sample("tiff-lzw")
    answers = [
        reply(media(data, 0, 16 * KIB)),
        reply(media(data, len(data) - 165, generation=2)),
    ]
    async with ScriptedServer(answers) as server, storage_of(server) as client:
        with pytest.raises(ObjectChanged):
            await probe(client, "bucket", "a.tif")


@pytest.mark.parametrize("name", ["jpeg-exif6", "tiff-lzw"])
async def test_a_server_that_knows_no_ranges(storage_of: Callable[..., Storage], name: str) -> None:
    answers = [reply(media(sample(name)))] * 2
    async with ScriptedServer(answers) as server, storage_of(server) as client:
        info = await probe(client, "bucket", name)
    assert info.bytes_read <= 24 * KIB


async def test_one_that_is_no_more_the_live_one(storage: Storage, gcs: EmulatorHandle) -> None:
    gcs.create_bucket("bucket", versioning={"enabled": True})
    old = gcs.put("bucket", "a", sample("tiff-lzw"))["generation"]
    gcs.put("bucket", "a", sample("jpeg-RGB"))
    assert (await probe(storage, "bucket", "a", generation=int(old))).format == "TIFF"
    assert (await probe(storage, "bucket", "a")).format == "JPEG"


@pytest.mark.parametrize("word", ["return-503", "return-broken-stream", "return-reset-connection"])
async def test_a_request_that_fails_is_repeated(
    storage: Storage, gcs: EmulatorHandle, word: str
) -> None:
    gcs.put("bucket", "a.tif", sample("tiff-lzw"))
    gcs.arm_next(GET, word, "pass", word)
    assert (await probe(storage, "bucket", "a.tif")).format == "TIFF"


async def test_the_service_fails_for_good(storage: Storage, gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "a.tif", sample("tiff-lzw"))
    gcs.arm_next(GET, "pass", "return-503")
    with pytest.raises(ServerError):
        await probe(storage, "bucket", "a.tif", retries=0)


@pytest.mark.parametrize("name", ["jpeg-exif6", "bmp-RGB", "tiff-lzw"])
async def test_stored_as_gzip(storage: Storage, gcs: EmulatorHandle, name: str) -> None:
    gcs.put("bucket", name, gzip.compress(sample(name)), contentEncoding="gzip")
    info = await probe(storage, "bucket", name)
    assert (info.width, info.height) == (331, 217)
    assert info.requests == 2
    assert info.bytes_read > 0
    if name == "tiff-lzw":
        with pytest.raises(UnidentifiedImage, match=r"gs://bucket/tiff-lzw: .* within 32768"):
            await probe(storage, "bucket", name, max_bytes=32 * KIB)


async def test_a_header_that_needs_more_than_is_allowed(
    storage: Storage, gcs: EmulatorHandle
) -> None:
    gcs.put("bucket", "a.jpg", segments(sample("jpeg-RGB"), 9))
    gcs.log.clear()
    with pytest.raises(UnidentifiedImage, match=r"gs://bucket/a\.jpg: .* within 20000 bytes"):
        await probe(storage, "bucket", "a.jpg", max_bytes=20_000)
    assert fetched(gcs)[1] <= 20_000


@pytest.mark.parametrize("limits", [{"first": 0}, {"max_bytes": 0}, {"first": -5}])
async def test_limits_are_positive(storage: Storage, limits: dict[str, int]) -> None:
    with pytest.raises(InvalidArgument):
        await probe(storage, "bucket", "a.jpg", **limits)  # type: ignore[arg-type] # two numbers


async def test_any_reader_of_ranges_will_do() -> None:
    data = sample("tiff-lzw")

    class Memory:
        asked: list[tuple[int, int]]

        def __init__(self) -> None:
            self.asked = []

        async def read_range(self, start: int, length: int) -> bytes:
            self.asked.append((start, length))
            return data[start : start + length]

    memory = Memory()
    info = await probe_ranges(memory, size=len(data))
    assert info.format == "TIFF"
    assert len(memory.asked) == info.requests == 2
    assert sum(memory.asked[-1]) <= len(data)
    assert (await probe_ranges(Memory())).width == info.width


@pytest.mark.parametrize("moment", Moment)
async def test_cancelling_leaves_nothing(
    storage: Storage, gcs: EmulatorHandle, moment: Moment
) -> None:
    gcs.put("bucket", "a.tif", sample("tiff-lzw"))
    for k in range(30):
        if not await cancelled_at(probe(storage, "bucket", "a.tif"), k, moment):
            break
    else:
        pytest.fail("it never ended")
