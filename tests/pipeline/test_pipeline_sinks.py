"""tee, copy and collect: sinks of all kinds."""

import asyncio
import hashlib
import io
import os
from pathlib import Path

import aiofiles
import pytest
from pipeline_doubles import CountingSource, items

from storage_stream.pipeline import TooManyBytesError, collect, copy, tee


class AsyncSink:
    def __init__(self) -> None:
        self.got = b""
        self.drains = 0

    async def write(self, data: bytes) -> None:
        await asyncio.sleep(0)
        self.got += data

    async def drain(self) -> None:
        self.drains += 1


class StingySink:
    """Takes a few bytes at a time, as an unbuffered file may."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.got = b""

    def write(self, data: bytes) -> int:
        self.got += data[: self.most]
        return len(data[: self.most])


async def test_tee_writes_to_every_kind_of_sink(tmp_path: Path) -> None:
    chunks = [b"one", b"two", b"three"]
    whole = b"".join(chunks)
    buffer, digest, sink, stingy = io.BytesIO(), hashlib.sha256(), AsyncSink(), StingySink(2)
    with (tmp_path / "plain").open("wb") as plain:
        async with aiofiles.open(tmp_path / "async", "wb") as later:
            stage = tee(chunks, buffer, digest, sink, stingy, plain, later)
            assert await items(stage) == chunks
            assert not plain.closed
    assert buffer.getvalue() == sink.got == stingy.got == whole
    assert digest.digest() == hashlib.sha256(whole).digest()
    assert (tmp_path / "plain").read_bytes() == (tmp_path / "async").read_bytes() == whole
    assert sink.drains == 3


async def test_a_chunk_is_written_before_it_is_given() -> None:
    buffer = io.BytesIO()
    async for _ in tee([b"ab", b"cd"], buffer):
        assert buffer.tell() in {2, 4}
    assert not buffer.closed


async def test_a_failing_sink_fails_the_stage() -> None:
    class Full:
        def write(self, data: bytes) -> None:
            raise OSError(28, f"no space for {len(data)}")

    source, before = CountingSource([b"ab", b"cd"]), io.BytesIO()
    with pytest.raises(OSError, match="no space for 2"):
        await collect(tee(source, before, Full()))
    assert (source.closes, source.reads) == (1, 1)


async def test_a_sink_that_takes_nothing_is_an_error() -> None:
    with pytest.raises(OSError, match=r"StingySink.write\(\) took 0 of 3 bytes"):
        await copy(b"abc", StingySink(0))


async def test_a_full_pipe_in_non_blocking_mode_is_an_error() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with (
        os.fdopen(reader, "rb"),
        os.fdopen(writer, "wb", buffering=0) as pipe,
        pytest.raises(BlockingIOError, match="non-blocking mode"),
    ):
        await copy((b"x" * 65536 for _ in range(100)), pipe)


@pytest.mark.parametrize("wrong", [object(), {}, set(), "text", None, io.StringIO()])
def test_what_is_no_sink_is_named(wrong: object) -> None:
    with pytest.raises(TypeError, match=type(wrong).__name__):
        tee(b"", wrong)  # type: ignore[arg-type]  # the point of the test


async def test_copy_counts() -> None:
    source, buffer = CountingSource([b"ab", b"cde"]), io.BytesIO()
    assert await copy(source, buffer) == 5
    assert buffer.getvalue() == b"abcde"
    assert source.closes == 1


@pytest.mark.parametrize("max_bytes", [None, 5, 6])
async def test_collect_returns_all(max_bytes: int | None) -> None:
    assert await collect([b"ab", b"cde"], max_bytes) == b"abcde"


@pytest.mark.parametrize("max_bytes", [0, 4])
async def test_collect_stops_at_the_limit(max_bytes: int) -> None:
    source = CountingSource([b"ab", b"cde"] + [b"f"] * 100)
    with pytest.raises(TooManyBytesError) as caught:
        await collect(source, max_bytes)
    assert caught.value.max_bytes == max_bytes
    assert source.reads <= 2
    assert source.closes == 1


async def test_collect_refuses_a_negative_limit() -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        await collect(b"", -1)
