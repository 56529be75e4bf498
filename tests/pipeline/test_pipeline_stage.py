"""What every stage promises: reading, closing, failing, being cancelled."""

import asyncio
import hashlib
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline_doubles import CountingSource, FailingSource, Probe, cancel_everywhere, cut, items

from storage_stream.errors import UsageError
from storage_stream.pipeline import (
    ByteStage,
    Source,
    Stage,
    StageClosedError,
    collect,
    copy,
    gunzip,
    gzip,
    json_lines,
    lines,
    map_chunks,
    merge,
    pipe,
    rechunk,
    tee,
)

STAGES: dict[str, Callable[[Any], Stage[Any]]] = {
    "lines": lines,
    "json_lines": json_lines,
    "gzip": gzip,
    "gunzip": lambda source: gunzip(gzip(source)),
    "map_chunks": partial(map_chunks, function=bytes.upper),
    "map_chunks at once": partial(map_chunks, function=bytes.upper, concurrency=3),
    "map_chunks in threads": partial(
        map_chunks, function=bytes.upper, to_thread=True, concurrency=2
    ),
    "tee": lambda source: tee(source, hashlib.sha256()),
    "rechunk": partial(rechunk, size=2),
    "merge": merge,
}
every_stage = pytest.mark.parametrize("make", STAGES.values(), ids=STAGES)
CHUNKS = [b"1\n2", b"\n", b"3\n4\n"]


@every_stage
async def test_reaching_the_end_closes_the_source(make: Callable[[Source], Stage[Any]]) -> None:
    source = CountingSource(CHUNKS)
    stage = make(source)
    assert [item async for item in stage]
    assert source.closes == 1
    assert [item async for item in stage] == []
    await stage.aclose()
    assert source.closes == 1


@every_stage
async def test_closing_unread_closes_the_source(make: Callable[[Source], Stage[Any]]) -> None:
    source = CountingSource(CHUNKS)
    stage = make(source)
    await stage.aclose()
    await stage.aclose()
    assert (source.reads, source.closes) == (0, 1)
    with pytest.raises(StageClosedError, match="read of a stage that is closed"):
        await anext(stage)


@every_stage
async def test_leaving_the_block_closes_the_source(make: Callable[[Source], Stage[Any]]) -> None:
    source = CountingSource(CHUNKS)

    async def leave_early() -> None:
        async with make(source) as stage:
            await anext(stage)
            raise LookupError

    with pytest.raises(LookupError):
        await leave_early()
    assert source.closes == 1
    assert asyncio.all_tasks() == {asyncio.current_task()}


@every_stage
async def test_a_failure_passes_unchanged_and_closes(
    make: Callable[[Source], Stage[Any]],
) -> None:
    failure = ConnectionResetError("by peer")
    source = FailingSource(CHUNKS, failure)
    stage = make(source)
    with pytest.raises(ConnectionResetError) as caught:
        [item async for item in stage]
    assert caught.value is failure
    assert source.closes == 1
    with pytest.raises(StageClosedError, match="failed before"):
        await anext(stage)


@every_stage
async def test_cancelling_at_each_await_leaks_nothing(
    make: Callable[[Source], Stage[Any]],
) -> None:
    async def scenario(probe: Probe) -> object:
        async with make(probe.source(*CHUNKS)) as stage:
            return [item async for item in stage]

    assert await cancel_everywhere(scenario) == len(CHUNKS) + 1 + 1  # reads, the end, the close


@every_stage
async def test_cancelling_at_each_await_of_an_early_exit(
    make: Callable[[Source], Stage[Any]],
) -> None:
    async def scenario(probe: Probe) -> None:
        async with make(probe.source(*CHUNKS * 20)) as stage:
            await anext(stage)

    assert await cancel_everywhere(scenario) >= 2


async def test_cancelling_at_each_await_of_a_long_pipeline() -> None:
    async def scenario(probe: Probe) -> object:
        class Sink:
            async def write(self, data: bytes) -> None:
                assert data
                await probe.checkpoint()

        async def work(chunk: bytes) -> bytes:
            await probe.checkpoint()
            return chunk

        sources = [probe.source(*CHUNKS) for _ in range(3)]
        both = merge(*(map_chunks(source, work, concurrency=2) for source in sources))
        return await copy(gunzip(gzip(rechunk(lines(both, keep_ends=True), 3))), Sink())

    assert await cancel_everywhere(scenario) > 20


