"""What must come to its end does, however often its caller is cancelled."""

import asyncio

import pytest
from leaks import other_tasks

from storage_stream._shielding import end, to_its_end


async def test_what_it_gives_and_what_it_raises() -> None:
    async def give() -> int:
        await asyncio.sleep(0)
        return 5

    async def fail() -> None:
        raise ValueError("why")

    assert await to_its_end(give()) == 5
    with pytest.raises(ValueError, match="why"):
        await to_its_end(fail())


@pytest.mark.parametrize("fails", [False, True])
async def test_cancelling_comes_after_it(*, fails: bool) -> None:
    release, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        await release.wait()
        ended.set()
        if fails:
            raise ValueError

    task = asyncio.create_task(to_its_end(work()))
    for _ in range(3):
        await asyncio.sleep(0)
        task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    release.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
    assert not other_tasks()


async def test_with_a_grace_it_is_cancelled_in_the_end() -> None:
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(to_its_end(work(), grace=0))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not other_tasks()


async def test_a_task_without_grace_ends_at_once() -> None:
    task = asyncio.create_task(asyncio.Event().wait())
    await end(task, 0)
    assert task.cancelled()


async def test_a_task_with_grace_ends_by_itself() -> None:
    release = asyncio.Event()
    task = asyncio.create_task(release.wait())
    ending = asyncio.create_task(end(task, 1000))
    await asyncio.sleep(0)
    ending.cancel()  # once more: it waits all the same
    await asyncio.sleep(0)
    assert not task.done()
    release.set()
    await ending
    assert task.result() is True


async def test_grace_runs_out() -> None:
    task = asyncio.create_task(asyncio.Event().wait())
    await end(task, 0.001)
    assert task.cancelled()


async def test_the_failure_of_what_was_ended_is_nobody_s() -> None:
    async def fail() -> None:
        raise ValueError

    task = asyncio.create_task(fail())
    await asyncio.wait([task])
    await end(task, 1)
