"""merge: many sources, one reader."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline_doubles import CountingSource, FailingSource, drain, items

from storage_stream.pipeline import ByteStage, collect, json_lines, lines, merge


@given(
    st.lists(st.lists(st.integers(0, 9), max_size=6), max_size=4),
    st.integers(1, 5),
)
async def test_all_items_come_and_each_source_keeps_its_order(
    numbers: list[list[int]], max_pending: int
) -> None:
    sources = [
        CountingSource([b"%d:%d" % (which, number) for number in row])
        for which, row in enumerate(numbers)
    ]
    got = await items(merge(*sources, max_pending=max_pending))
    for which, row in enumerate(numbers):
        mine = [item for item in got if item.startswith(b"%d:" % which)]
        assert mine == [b"%d:%d" % (which, number) for number in row]
    assert len(got) == sum(map(len, numbers))
    assert all(source.closes == 1 for source in sources)


async def test_a_slow_source_does_not_hold_the_others() -> None:
    go = asyncio.Event()
    slow = CountingSource([b"slow"], go.wait)  # type: ignore[arg-type]  # its result is not used
    stage = merge(slow, [b"a", b"b"])
    assert [await anext(stage), await anext(stage)] == [b"a", b"b"]
    go.set()
    assert await items(stage) == [b"slow"]


async def test_what_waits_is_bounded() -> None:
    sources = [CountingSource([b"x"] * 50) for _ in range(3)]
    given_items = 0
    async for _ in merge(*sources, max_pending=4):
        given_items += 1
        for _ in range(20):
            await asyncio.sleep(0)  # every chance to read too far
        assert sum(source.reads for source in sources) - given_items <= 4 + 3 + 3
    assert given_items == 150


@pytest.mark.parametrize("failure", [OSError("lost"), asyncio.CancelledError("not ours")])
async def test_the_first_failure_closes_all(failure: BaseException) -> None:
    good = CountingSource([b"x"] * 1000)
    bad = FailingSource([b"last words"], failure)
    got: list[bytes] = []
    with pytest.raises(type(failure)) as caught:
        await drain(merge(good, bad), got)
    assert caught.value is failure or isinstance(failure, asyncio.CancelledError)
    assert b"last words" in got
    assert (good.closes, bad.closes) == (1, 1)
    assert good.reads < 1000
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_records_stay_whole() -> None:
    merged = merge(lines(b"a\nb\n"), lines(b"c\n"))
    assert isinstance(merged, ByteStage)
    assert sorted(await items(merged)) == [b"a", b"b", b"c"]
    values = merge(json_lines(b"1\n2\n"), json_lines(b'"x"\n'))
    assert not isinstance(values, ByteStage)
    assert {value async for value in values} == {1, 2, "x"}


async def test_no_source_is_an_empty_stage() -> None:
    assert await collect(merge()) == b""


def test_max_pending_must_be_positive() -> None:
    with pytest.raises(ValueError, match="max_pending must be positive"):
        merge(b"", max_pending=0)
