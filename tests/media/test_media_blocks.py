"""Which blocks are held, and how many are asked for."""

from hypothesis import given
from hypothesis import strategies as st

from storage_stream.media.blocks import BlockCache, ReadAhead


def test_reading_on_doubles_the_request_up_to_the_limit() -> None:
    ahead = ReadAhead(8)
    asked, at = [], 0
    while at < 40:
        asked.append(ahead.plan(at))
        at += asked[-1]
    assert asked == [1, 2, 4, 8, 8, 8, 8, 8]


def test_a_jump_asks_for_one_block() -> None:
    ahead = ReadAhead(64)
    for at in (0, 1, 3):
        ahead.plan(at)
    assert ahead.plan(100) == 1
    assert ahead.plan(50) == 1
    assert ahead.plan(101) == 2


def test_several_runs_go_on_side_by_side() -> None:
    ahead = ReadAhead(64)
    places = [0, 1000, 2000, 3000]
    for expected in (1, 2, 4, 8, 16):
        for index, at in enumerate(places):
            assert ahead.plan(at) == expected
            places[index] = at + expected


def test_a_request_ends_with_the_object_and_before_what_is_there() -> None:
    ahead = ReadAhead(64)
    for at in (0, 1, 3, 7):
        ahead.plan(at)
    assert ahead.plan(15, 20) == 5
    ahead = ReadAhead(64)
    for at in (0, 1, 3, 7):
        ahead.plan(at)
    assert ahead.plan(15, 100, {18}.__contains__) == 3
    # Behind the block that was there it goes on at full length.
    assert ahead.plan(18) == 16


def test_runs_of_jumps_do_not_push_out_the_one_that_goes_on() -> None:
    ahead = ReadAhead(64)
    at = 0
    for step in range(6):
        at += ahead.plan(at)
        ahead.plan(1000 + 10 * step)
    assert ahead.plan(at) == 64


@given(
    st.lists(st.integers(0, 300), max_size=60),
    st.integers(1, 64),
    st.sets(st.integers(0, 300), max_size=40),
)
def test_a_plan_never_leaves_the_object_nor_asks_twice(
    misses: list[int], most: int, there: set[int]
) -> None:
    ahead = ReadAhead(most)
    for miss in misses:
        count = ahead.plan(miss, 301, there.__contains__)
        assert 1 <= count <= most
        assert miss + count <= 301
        assert there.isdisjoint(range(miss + 1, miss + count))


def test_what_was_used_last_stays() -> None:
    cache = BlockCache(2)
    cache.put(1, b"one")
    cache.put(2, b"two")
    assert cache.get(1) == b"one"
    cache.put(3, b"three")
    assert (1 in cache, 2 in cache, 3 in cache) == (True, False, True)
    assert cache.get(2) is None
    cache.clear()
    assert len(cache) == 0


@given(st.lists(st.integers(0, 20)), st.integers(1, 8))
def test_never_more_than_it_may_hold(numbers: list[int], most: int) -> None:
    cache = BlockCache(most)
    for number in numbers:
        cache.put(number, b"%d" % number)
        assert cache.get(number) == b"%d" % number
        assert len(cache) <= most
