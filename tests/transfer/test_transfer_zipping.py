"""What is written compressed is, byte for byte, what is read compressed."""

import asyncio
import gzip as python_gzip

import pytest
from cancelling import Moment, cancelled_at
from sample_data import gzipped, patterned

from storage_stream._transfer.zipping import GzipWriter
from storage_stream.pipeline import collect, gzip

DATA = gzipped(patterned(700_000)) + patterned(700_000)


@pytest.mark.parametrize("size", [0, 1, 262_144, len(DATA)])
@pytest.mark.parametrize("piece", [1_000, 262_144, 5_000_000])
async def test_it_is_what_a_stage_gives(size: int, piece: int) -> None:
    writer, out = GzipWriter(), b""
    for start in range(0, size, piece):
        writer.feed(DATA[:size][start : start + piece])
        out += await writer.compressed()
    for _ in range(2):
        writer.end()
        out += await writer.compressed()
    assert writer.received == size
    assert out == await collect(gzip(DATA[:size]))
    assert python_gzip.decompress(out) == DATA[:size]


@pytest.mark.parametrize("moment", list(Moment))
async def test_a_cancel_loses_nothing(moment: Moment) -> None:
    writer = GzipWriter()
    writer.feed(DATA)
    assert await cancelled_at(writer.compressed(), 0, moment)
    out = await writer.compressed()
    writer.end()
    assert await cancelled_at(writer.compressed(), 0, moment)
    out += await writer.compressed()
    assert out == await collect(gzip(DATA))


async def test_a_thread_that_nobody_waits_for_is_not_in_the_way() -> None:
    writer = GzipWriter()
    for start in range(0, len(DATA), 300_000):
        writer.feed(DATA[start : start + 300_000])
        task = asyncio.create_task(writer.compressed())
        for _ in range(2):
            await asyncio.sleep(0)
            task.cancel()
        await asyncio.wait([task])
    writer.end()
    assert await writer.compressed() == await collect(gzip(DATA))
