"""Places: as many as there are, in order, and none is lost."""

from __future__ import annotations

import asyncio

import pytest

from storage_stream._transport.places import Places


async def waiting(places: Places, count: int) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(places.take()) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


def done(tasks: list[asyncio.Task[None]]) -> list[bool]:
    return [task.done() for task in tasks]


async def test_a_place_is_free_until_all_are_taken() -> None:
    places = Places(2)
    await places.take()
    assert places.take_free()
    assert not places.take_free()
    places.release()
    assert places.take_free()


async def test_a_place_goes_to_the_one_who_waits_longest_and_to_nobody_else() -> None:
    places = Places(1)
    await places.take()
    tasks = await waiting(places, 2)
    places.release()
    assert not places.take_free()  # he has not woken up, and yet it is his
    await asyncio.sleep(0)
    assert done(tasks) == [True, False]
    places.release()
    await asyncio.gather(*tasks)
    places.release()
    assert places.take_free()


async def test_who_leaves_the_queue_holds_nobody_up() -> None:
    places = Places(1)
    await places.take()
    tasks = await waiting(places, 3)
    tasks[0].cancel()
    tasks[1].cancel()
    await asyncio.sleep(0)
    places.release()
    await tasks[2]
    places.release()
    assert places.take_free()


@pytest.mark.parametrize("others", [0, 1])
async def test_a_place_that_is_given_to_one_who_leaves_is_passed_on(others: int) -> None:
    places = Places(1)
    await places.take()
    tasks = await waiting(places, 1 + others)
    places.release()
    tasks[0].cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert tasks[0].cancelled()
    assert done(tasks[1:]) == [True] * others
    assert places.take_free() == (not others)


async def test_who_is_cancelled_as_a_place_comes_back_is_passed_over() -> None:
    places = Places(1)
    await places.take()
    tasks = await waiting(places, 2)
    tasks[0].cancel()
    places.release()  # before the first has woken up to leave
    await asyncio.wait(tasks)
    assert tasks[0].cancelled()
    assert not tasks[1].cancelled()
    places.release()
    assert places.take_free()


async def test_who_is_closed_while_he_waits_takes_no_place_with_him() -> None:
    places = Places(1)
    await places.take()
    turns = [places.take(), places.take()]
    for turn in turns:
        turn.send(None)
    turns[1].close()  # what becomes of a task whose loop is no more
    assert not places.take_free()
    places.release()
    with pytest.raises(StopIteration):
        turns[0].send(None)
    places.release()
    assert places.take_free()


async def test_many_leave_from_the_end_of_the_queue() -> None:
    places = Places(1)
    await places.take()
    first, *others = await waiting(places, 2_000)
    for task in reversed(others):
        task.cancel()
    await asyncio.wait(others)
    places.release()
    await first
    places.release()
    assert places.take_free()
