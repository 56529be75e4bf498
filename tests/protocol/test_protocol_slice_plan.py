"""How an object is shared out among connections: every byte to one of them, none lost."""

from itertools import pairwise

import pytest
from fastcrc import crc32
from hypothesis import given
from hypothesis import strategies as st

from storage_stream._protocol.slice_plan import (
    DEFAULT_SLICE_BYTES,
    MIN_SLICE_BYTES,
    Filled,
    Slice,
    SlicePlan,
    check_slicing,
    is_worth_slicing,
)
from storage_stream.errors import InvalidArgument

KIB = 1024
MIB = 1024 * KIB
UNIT = MIN_SLICE_BYTES


def claims(plan: SlicePlan) -> list[tuple[int, int]]:
    found = []
    while one := plan.claim():
        found.append((one.start, one.stop))
    return found


def bring(one: Slice, data: bytes, size: int | None = None) -> None:
    """A connection brings bytes of its slice, as many as it may."""
    size = one.take(one.rest if size is None else size)
    one.put(crc32.iscsi(data[one.offset : one.offset + size], one.crc))


def test_eight_connections_get_equal_runs() -> None:
    plan = SlicePlan(0, 512 * MIB)
    assert claims(plan) == [(start * 64 * MIB, (start + 1) * 64 * MIB) for start in range(8)]
    assert plan.next_start is None
    assert not plan.is_complete


def test_a_huge_object_is_cut_into_few_runs_that_all_end_together() -> None:
    parts = claims(SlicePlan(0, 5 * 1024 * 1024 * MIB))
    assert len(parts) == 1024
    assert len({stop - start for start, stop in parts}) == 1
    sizes = [stop - start for start, stop in claims(SlicePlan(0, 5 * 1024 * MIB))]
    assert len(sizes) == 24
    assert max(sizes) <= 8 * DEFAULT_SLICE_BYTES
    assert max(sizes) - min(sizes) < 6 * MIB


def test_one_connection_begins_with_a_long_run_and_shares_it_out() -> None:
    plan = SlicePlan(0, 512 * MIB, begins_alone=True)
    first = plan.claim()
    assert first is not None
    assert (first.start, first.stop, plan.is_alone) == (0, 256 * MIB, True)
    first.take(64 * MIB)
    plan.spread()
    plan.spread()  # once is enough
    assert not plan.is_alone
    assert first.stop == 120 * MIB  # a share of what is left is 56 MiB
    assert claims(plan) == [((120 + 56 * at) * MIB, (176 + 56 * at) * MIB) for at in range(7)]


def test_one_connection_alone_brings_all_runs() -> None:
    assert claims(SlicePlan(0, 512 * MIB, begins_alone=True)) == [
        (0, 256 * MIB),
        (256 * MIB, 512 * MIB),
    ]


def test_what_is_shared_out_joins_what_nobody_had() -> None:
    filled = [Filled(20 * UNIT, 21 * UNIT, 0)]
    plan = SlicePlan(0, 40 * UNIT, slice_bytes=UNIT, workers=3, filled=filled, begins_alone=True)
    first = plan.claim()
    assert first is not None
    assert first.stop == 8 * UNIT
    plan.spread()
    assert first.stop == 7 * UNIT  # 39 are left: two rounds of 6.5 at most each, rounded up
    assert claims(plan)[0] == (7 * UNIT, 14 * UNIT)


def test_what_is_shared_out_keeps_its_end_where_something_is_there_already() -> None:
    filled = [Filled(6 * UNIT, 7 * UNIT, 0)]
    plan = SlicePlan(0, 9 * UNIT, slice_bytes=UNIT, workers=4, filled=filled, begins_alone=True)
    assert plan.claim() is not None
    plan.spread()
    assert claims(plan) == [
        (2 * UNIT, 4 * UNIT),
        (4 * UNIT, 6 * UNIT),
        (7 * UNIT, 9 * UNIT),
    ]


def test_a_run_that_is_nearly_done_is_not_shared_out() -> None:
    plan = SlicePlan(0, 8 * UNIT, slice_bytes=4 * UNIT, workers=2, begins_alone=True)
    first = plan.claim()
    assert first is not None
    first.take(7 * UNIT)
    plan.spread()
    assert first.stop == 8 * UNIT
    assert plan.next_start is None


