"""The truth table of docs/transcoding.md, row by row."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from doc_tables import table_of
from leaks import free_places, nothing_under_way
from sample_data import encoded_crc32c, gzipped, patterned, text_lines
from scripted_server import Asked, Line, ScriptedServer, chunked, head, media_head

from storage_stream import Storage, errors
from storage_stream.errors import ContentDecodingError, GzipFormatError, TruncatedGzipError
from storage_stream.testing.emulator_handle import EmulatorHandle

PLAIN = text_lines(400_000)
GZIP = gzipped(PLAIN)
STORED = {"plain": PLAIN, "gzip": GZIP}
SIZES = {
    "plain size": len(PLAIN),
    "gzip size": len(GZIP),
    "range size": 30_000,
    "rest size": len(PLAIN) - 10_000,
    "None": None,
}
KEYWORDS: dict[str, dict[str, int]] = {
    "whole": {},
    "range": {"start": 10_000, "end": 40_000},
    "range behind the stored size": {"start": 300_000, "end": 330_000},
    "from a byte on": {"start": 10_000},
    "last bytes": {"start": -30_000},
}
DELIVERED: dict[str, bytes] = {
    "whole plain": PLAIN,
    "whole gzip": GZIP,
    "range of plain": PLAIN[10_000:40_000],
    "range of gzip": GZIP[10_000:40_000],
    "rest of plain": PLAIN[10_000:],
    "late range of plain": PLAIN[300_000:330_000],
    "end of plain": PLAIN[-30_000:],
    "end of gzip": GZIP[-30_000:],
}
ROWS = table_of("transcoding.md", "stored")

assert len(GZIP) > 40_000, "ranges of the table lie inside"
assert len(GZIP) < 300_000, "the late range lies behind"


def _name_of(row: dict[str, str]) -> str:
    return "-".join((row["stored"], row["on the way"], row["read"], row["asked for"]))


@pytest.mark.parametrize("row", ROWS, ids=_name_of)
async def test_the_table(
    gcs: EmulatorHandle, storage_of: Callable[..., Storage], row: dict[str, str]
) -> None:
    asked_for, _, _ = row["asked for"].partition(", ")
    way = WAYS[row["on the way"]]
    async with way(gcs, row["stored"], broken=_cuts(row)) as (server, count):
        async with storage_of(server) as storage:
            await _check(storage, row, asked_for)
        assert count() == int(row["requests"])


def _cuts(row: dict[str, str]) -> list[int]:
    """Where the body breaks that the reader wants: gzip is decoded from its beginning on."""
    if "broken" not in row["asked for"]:
        return []
    return [5_000 if row["stored"] == "gzip" and row["read"] == "decoded" else 20_000]


async def _check(storage: Storage, row: dict[str, str], asked_for: str) -> None:
    keywords: Any = {"raw": row["read"] == "raw", **KEYWORDS[asked_for]}
    request = storage.download_stream("bucket", "name", **keywords)
    if row["delivered"] not in DELIVERED:
        with pytest.raises(getattr(errors, row["delivered"])):
            await request
        return
    async with request as stream:
        assert stream.content_length == SIZES[row["content_length"]]
        assert await stream.read() == DELIVERED[row["delivered"]]
        assert str(stream.verified) == row["verified"]
        assert stream.bytes_read == len(DELIVERED[row["delivered"]])
        assert stream.metadata.size == len(STORED[row["stored"]])
        assert stream.resumes == ("broken" in row["asked for"])


class _Address:
    def __init__(self, url: str) -> None:
        self.url = url


@asynccontextmanager
async def _as_stored(
    gcs: EmulatorHandle, stored: str, *, broken: list[int]
) -> AsyncIterator[tuple[_Address, Callable[[], int]]]:
    encoding = {"contentEncoding": "gzip"} if stored == "gzip" else {}
    gcs.put("bucket", "name", STORED[stored], **encoding)
    if broken:
        gcs.arm_next("storage.objects.get", *(f"drop-at-{position}" for position in broken))
    yield _Address(gcs.url), lambda: len(gcs.log)


@asynccontextmanager
async def _decompressed_by_the_service(
    _: EmulatorHandle, stored: str, *, broken: list[int]
) -> AsyncIterator[tuple[ScriptedServer, Callable[[], int]]]:
    assert stored == "gzip"
    begin = head(
        200,
        "x-goog-generation: 1",
        f"x-goog-hash: crc32c={encoded_crc32c(GZIP)}",
        "x-goog-stored-content-encoding: gzip",
        f"x-goog-stored-content-length: {len(GZIP)}",
        "Transfer-Encoding: chunked",
    )

    async def whole(_: Asked, line: Line) -> None:
        await line.send(begin + chunked(PLAIN))

    async def part(_: Asked, line: Line) -> None:
        await line.send(begin + chunked(PLAIN[: broken[0]], end=False))

    async with ScriptedServer([part, whole] if broken else [whole]) as server:
        yield server, lambda: len(server.asked)


@asynccontextmanager
async def _compressed_by_a_proxy(
    _: EmulatorHandle, stored: str, *, broken: list[int]
) -> AsyncIterator[tuple[ScriptedServer, Callable[[], int]]]:
    assert stored == "plain"

    async def proxy(asked: Asked, line: Line) -> None:
        if "gzip" in asked.headers["accept-encoding"]:
            encoded = media_head(PLAIN, more=["Content-Encoding: gzip"], length=len(GZIP))
            await line.send(encoded + GZIP)
        else:
            await line.send(_plain_part(asked, broken=broken))

    async with ScriptedServer([proxy]) as server:
        yield server, lambda: len(server.asked)


def _plain_part(asked: Asked, *, broken: list[int]) -> bytes:
    if "range" not in asked.headers:
        return media_head(PLAIN, length=len(PLAIN)) + PLAIN[: broken[0] if broken else None]
    start = int(asked.headers["range"].removeprefix("bytes=").removesuffix("-"))
    told = [f"Content-Range: bytes {start}-{len(PLAIN) - 1}/{len(PLAIN)}"]
    begin = media_head(PLAIN, status=206, length=len(PLAIN) - start, more=told)
    return begin + PLAIN[start:]


WAYS = {
    "as stored": _as_stored,
    "decompressed by the service": _decompressed_by_the_service,
    "compressed by a proxy": _compressed_by_a_proxy,
}


# -- what the page says besides --------------------------------------------------------------


async def test_a_decoded_range_that_was_read_needs_no_close(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    """What follows it in the gzip is not fetched, and the place is free at once."""
    plain = patterned(20_000_000)
    gcs.put("bucket", "name", gzipped(plain), contentEncoding="gzip")
    stream = await storage.download_stream("bucket", "name", start=10_000, end=40_000)
    assert await stream.read(30_000) == plain[10_000:40_000]
    assert free_places(storage) == 100
    del stream  # a stream that is still open would warn
    gc.collect()
    await nothing_under_way(storage)


async def test_accept_encoding_means_raw(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.put("bucket", "name", GZIP, contentEncoding="gzip")
    headers = {"Accept-Encoding": "gzip"}
    assert await storage.download("bucket", "name", headers=headers) == GZIP


async def test_a_gzip_file_is_left_alone(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.put("bucket", "name.gz", GZIP, contentType="application/gzip")
    assert await storage.download("bucket", "name.gz") == GZIP


async def test_several_members(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.put("bucket", "name", gzipped(b"one") + gzipped(b"two"), contentEncoding="gzip")
    assert await storage.download("bucket", "name") == b"onetwo"


@pytest.mark.parametrize(
    ("stored", "error"),
    [
        (GZIP[:-4], TruncatedGzipError),
        (GZIP[:20_000] + bytes(100) + GZIP[20_100:], GzipFormatError),
        (b"no gzip at all", GzipFormatError),
        (GZIP + b"garbage behind", GzipFormatError),
        (b"", TruncatedGzipError),
    ],
)
async def test_damaged_gzip(
    gcs: EmulatorHandle, storage: Storage, stored: bytes, error: type[ContentDecodingError]
) -> None:
    gcs.put("bucket", "name", stored, contentEncoding="gzip")
    with pytest.raises(error, match="gs://bucket/name"):
        await storage.download("bucket", "name")
    assert await storage.download("bucket", "name", raw=True) == stored
    assert len(gcs.log) == 2


async def test_what_was_good_is_delivered_before_the_error(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    gcs.put("bucket", "name", gzipped(PLAIN) + b"garbage", contentEncoding="gzip")
    async with storage.download_stream("bucket", "name") as stream:
        got = b"".join([await stream.read(1000) for _ in range(400)])
        assert got == PLAIN
        for _ in range(2):
            with pytest.raises(GzipFormatError):
                await stream.read(1)


async def test_a_small_object_that_becomes_large_is_read_in_bounded_pieces(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    gcs.put("bucket", "bomb", gzipped(bytes(50_000_000)), contentEncoding="gzip")
    async with storage.download_stream("bucket", "bomb") as stream:
        while piece := await stream.read1():
            assert len(piece) <= 256 * 1024
        assert stream.bytes_read == 50_000_000
        assert stream.verified is True


async def test_others_run_while_a_small_object_becomes_large(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    gcs.put("bucket", "bomb", gzipped(bytes(50_000_000)), contentEncoding="gzip")
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with storage.download_stream("bucket", "bomb") as stream:
        await stream.read1()  # the network's turns are over: 48 KiB hold the rest
        running = asyncio.create_task(others())
        assert len(await stream.read()) > 49_000_000
        running.cancel()
        await asyncio.wait([running])
    assert turns > 40, "190 steps of 256 KiB"


async def test_random_bytes_resumed_many_times_while_decoded(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    data = patterned(3_000_000)
    stored = gzipped(data)
    gcs.put("bucket", "name", stored, contentEncoding="gzip")
    cuts = [len(stored) * n // 20 for n in range(1, 20)]
    gcs.arm_next("storage.objects.get", *(f"drop-at-{cut}" for cut in cuts))
    async with storage.download_stream("bucket", "name") as stream:
        assert await stream.read() == data
        assert (stream.resumes, stream.verified) == (19, True)
