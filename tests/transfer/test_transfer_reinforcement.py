"""Others are called when the one connection waits, and not when this thread is the limit."""

import pytest

from storage_stream._transfer.reinforcement import Reinforcement
from storage_stream.testing import FakeClock

SHARES = pytest.mark.parametrize(
    ("share", "at_once", "in_the_end"),
    [(0.0, True, True), (0.1, True, True), (0.3, False, True), (0.5, False, False)],
)


class Thread:
    """Works a share of the time that passes."""

    def __init__(self, clock: FakeClock, share: float) -> None:
        self._clock = clock
        self._began = clock.now()
        self.share = share

    def worked(self) -> float:
        return self.share * (self._clock.now() - self._began)


@SHARES
async def test_whether_they_are_called(share: float, *, at_once: bool, in_the_end: bool) -> None:
    clock, calls = FakeClock(auto_advance=False), list[int]()
    with Reinforcement(clock, lambda: calls.append(1), Thread(clock, share).worked) as others:
        assert not others.called.is_set()
        clock.advance(0.006)
        assert others.called.is_set() is at_once
        clock.advance(0.16)
        assert others.called.is_set() is in_the_end
        clock.advance(10)
        assert len(calls) == in_the_end
    assert clock.timers == 0


@pytest.mark.parametrize(("share", "at_once"), [(0.3, True), (0.5, False)])
async def test_where_the_answer_was_late_they_are_called_sooner(
    share: float, *, at_once: bool
) -> None:
    clock, calls = FakeClock(auto_advance=False), list[int]()
    worked = Thread(clock, share).worked
    with Reinforcement(clock, lambda: calls.append(1), worked, answered_after=0.05) as others:
        clock.advance(0.006)
        assert others.called.is_set() is at_once


async def test_a_link_that_becomes_slow() -> None:
    clock, calls = FakeClock(auto_advance=False), list[int]()
    spent = 0.0
    with Reinforcement(clock, lambda: calls.append(1), lambda: spent) as others:
        for _ in range(100):
            spent += 0.01
            clock.advance(0.01)
        assert not others.called.is_set()
        clock.advance(0.4)
        assert others.called.is_set()
    assert calls == [1]


async def test_they_can_be_called_at_any_time_and_are_called_once() -> None:
    clock, calls = FakeClock(auto_advance=False), list[int]()
    with Reinforcement(clock, lambda: calls.append(1)) as others:
        others.call()
        others.call()
        await others.called.wait()
        assert clock.timers == 0
    assert calls == [1]


async def test_nobody_looks_when_it_is_over() -> None:
    clock, calls = FakeClock(auto_advance=False), list[int]()
    with Reinforcement(clock, lambda: calls.append(1)) as others:
        assert clock.timers == 1
    assert clock.timers == 0
    clock.advance(1)
    assert not others.called.is_set()
    assert calls == []


async def test_of_several_downloads_one_calls_others_at_a_time() -> None:
    clock, calls = FakeClock(auto_advance=False), list[str]()
    lazy = Thread(clock, 0.0).worked
    with (
        Reinforcement(clock, lambda: calls.append("a"), lazy),
        Reinforcement(clock, lambda: calls.append("b"), lazy),
        Reinforcement(clock, lambda: calls.append("c"), lazy),
    ):
        clock.advance(0.006)
        assert calls == ["a"]
        clock.advance(0.07)
        assert calls == ["a"]
        clock.advance(0.02)
        assert calls == ["a", "b"]
        clock.advance(0.1)
        assert calls == ["a", "b", "c"]


async def test_one_that_helped_is_enough() -> None:
    clock, calls = FakeClock(auto_advance=False), list[str]()
    thread = Thread(clock, 0.0)
    with (
        Reinforcement(clock, lambda: calls.append("a"), thread.worked),
        Reinforcement(clock, lambda: calls.append("b"), thread.worked),
    ):
        clock.advance(0.006)
        thread.share = 0.9
        clock.advance(10)
    assert calls == ["a"]


async def test_downloads_of_another_thread_do_not_count() -> None:
    calls = list[str]()
    clocks = {name: FakeClock(auto_advance=False) for name in "ab"}
    with (
        Reinforcement(clocks["a"], lambda: calls.append("a"), lambda: 0.0),
        Reinforcement(clocks["b"], lambda: calls.append("b"), lambda: 0.0),
    ):
        for clock in clocks.values():
            clock.advance(0.006)
    assert calls == ["a", "b"]