async def test_a_cancelled_stage_does_not_pretend_to_be_at_its_end() -> None:
    never = asyncio.Event()

    async def wait_forever() -> None:
        if not source.closes:
            await never.wait()

    source = CountingSource([b"x"], wait_forever)
    stage = lines(source)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(stage.read(), 0)
    assert source.closes == 0, "nothing was begun: wait_for(…, 0) cancels before the first step"
    task = asyncio.create_task(stage.read())
    await asyncio.sleep(0)
    with pytest.raises(UsageError, match="another task is reading"):
        await stage.aclose()
    with pytest.raises(UsageError, match="another task is reading"):
        await stage.read()
    task.cancel()
    await asyncio.wait([task])
    assert source.closes == 1
    with pytest.raises(StageClosedError):
        await stage.read()


async def test_a_blocking_read_ends_before_its_file_is_closed() -> None:
    loop = asyncio.get_running_loop()
    began, may_end = asyncio.Event(), threading.Event()

    class File:
        log: list[str]

        def read(self, size: int) -> bytes:
            loop.call_soon_threadsafe(began.set)
            assert size > 0
            may_end.wait()
            self.log.append("read")
            return b"x"

        def close(self) -> None:
            self.log.append("close")

    file = File()
    file.log = []
    task = asyncio.create_task(collect(file))
    await began.wait()
    task.cancel()
    try:
        for _ in range(10):
            await asyncio.sleep(0)
        assert not task.done()
    finally:
        may_end.set()
    await asyncio.wait([task])
    assert task.cancelled()
    assert file.log == ["read", "close"]


class Unclosable(CountingSource):
    async def aclose(self) -> None:
        await super().aclose()
        raise OSError("cannot close")


async def test_a_failing_close_is_raised_and_hides_nothing() -> None:
    with pytest.raises(OSError, match="cannot close"):
        await collect(Unclosable([b"a"]))
    stage = lines(Unclosable([b"a\n" * 3]), max_line_bytes=1)
    await anext(stage)
    with pytest.raises(OSError, match="cannot close"):
        await stage.aclose()
    with pytest.raises(ValueError, match="longer than 1") as caught:
        await items(lines(Unclosable([b"long"]), max_line_bytes=1))
    assert "cannot close" in caught.value.__notes__[0]


async def test_all_are_closed_when_one_cannot_be() -> None:
    sources = [CountingSource([]), Unclosable([]), Unclosable([]), CountingSource([])]
    with pytest.raises(OSError, match="cannot close") as caught:
        await merge(*sources).aclose()
    assert [source.closes for source in sources] == [1, 1, 1, 1]
    assert len(caught.value.__notes__) == 1


@given(st.data(), st.binary(max_size=60))
async def test_read_and_iteration_mix_without_loss(draw: st.DataObject, data: bytes) -> None:
    stage = tee(draw.draw(cut(data)))
    got = b""
    while True:
        size = draw.draw(st.integers(-1, 9) if len(got) < 30 else st.integers(1, 60))
        if size == 0 and await stage.read(0) == b"":
            piece = await anext(stage, b"")
        else:
            piece = await stage.read(size)
            assert size < 0 or len(piece) <= size
        got += piece
        if not piece:
            break
    assert got == data
    assert await stage.read() == b""


async def test_reading_byte_by_byte_is_not_quadratic() -> None:
    size = 100_000
    stage = tee([bytes(size)])
    assert await stage.read(1) == b"\0"
    # The next read cuts the last piece: were that the whole rest, each byte would copy it.
    assert len(stage._ready[-1]) <= 2
    count = 1
    while await stage.read(1):
        count += 1
    assert count == size


async def test_lines_can_be_read_several_at_once() -> None:
    stage = lines(b"ab\ncd\nef\n", keep_ends=True)
    assert isinstance(stage, ByteStage)
    assert [await stage.read(4), await stage.read(100), await stage.read(1)] == [
        b"ab\nc",
        b"d\nef\n",
        b"",
    ]


async def test_pipe_reads_left_to_right() -> None:
    packed = await pipe(b'{"a": 1}\n', partial(gzip, level=9), collect)
    stage = pipe(packed, gunzip, partial(rechunk, size=3), lines, json_lines, merge)
    assert [value async for value in stage] == [{"a": 1}]
    assert pipe(b"x") == b"x"


async def test_a_read_by_a_stage_in_another_stage_is_refused_too() -> None:
    source = CountingSource([b"x\n"] * 3)
    inner = lines(source)
    outer = rechunk(inner, 1)
    await anext(outer)
    await outer.aclose()
    with pytest.raises(StageClosedError):
        await anext(inner)
    assert source.closes == 1
