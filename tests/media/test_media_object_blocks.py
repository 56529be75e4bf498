"""Objects read in any order: every byte is the object's, however little is held."""

import asyncio
import io
import random
import threading
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import Any, BinaryIO

import pytest
from leaks import nothing_under_way, until
from sample_data import encoded_crc32c
from scripted_server import Answer, Asked, Line, ScriptedServer, chunked, head, media_head
from vips_samples import BLOCK, GET, local_thumbnail, sample

from storage_stream import Storage
from storage_stream.errors import (
    InvalidArgument,
    ObjectChanged,
    ServerError,
    TruncatedStream,
)
from storage_stream.media import Source, UnseekableTooLarge
from storage_stream.testing.emulator_handle import EmulatorHandle

DATA = random.Random(5).randbytes(300_007)  # noqa: S311 - not secret


def read_about(seed: int, file: BinaryIO) -> int:
    """Read as no decoder does, beside a file that holds the same; how many bytes there were."""
    chance = random.Random(seed)  # noqa: S311 - not secret
    beside = io.BytesIO(DATA)
    total = 0
    for _ in range(150):
        act = chance.random()
        if act < 0.4:
            place = (chance.randrange(-400_000, 400_000), chance.randrange(3))
            try:
                expected = beside.seek(*place)
            except ValueError:
                continue
            if sum(place[:1]) < 0 and expected == 0:
                beside.seek(0)
                file.seek(0)
                continue
            assert file.seek(*place) == expected
        size = chance.choice([1, 100, 4096, 20_000])
        data = file.read(size)
        assert data == beside.read(size)
        total += len(data)
    return total


@pytest.mark.parametrize(
    "sizes",
    [
        {},
        {"block_size": 1000, "cache_size": 1000, "max_read_ahead": 0},
        {"block_size": 4099, "cache_size": 20_000, "max_read_ahead": 10_000},
        {"block_size": 300_007, "cache_size": 300_007, "max_read_ahead": 10**9},
    ],
)
async def test_any_order_gives_the_bytes_of_the_object(
    storage: Storage, gcs: EmulatorHandle, gcs_bucket: str, sizes: dict[str, Any]
) -> None:
    gcs.put(gcs_bucket, "data", DATA)
    gcs.arm_next(GET, "pass", "drop-at-100000", "return-503", "drop-at-200000")
    async with Source.new_from_object(storage, gcs_bucket, "data", **sizes) as source:
        totals = await asyncio.gather(
            *(source.run_reader(partial(read_about, seed)) for seed in range(3))
        )
        assert min(totals) > 100_000
        stats = source.stats
        assert stats.unique_bytes <= len(DATA)
        assert stats.callbacks >= stats.cache_hits


async def test_what_was_only_read_ahead_may_fail(
    storage: Storage, gcs: EmulatorHandle, gcs_bucket: str
) -> None:
    gcs.put(gcs_bucket, "data", DATA)
    words = ["pass", "drop-at-140000"]  # in the second of the two blocks of the second request
    gcs.arm_next(GET, *words)

    def read(file: BinaryIO) -> bytes:
        return file.read(2 * BLOCK)

    async with Source.new_from_object(storage, gcs_bucket, "data", retries=0) as source:
        assert await source.run_reader(read) == DATA[: 2 * BLOCK]


async def test_the_next_request_is_made_before_it_is_missed(
    storage: Storage, gcs: EmulatorHandle, gcs_bucket: str
) -> None:
    gcs.put(gcs_bucket, "data", DATA)
    gcs.log.clear()
    go_on = threading.Event()

    def read(file: BinaryIO) -> bytes:
        data = file.read(4096 * (1 + 2 + 4 + 6))  # three quarters of the request for 8 blocks
        assert len(gcs.log) == 4
        data += file.read(1)
        assert go_on.wait(300)
        return data + file.read(10**9)

    sizes: dict[str, Any] = {"block_size": 4096, "cache_size": 1 << 20}
    async with Source.new_from_object(storage, gcs_bucket, "data", **sizes) as source:
        reading = asyncio.create_task(source.run_reader(read))
        await until(lambda: len(gcs.log) > 4, lambda: "it waits until bytes are missed")
        go_on.set()
        assert await reading == DATA
        assert source.stats.bytes_downloaded == len(DATA)


async def test_what_was_being_read_ahead_ends_with_the_run(
    storage: Storage, gcs: EmulatorHandle, gcs_bucket: str
) -> None:
    gcs.put(gcs_bucket, "data", DATA)
    gcs.arm_next(GET, *["pass"] * 4, "stall-for-60s-after-70K")

    def read(file: BinaryIO) -> int:
        return len(file.read(4096 * 14))

    sizes: dict[str, Any] = {"block_size": 4096, "cache_size": 1 << 20}
    source = Source.new_from_object(storage, gcs_bucket, "data", **sizes)
    assert await source.run_reader(read) == 4096 * 14
    await nothing_under_way(storage)


async def test_a_failure_is_over_when_the_next_run_reads(
    storage: Storage, gcs: EmulatorHandle, gcs_bucket: str
) -> None:
    gcs.put(gcs_bucket, "data", DATA)
    gcs.arm_next(GET, "pass", "return-503")
    async with Source.new_from_object(storage, gcs_bucket, "data", retries=0) as source:
        with pytest.raises(ServerError):
            await source.run_reader(lambda file: file.read(10**9))
        assert await source.run_reader(lambda file: file.read(10**9)) == DATA


