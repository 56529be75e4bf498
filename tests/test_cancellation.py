"""A task's own cancel is told from that of what it waits for."""

import asyncio

import pytest

from storage_stream._cancellation import cancels_so_far, is_being_cancelled


async def _told_by_a_task_that_waits_for(awaited: asyncio.Future[None]) -> tuple[bool, int]:
    try:
        await awaited
    except asyncio.CancelledError:
        return is_being_cancelled(), cancels_so_far()
    pytest.fail("nothing was cancelled")


async def test_what_is_awaited_was_cancelled() -> None:
    awaited = asyncio.get_running_loop().create_future()
    task = asyncio.ensure_future(_told_by_a_task_that_waits_for(awaited))
    await asyncio.sleep(0)
    awaited.cancel()
    assert await task == (False, 0)


async def test_the_task_itself_was_cancelled() -> None:
    awaited = asyncio.get_running_loop().create_future()
    task = asyncio.ensure_future(_told_by_a_task_that_waits_for(awaited))
    await asyncio.sleep(0)
    task.cancel()
    assert await task == (True, 1)
    assert awaited.cancelled()


async def test_outside_of_a_task_nobody_is_cancelled() -> None:
    told: asyncio.Future[tuple[bool, int]] = asyncio.get_running_loop().create_future()

    def in_a_callback() -> None:
        told.set_result((is_being_cancelled(), cancels_so_far()))

    asyncio.get_running_loop().call_soon(in_a_callback)
    assert await told == (False, 0)
