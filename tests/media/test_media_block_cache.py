"""Which blocks are held, and which are asked for."""

from hypothesis import given
from hypothesis import strategies as st

from storage_stream.media.connections.blocks.block_cache import BlockCache, ReadAhead


def read(ahead: ReadAhead, needed: list[int], stop: int | None = None) -> list[tuple[int, int]]:
    """What is asked for when these are needed in this order, and nothing is forgotten."""
    there: set[int] = set()
    asked = []
    for number in needed:
        if number not in there:
            wanted = ahead.plan(number, stop, there.__contains__)
            there.update(wanted)
            asked.append((wanted.start, wanted.stop))
    return asked


def test_reading_on_doubles_the_request_up_to_the_limit() -> None:
    asked = read(ReadAhead(8), list(range(40)))
    assert [stop - start for start, stop in asked] == [1, 2, 4, 8, 8, 8, 8, 8]
    assert [start for start, _ in asked[1:]] == [stop for _, stop in asked[:-1]]


def test_what_will_be_read_whole_is_asked_for_at_full_length() -> None:
    ahead = ReadAhead(8)
    ahead.plan(0)
    ahead.expect_all()
    assert read(ahead, list(range(1, 20)), 20) == [(1, 9), (9, 17), (17, 20)]


def test_a_jump_asks_for_one_block() -> None:
    asked = read(ReadAhead(64), [0, 1, 3, 100, 50, 101, 20])
    assert asked == [(0, 1), (1, 3), (3, 7), (100, 101), (50, 51), (101, 103), (20, 21)]


def test_several_runs_go_on_side_by_side() -> None:
    places = [0, 1000, 2000, 3000]
    needed = [place + step for step in range(31) for place in places]
    sizes = [stop - start for start, stop in read(ReadAhead(64), needed)]
    assert sizes == [1] * 4 + [2] * 4 + [4] * 4 + [8] * 4 + [16] * 4


def test_reading_backwards_is_reading_on() -> None:
    asked = read(ReadAhead(8), [100, *range(99, 70, -1)])
    assert asked == [(100, 101), (98, 100), (94, 98), (86, 94), (78, 86), (70, 78)]


def test_rows_that_are_read_from_their_ends_are_filled() -> None:
    rows = 40
    needed = [16 * row + 15 - place for row in range(rows) for place in range(16)]
    asked = read(ReadAhead(64), [700, *needed])  # a directory at the end comes first
    assert len(asked) < 25
    assert sum(stop - start for start, stop in asked) <= 16 * rows + 64


def test_a_few_blocks_far_from_each_other_are_asked_for_alone() -> None:
    needed = [700, 701, 300, 316, 332, 348]  # a directory, and the rows of a crop
    asked = read(ReadAhead(64), needed)
    assert sum(stop - start for start, stop in asked) <= 7


def test_a_request_ends_with_the_object_and_before_what_is_there() -> None:
    assert read(ReadAhead(64), list(range(20)), 20)[-1] == (15, 20)
    ahead = ReadAhead(64)
    for at in (0, 1, 3, 7):
        ahead.plan(at)
    assert ahead.plan(15, 100, {18}.__contains__) == range(15, 18)


def test_runs_of_jumps_do_not_push_out_the_one_that_goes_on() -> None:
    ahead = ReadAhead(64)
    at = 0
    for step in range(6):
        at = ahead.plan(at).stop
        ahead.plan(10_000 + 1000 * step)
    assert len(ahead.plan(at)) == 64


@given(
    st.lists(st.integers(0, 300), max_size=60),
    st.integers(1, 64),
    st.sets(st.integers(0, 300), max_size=40),
)
def test_a_plan_has_the_block_stays_inside_and_asks_for_nothing_twice(
    misses: list[int], most: int, there: set[int]
) -> None:
    ahead = ReadAhead(most)
    for miss in misses:
        wanted = ahead.plan(miss, 301, there.__contains__)
        assert miss in wanted
        assert len(wanted) <= most
        assert wanted.start >= 0
        assert wanted.stop <= 301
        assert there.isdisjoint(set(wanted) - {miss})


def test_what_was_used_goes_before_what_was_read_ahead() -> None:
    cache = BlockCache(8)
    for number in range(8):
        cache.put(number, b"%d" % number)
        if number > 3:
            cache.get(number)
    cache.put(8, b"8")
    assert [number for number in range(9) if number in cache] == [0, 1, 2, 3, 5, 6, 7, 8]


def test_the_one_that_was_used_last_stays() -> None:
    cache = BlockCache(3)
    for number in (1, 2, 3):
        cache.put(number, b"%d" % number)
        cache.get(number)
    cache.get(1)
    cache.put(4, b"4")
    assert [number in cache for number in (1, 2, 3, 4)] == [True, False, True, True]
    assert cache.get(2) is None
    cache.clear()
    assert len(cache) == 0


def test_what_is_read_ahead_in_vain_does_not_fill_the_cache() -> None:
    cache = BlockCache(8)
    cache.put(0, b"directory")
    cache.get(0)
    for number in range(1, 100):
        cache.put(number, b"%d" % number)
    assert cache.get(0) == b"directory"


@given(st.lists(st.integers(0, 20)), st.integers(1, 8), st.sets(st.integers(0, 20)))
def test_never_more_than_it_may_hold(numbers: list[int], most: int, used: set[int]) -> None:
    cache = BlockCache(most)
    for number in numbers:
        cache.put(number, b"%d" % number)
        assert number in cache
        if number in used:
            assert cache.get(number) == b"%d" % number
        assert len(cache) <= most