async def test_an_empty_object_has_no_bytes(
    storage: Storage, gcs: EmulatorHandle, gcs_bucket: str
) -> None:
    gcs.put(gcs_bucket, "data", b"")
    async with Source.new_from_object(storage, gcs_bucket, "data") as source:
        assert await source.run_reader(lambda file: (file.read(9), file.seek(0, 2))) == (b"", 0)


async def test_a_generation_that_is_asked_for_is_read(
    storage: Storage, gcs: EmulatorHandle
) -> None:
    gcs.create_bucket("versions", versioning={"enabled": True})
    old = gcs.put("versions", "data", DATA)
    gcs.put("versions", "data", b"new")
    async with Source.new_from_object(
        storage, "versions", "data", generation=int(old["generation"])
    ) as source:
        assert await source.run_reader(lambda file: file.read(10**9)) == DATA
    with pytest.raises(InvalidArgument):
        async with Source.new_from_object(storage, "versions", "data", generation=-1) as source:
            await source.run_reader(lambda file: file.read(1))


# -- servers that do less ----------------------------------------------------------------------


def everything(data: bytes) -> Answer:
    """The whole object, whatever range was asked for."""

    async def send(_: Asked, line: Line) -> None:
        await line.send(media_head(data, length=len(data)) + data)

    return send


def unknown_length(data: bytes) -> Answer:
    """The whole object in chunks: nobody says how much it is."""

    async def send(_: Asked, line: Line) -> None:
        lines = ["Transfer-Encoding: chunked", f"x-goog-hash: crc32c={encoded_crc32c(data)}"]
        await line.send(head(200, *lines) + chunked(data))

    return send


def without_generation(data: bytes, *, second: bytes | None = None) -> Answer:
    """Ranges of an object of which only the entity tag is told."""
    asked: list[int] = []

    async def send(request: Asked, line: Line) -> None:
        asked.append(1)
        now = data if second is None or len(asked) == 1 else second
        start, _, last = request.headers["range"].removeprefix("bytes=").partition("-")
        part = now[int(start) : int(last) + 1]
        told = f"Content-Range: bytes {start}-{int(start) + len(part) - 1}/{len(now)}"
        lines = [told, f'ETag: "{hash(now)}"', f"Content-Length: {len(part)}"]
        await line.send(head(206, *lines) + part)

    return send


@pytest.mark.parametrize("answer", [everything, unknown_length])
@pytest.mark.parametrize("name", ["jpeg", "tiles"])
async def test_a_server_without_ranges_is_read_from_front_to_back(
    storage_of: Callable[..., Storage], answer: Callable[[bytes], Answer], name: str
) -> None:
    async with ScriptedServer([answer(sample(name))]) as server, storage_of(server) as storage:
        async with Source.new_from_object(storage, "bucket", "name") as source:
            assert await source.thumbnail(100, format=".png") == local_thumbnail(name)
        limit: dict[str, Any] = {"max_unseekable": 200_000}
        async with Source.new_from_object(storage, "bucket", "name", **limit) as source:
            with pytest.raises(UnseekableTooLarge, match="gs://bucket/name"):
                await source.thumbnail(100)


async def test_a_server_without_ranges_may_send_all_of_a_small_object(
    storage_of: Callable[..., Storage],
) -> None:
    async with (
        ScriptedServer([everything(b"small")]) as server,
        storage_of(server) as storage,
        Source.new_from_object(storage, "bucket", "name") as source,
    ):
        assert await source.run_reader(lambda file: (file.seek(-2, 2), file.read())) == (3, b"ll")
    assert len(server.asked) == 1


def less_than_asked(data: bytes) -> Answer:
    """Ranges that begin as asked, and end early; the headers agree with the body."""

    async def send(request: Asked, line: Line) -> None:
        start = int(request.headers["range"].removeprefix("bytes=").partition("-")[0])
        part = data[start : start + (BLOCK if start == 0 else 1000)]
        told = f"Content-Range: bytes {start}-{start + len(part) - 1}/{len(data)}"
        await line.send(media_head(data, status=206, length=len(part), more=[told]) + part)

    return send


async def test_ranges_that_end_early_are_no_end(storage_of: Callable[..., Storage]) -> None:
    async with (
        ScriptedServer([less_than_asked(DATA)]) as server,
        storage_of(server) as storage,
        Source.new_from_object(storage, "bucket", "name", retries=0) as source,
    ):
        with pytest.raises(TruncatedStream):
            await source.run_reader(lambda file: file.read(10**9))


async def test_without_a_generation_the_entity_tag_tells(
    storage_of: Callable[..., Storage],
) -> None:
    for second, expected in ((None, nullcontext()), (DATA[::-1], pytest.raises(ObjectChanged))):
        async with (
            ScriptedServer([without_generation(DATA, second=second)]) as server,
            storage_of(server) as storage,
            Source.new_from_object(storage, "bucket", "name") as source,
        ):
            with expected:
                assert await source.run_reader(lambda file: file.read(10**9)) == DATA
