"""Workers: a few at a time, all ended when it is over."""

import asyncio

import pytest
from leaks import other_tasks

from storage_stream._transfer.workers import run_workers


async def test_each_item_once_and_a_few_at_a_time() -> None:
    seen: list[int] = []
    running = most = 0

    async def work(item: int) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        seen.append(item)

    await run_workers(range(50), work, 4)
    assert sorted(seen) == list(range(50))
    assert most == 4
    assert not other_tasks()


@pytest.mark.parametrize("items", [0, 1, 3])
async def test_no_more_workers_than_items(items: int) -> None:
    most = 0

    async def work(_: int) -> None:
        nonlocal most
        most = max(most, len(other_tasks()))
        await asyncio.sleep(0)

    await asyncio.create_task(run_workers(range(items), work, 1000))
    assert most <= items + 1
    assert not other_tasks()


async def test_the_first_failure_ends_the_others() -> None:
    ended: list[int] = []

    async def work(item: int) -> None:
        if item == 3:
            raise ValueError("three")
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(item)

    with pytest.raises(ValueError, match="three"):
        await run_workers(range(50), work, 4)
    assert sorted(ended) == [0, 1, 2]
    assert not other_tasks()


async def test_cancelled_twice_it_waits_for_those_that_tidy_up() -> None:
    release = asyncio.Event()
    ended: list[int] = []

    async def work(item: int) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await release.wait()
            ended.append(item)

    task = asyncio.create_task(run_workers(range(9), work, 3))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    release.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == [0, 1, 2]
    assert not other_tasks()
