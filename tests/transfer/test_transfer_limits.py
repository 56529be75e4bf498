"""How many at once, and how fast: found out without a loop and without waiting."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage_stream._transfer.limits import WRITES_PER_SECOND, AdaptiveLimit, RampUp
from storage_stream.errors import InvalidArgument


def simulated(capacity: int, *, most: int, refuses: bool, seconds: float = 60.0) -> list[int]:
    """The limits that came of a service that does `capacity` items at once, each in 50 ms.

    Beyond that it queues them, or refuses.
    """
    limit, now, sizes = AdaptiveLimit(start=4, most=most), 0.0, list[int]()
    while now < seconds:
        size = limit.size
        now += 0.05 * max(1.0, size / capacity)
        for _ in range(size):
            if refuses and size > capacity:
                limit.overloaded()
            limit.settled(10_000, under_way=size, now=now)
        sizes.append(limit.size)
    return sizes


@given(st.integers(1, 200), st.booleans())
@settings(max_examples=50, deadline=None)
def test_it_finds_what_the_service_can_do(capacity: int, refuses: bool) -> None:  # noqa: FBT001 - drawn
    sizes = simulated(capacity, most=256, refuses=refuses)
    settled = sizes[len(sizes) // 2 :]
    mean = sum(settled) / len(settled)
    assert min(capacity, 4) / 2 <= mean <= max(3 * capacity, 10)
    if not refuses:
        # Nearly all that it can do is used.
        assert mean >= 0.5 * capacity


@given(
    st.integers(1, 8),
    st.integers(8, 64),
    st.lists(st.tuples(st.booleans(), st.integers(0, 10**7), st.floats(0, 1)), max_size=200),
)
@settings(max_examples=100)
def test_it_keeps_its_bounds(least: int, most: int, events: list[tuple[bool, int, float]]) -> None:
    limit, now = AdaptiveLimit(start=16, most=most, least=least), 0.0
    for refused, size, passed in events:
        now += passed
        before = limit.size
        if refused:
            limit.overloaded()
            assert limit.size <= before
        limit.settled(size, under_way=limit.size, now=now)
        assert least <= limit.size <= most


def test_many_refusals_at_once_are_one() -> None:
    limit = AdaptiveLimit(start=64, most=64)
    for _ in range(20):
        limit.overloaded()
    assert limit.size == 32


def test_too_little_to_do_says_nothing() -> None:
    limit, now = AdaptiveLimit(start=16, most=64), 0.0
    for _ in range(100):
        now += 0.1
        limit.settled(1, under_way=3, now=now)
    assert limit.size == 16


@pytest.mark.parametrize(("least", "most"), [(0, 1), (2, 1)])
def test_limits_that_contradict_each_other(least: int, most: int) -> None:
    with pytest.raises(InvalidArgument):
        AdaptiveLimit(start=1, most=most, least=least)


def test_the_rate_begins_as_asked_and_doubles_every_twenty_minutes() -> None:
    ramp = RampUp(WRITES_PER_SECOND, now=100.0)
    assert ramp.rate(100.0) == 1000.0
    assert ramp.rate(1300.0) == pytest.approx(2000.0)
    assert ramp.rate(2500.0) == pytest.approx(4000.0)
    with pytest.raises(InvalidArgument):
        RampUp(0)


@given(st.integers(0, 2**32), st.sampled_from([10.0, 1000.0, 5000.0]))
@settings(max_examples=50)
def test_no_second_has_more_than_its_rate(seed: int, rate: float) -> None:
    dice, ramp, now = random.Random(seed), RampUp(rate), 0.0  # noqa: S311 - not secret
    begun: list[float] = []
    while len(begun) < 300:
        if dice.random() < 0.1:
            now += dice.random() / rate * 100
        begun.append(now + ramp.delay(now))
    for first in range(0, len(begun), 20):
        within = sum(1 for time in begun if begun[first] <= time < begun[first] + 1.0)
        assert within <= rate * 1.1 + 2
