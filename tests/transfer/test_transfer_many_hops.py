"""Short calls share hops to threads: each has its own outcome, and a cancel loses none."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from storage_stream._transfer.many_hops import SharedHops

if TYPE_CHECKING:
    from collections.abc import Callable


class _Held:
    """Calls that do not return before they may."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.may_end = threading.Event()
        self.ended: list[int] = []

    def call(self, number: int) -> Callable[[], None]:
        def run() -> None:
            self.begun.release()
            self.may_end.wait()
            self.ended.append(number)

        return run


async def test_each_has_its_own_outcome() -> None:
    hops, here = SharedHops(), threading.get_ident()

    def odd(number: int) -> tuple[int, bool]:
        if number % 2 == 0:
            raise FileNotFoundError(str(number))
        return number, threading.get_ident() == here

    def call(number: int) -> Callable[[], tuple[int, bool]]:
        return lambda: odd(number)

    calls = (hops.call(call(number)) for number in range(100))
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    for number, outcome in enumerate(outcomes):
        if number % 2:
            assert outcome == (number, False)
        else:
            assert isinstance(outcome, FileNotFoundError)
            assert str(outcome) == str(number)


async def test_those_that_wait_share_a_hop() -> None:
    hops, held = SharedHops(), _Held()
    first = asyncio.create_task(hops.call(held.call(0)))
    await asyncio.to_thread(held.begun.acquire)
    threads: list[int] = []
    rest = [
        asyncio.create_task(hops.call(lambda: threads.append(threading.get_ident())))
        for _ in range(10)
    ]
    await asyncio.sleep(0)
    assert threads == []
    held.may_end.set()
    await asyncio.gather(first, *rest)
    assert len(threads) == 10
    assert len(set(threads)) == 1


async def test_cancelling_waits_for_what_has_begun_and_takes_back_the_rest() -> None:
    hops, held = SharedHops(), _Held()
    begun = asyncio.create_task(hops.call(held.call(0)))
    await asyncio.to_thread(held.begun.acquire)
    waiting = asyncio.create_task(hops.call(held.call(1)))
    await asyncio.sleep(0)
    begun.cancel()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not begun.done()
    held.may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await begun
    assert held.ended == [0]
