"""The clock that a test moves keeps the order of time."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage_stream.testing import FakeClock


class TestMoving:
    def test_both_times_move_together(self) -> None:
        clock = FakeClock(now=5, wall=1_000)
        clock.advance(2.5)
        clock.advance(0)
        assert (clock.now(), clock.wall()) == (7.5, 1_002.5)

    def test_it_does_not_run_backwards(self) -> None:
        with pytest.raises(ValueError, match="backwards"):
            FakeClock().advance(-1)

    @given(st.lists(st.floats(0, 100), max_size=20), st.lists(st.floats(0, 30), max_size=20))
    def test_calls_are_made_in_order_each_at_its_moment(
        self, delays: list[float], steps: list[float]
    ) -> None:
        clock, called = FakeClock(now=0), list[tuple[float, int]]()
        for number, delay in enumerate(delays):
            clock.call_later(delay, lambda n=number: called.append((clock.now(), n)))  # type: ignore[misc]
        for step in [*steps, 0]:
            clock.advance(step)
        due = sorted((d, n) for n, d in enumerate(delays) if d <= clock.now())
        assert called == due
        assert clock.timers == len(delays) - len(due)

    def test_a_call_that_asks_for_the_next_is_made_again_and_again(self) -> None:
        clock, ticks = FakeClock(now=0), list[float]()

        def tick() -> None:
            ticks.append(clock.now())
            clock.call_later(10, tick)

        clock.call_later(10, tick)
        clock.advance(35)
        assert ticks == [10, 20, 30]
        assert clock.now() == 35

    def test_a_cancelled_call_is_not_made(self) -> None:
        clock, called = FakeClock(), list[int]()
        handle = clock.call_later(1, lambda: called.append(1))
        assert clock.timers == 1
        handle.cancel()
        handle.cancel()
        assert clock.timers == 0
        clock.advance(2)
        assert called == []


class TestSleeping:
    async def test_a_sleep_takes_its_time_on_the_clock_and_none_of_ours(self) -> None:
        clock = FakeClock(now=0)
        await clock.sleep(3_600)
        await clock.sleep(0)
        assert clock.now() == 3_600
        assert clock.sleeps == [3_600, 0]
        assert clock.sleepers == clock.timers == 0

    async def test_those_that_sleep_at_once_wake_in_the_order_of_their_moments(self) -> None:
        clock, woken = FakeClock(now=0), list[tuple[str, float]]()

        async def sleeper(name: str, *naps: float) -> None:
            for nap in naps:
                await clock.sleep(nap)
                woken.append((name, clock.now()))

        await asyncio.gather(sleeper("a", 10, 10), sleeper("b", 1, 1, 1), sleeper("c", 15))
        moments = [moment for _, moment in woken]
        assert moments == sorted(moments)
        assert woken == [("b", 1), ("b", 2), ("b", 3), ("a", 10), ("c", 15), ("a", 20)]

    async def test_it_passes_by_calls_on_its_way(self) -> None:
        clock, called = FakeClock(now=0), list[float]()
        clock.call_later(5, lambda: called.append(clock.now()))
        clock.call_later(50, lambda: called.append(clock.now()))
        await clock.sleep(10)
        assert called == [5]

    async def test_a_cancelled_sleep_leaves_nothing(self) -> None:
        clock = FakeClock(auto_advance=False)
        sleeping = asyncio.ensure_future(clock.sleep(10))
        await clock.wait_for_sleeper()
        sleeping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sleeping
        assert clock.sleepers == clock.timers == 0


class TestByHand:
    async def test_a_sleeper_wakes_when_the_test_says(self) -> None:
        clock = FakeClock(auto_advance=False)
        sleeping = asyncio.ensure_future(clock.sleep(10))
        await clock.wait_for_sleeper()
        clock.advance(9.9)
        await asyncio.sleep(0)
        assert not sleeping.done()
        clock.advance(0.2)
        await sleeping

    async def test_a_sleep_of_nothing_needs_nobody(self) -> None:
        await FakeClock(auto_advance=False).sleep(0)

    async def test_waiting_for_a_sleeper_ends_with_the_next_one(self) -> None:
        clock = FakeClock(auto_advance=False)
        for _ in range(3):
            watching = asyncio.ensure_future(clock.wait_for_sleeper())
            await asyncio.sleep(0)
            assert not watching.done()
            sleeping = asyncio.ensure_future(clock.sleep(1))
            await watching
            clock.advance(1)
            await sleeping