def test_runs_are_not_smaller_than_a_slice_and_rests_are_not_left() -> None:
    assert claims(SlicePlan(0, 5 * UNIT + 1, slice_bytes=2 * UNIT)) == [
        (0, 2 * UNIT),
        (2 * UNIT, 4 * UNIT),
        (4 * UNIT, 5 * UNIT + 1),
    ]
    assert claims(SlicePlan(0, 5 * UNIT - 1, slice_bytes=2 * UNIT)) == [
        (0, 2 * UNIT),
        (2 * UNIT, 5 * UNIT - 1),
    ]


def test_in_order_gives_single_slices() -> None:
    plan = SlicePlan(7, 7 + 8 * UNIT, slice_bytes=UNIT, workers=2, in_order=True)
    assert plan.next_start == 7
    assert claims(plan) == [(7 + UNIT * k, 7 + UNIT * (k + 1)) for k in range(8)]


def test_what_is_there_is_not_asked_for() -> None:
    there = [Filled(6 * UNIT, 7 * UNIT, 1), Filled(0, UNIT, 2), Filled(UNIT, 2 * UNIT, 3)]
    plan = SlicePlan(0, 8 * UNIT, slice_bytes=UNIT, workers=1, filled=there)
    assert claims(plan) == [(2 * UNIT, 6 * UNIT), (7 * UNIT, 8 * UNIT)]
    assert [part.start for part in plan.filled()] == [0, UNIT, 6 * UNIT]


def test_all_is_there() -> None:
    plan = SlicePlan(0, UNIT, filled=[Filled(0, UNIT, 5)])
    assert plan.is_complete
    assert plan.claim() is None
    assert plan.take_over() is None
    assert (plan.checksum().value, plan.checksum().length) == (5, UNIT)


def test_an_idle_connection_takes_over_half_of_the_longest_rest() -> None:
    plan = SlicePlan(0, 16 * UNIT, slice_bytes=8 * UNIT, workers=2)
    first, second = plan.claim(), plan.claim()
    assert first is not None
    assert second is not None
    assert first.take(UNIT) == UNIT
    assert second.take(3 * UNIT + 5) == 3 * UNIT + 5
    taken = plan.take_over()
    assert taken is not None
    assert (first.stop, taken.start, taken.stop) == (4 * UNIT, 4 * UNIT, 8 * UNIT)
    assert second.stop == 16 * UNIT
    assert first.take(100 * UNIT) == 3 * UNIT


def test_little_is_taken_over_only_after_waiting() -> None:
    plan = SlicePlan(0, 16 * UNIT, slice_bytes=16 * UNIT, workers=1)
    one = plan.claim()
    assert one is not None
    one.take(9 * UNIT)
    assert plan.take_over() is None
    taken = plan.take_over(idle_at=1.0)
    assert taken is not None
    assert (one.stop, taken.start) == (12 * UNIT, 12 * UNIT)
    one.take(one.rest - 2 * UNIT + 1)
    taken.take(taken.rest - 2 * UNIT + 1)
    assert plan.take_over(idle_at=1.0) is None


