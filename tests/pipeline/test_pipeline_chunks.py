"""rechunk and map_chunks."""

import asyncio
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline_doubles import CountingSource, FailingSource, cut, items

from storage_stream.pipeline import collect, map_chunks, rechunk


@given(st.data(), st.binary(max_size=100), st.integers(1, 120))
async def test_blocks_are_exact_in_any_chunking(
    draw: st.DataObject, data: bytes, size: int
) -> None:
    blocks = await items(rechunk(draw.draw(cut(data)), size))
    assert blocks == [data[i : i + size] for i in range(0, len(data), size)]


async def test_rechunk_holds_one_block_and_one_chunk() -> None:
    source = CountingSource([b"x" * 70] * 1000)
    given_bytes = 0
    async for block in rechunk(source, 100):
        given_bytes += len(block)
        assert source.given_bytes - given_bytes < 170
    assert given_bytes == 70_000


def test_a_size_must_be_positive() -> None:
    with pytest.raises(ValueError, match="size must be positive, not 0"):
        rechunk(b"", 0)


@pytest.mark.parametrize("concurrency", [1, 2, 5])
@pytest.mark.parametrize("to_thread", [False, True])
async def test_map_keeps_the_order(concurrency: int, *, to_thread: bool) -> None:
    chunks = [b"%d" % number for number in range(30)]
    stage = map_chunks(chunks, lambda c: c + b"!", to_thread=to_thread, concurrency=concurrency)
    assert await items(stage) == [chunk + b"!" for chunk in chunks]


async def test_calls_run_at_once_and_finish_in_any_order() -> None:
    running, most = 0, 0
    finish = [asyncio.Event() for _ in range(4)]

    async def work(chunk: bytes) -> bytes:
        nonlocal running, most
        running += 1
        most = max(most, running)
        number = int(chunk)
        if number + 1 < len(finish):  # each waits for the next: the last must finish first
            await finish[number + 1].wait()
        finish[number].set()
        running -= 1
        return chunk

    stage = map_chunks([b"0", b"1", b"2", b"3"], work, concurrency=4)
    assert await items(stage) == [b"0", b"1", b"2", b"3"]
    assert most == 4


async def test_the_window_bounds_what_is_read_ahead() -> None:
    source = CountingSource([b"x"] * 100)

    async def work(chunk: bytes) -> bytes:
        await asyncio.sleep(0)
        return chunk

    given_chunks = 0
    async for _ in map_chunks(source, work, concurrency=3):
        given_chunks += 1
        for _ in range(20):
            await asyncio.sleep(0)  # every chance to read too far
        assert source.reads - given_chunks <= 3
    assert given_chunks == 100


async def test_a_finished_result_does_not_wait_for_the_next_chunk() -> None:
    never = asyncio.Event()

    async def checkpoint() -> None:
        if source.reads and not source.closes:
            await never.wait()

    source = CountingSource([b"first", b"second"], checkpoint)
    stage = map_chunks(source, bytes.upper, concurrency=2)
    assert await anext(stage) == b"FIRST"
    await stage.aclose()
    assert source.closes == 1


async def test_results_before_a_failure_are_given_first() -> None:
    def work(chunk: bytes) -> bytes:
        if chunk == b"bad":
            raise LookupError("no such chunk")
        return chunk

    for concurrency in (1, 3):
        source = CountingSource([b"a", b"b", b"bad", b"c"])
        stage = map_chunks(source, work, concurrency=concurrency)
        assert [await anext(stage), await anext(stage)] == [b"a", b"b"]
        with pytest.raises(LookupError, match="no such chunk"):
            await anext(stage)
        assert source.closes == 1


@pytest.mark.parametrize("failure", [OSError("lost"), asyncio.CancelledError("not ours")])
async def test_a_failed_source_fails_in_its_turn(failure: BaseException) -> None:
    source = FailingSource([b"a", b"b"], failure)
    stage = map_chunks(source, bytes.upper, concurrency=4)
    assert [await anext(stage), await anext(stage)] == [b"A", b"B"]
    with pytest.raises(type(failure)):
        await anext(stage)
    assert source.closes == 1


async def test_a_source_failure_nobody_reads_is_no_loose_end() -> None:
    stage = map_chunks(FailingSource([b"a"], OSError("lost")), bytes.upper, concurrency=4)
    assert await anext(stage) == b"A"
    await stage.aclose()


async def test_to_thread_leaves_the_loop() -> None:
    threads: set[int] = set()

    def work(chunk: bytes) -> bytes:
        threads.add(threading.get_ident())
        return chunk

    await collect(map_chunks([b"a", b"b"], work, to_thread=True))
    assert threading.get_ident() not in threads
    assert threads


async def test_results_must_be_bytes() -> None:
    with pytest.raises(TypeError, match=r"decode gave 'str', expected bytes"):
        await collect(map_chunks([b"a"], bytes.decode))  # type: ignore[arg-type]  # the point
    assert await items(map_chunks([b"a", b"b"], lambda c: c if c == b"b" else b"")) == [b"b"]
    assert await items(map_chunks([b"a"], bytearray)) == [b"a"]


def test_concurrency_must_be_positive() -> None:
    with pytest.raises(ValueError, match="concurrency must be positive"):
        map_chunks(b"", bytes.upper, concurrency=0)