def test_all_is_taken_from_a_connection_that_hardly_brings_anything() -> None:
    plan = SlicePlan(0, 4 * UNIT, slice_bytes=4 * UNIT, workers=1)
    one = plan.claim()
    assert one is not None
    one.take(3 * UNIT)
    assert plan.take_over(idle_at=10.0) is None  # the first look
    one.take(UNIT // 4)
    assert plan.take_over() is None
    assert plan.take_over(idle_at=10.1) is None  # too early to tell
    assert plan.take_over(idle_at=10.5) is None  # a quarter of what is left: it comes
    one.take(UNIT // 16)
    second = plan.take_over(idle_at=11.0)
    assert second is not None
    assert (one.rest, second.start, second.stop) == (0, one.taken, 4 * UNIT)
    assert one.take(100) == 0
    second.take(1)
    for look in range(12, 20):  # nobody takes it from the second: the network is slow
        assert plan.take_over(idle_at=float(look)) is None


def test_a_connection_that_has_not_begun_is_not_called_slow() -> None:
    plan = SlicePlan(0, UNIT, slice_bytes=UNIT, workers=1)
    assert plan.claim() is not None
    for look in range(3):
        assert plan.take_over(idle_at=float(look)) is None


def test_a_slice_that_is_under_way_counts_as_far_as_it_is_in_its_place() -> None:
    plan = SlicePlan(0, 4 * UNIT, slice_bytes=2 * UNIT, workers=2)
    first, second = plan.claim(), plan.claim()
    assert first is not None
    assert second is not None
    second.take(10)
    assert plan.filled() == []
    second.put(77)
    assert plan.filled() == [Filled(2 * UNIT, 2 * UNIT + 10, 77)]
    assert plan.checksum().length == 0


@pytest.mark.parametrize(
    ("size", "slice_bytes", "workers", "expected"),
    [
        (64 * MIB, 32 * MIB, 8, True),
        (64 * MIB - 1, 32 * MIB, 8, False),
        (64 * MIB, 32 * MIB, 2, True),
        (1024 * MIB, 32 * MIB, 1, False),
        (0, UNIT, 8, False),
    ],
)
def test_what_is_worth_it(
    size: int,
    slice_bytes: int,
    workers: int,
    expected: bool,  # noqa: FBT001 - a parameter
) -> None:
    assert is_worth_slicing(size, slice_bytes, workers) is expected


@pytest.mark.parametrize(
    ("slice_bytes", "workers", "word"),
    [(UNIT - 1, 8, "slice_bytes"), (0, 8, "slice_bytes"), (UNIT, 0, "workers")],
)
def test_what_cannot_be(slice_bytes: int, workers: int, word: str) -> None:
    with pytest.raises(InvalidArgument, match=word):
        check_slicing(slice_bytes, workers)
    check_slicing(UNIT, 1)


DATA = bytes(range(256)) * (20 * UNIT // 256)


@given(
    start=st.integers(0, 3 * UNIT),
    size=st.integers(1, 16 * UNIT),
    slice_units=st.integers(1, 4),
    workers=st.integers(1, 5),
    choices=st.lists(st.tuples(st.integers(0, 9), st.integers(1, 2 * UNIT)), max_size=80),
    cuts=st.lists(st.integers(0, 16 * UNIT), max_size=6, unique=True),
)
def test_every_byte_is_brought_once_whoever_takes_over_what(
    start: int,
    size: int,
    slice_units: int,
    workers: int,
    choices: list[tuple[int, int]],
    cuts: list[int],
) -> None:
    stop = start + size
    ends = sorted(start + cut for cut in cuts if cut <= size)
    there = [Filled(a, b, crc32.iscsi(DATA[a:b])) for a, b in list(pairwise(ends))[::2]]
    plan = SlicePlan(start, stop, slice_bytes=slice_units * UNIT, workers=workers, filled=there)
    running: list[Slice] = []
    finished: list[Slice] = []
    missing = size - sum(part.stop - part.start for part in there)
    brought = 0

    def fill(one: Slice, count: int | None) -> int:
        before = one.taken
        bring(one, DATA, count)
        return one.taken - before

    for step, (what, count) in enumerate(choices):
        if what < 3 or not running:
            new = plan.claim() or plan.take_over(float(step) if what == 0 else None)
            if new is not None:
                assert new.rest > 0
                running.append(new)
        else:
            chosen = running[what % len(running)]
            brought += fill(chosen, count)
        for one in running:
            if not one.rest and one.taken == one.offset and one not in finished:
                finished.append(one)
                plan.finish(one)
        running = [one for one in running if one.rest]
        assert [a.stop <= b.start for a, b in pairwise(plan.filled())].count(False) == 0
        snapshot = SlicePlan(start, stop, filled=plan.filled())
        assert sum(b - a for a, b in claims(snapshot)) == missing - brought
    while (last := plan.claim()) is not None:
        running.append(last)
    for one in running:
        brought += fill(one, None)
        plan.finish(one)
    assert brought == missing
    assert plan.is_complete
    total = plan.checksum()
    assert (total.length, total.value) == (size, crc32.iscsi(DATA[start:stop]))
