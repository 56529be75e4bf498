"""Parts cover an object once, in order, within the service's limits."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage_stream._protocol.part_plan import (
    DEFAULT_PART_BYTES,
    MAX_PARTS,
    MIN_PART_BYTES,
    Part,
    plan_parts,
)
from storage_stream.errors import InvalidArgument

MIB = 1024 * 1024
GIB = 1024 * MIB
TIB = 1024 * GIB


@given(st.integers(0, 5 * TIB), st.integers(MIN_PART_BYTES, 5 * GIB))
def test_they_cover_the_object_once(size: int, part_bytes: int) -> None:
    plan = plan_parts(size, part_bytes)
    assert [part.number for part in plan] == list(range(1, len(plan) + 1))
    assert len(plan) <= MAX_PARTS
    assert plan[0].start == 0
    assert plan[-1].stop == size
    assert all(earlier.stop == later.start for earlier, later in itertools.pairwise(plan))
    assert all(MIN_PART_BYTES <= part.size <= 5 * GIB for part in plan[:-1])
    assert len({part.size for part in plan[:-1]}) <= 1
    assert size == 0 or plan[-1].size > 0


@pytest.mark.parametrize(
    ("size", "part_bytes", "sizes"),
    [
        (0, 5 * MIB, [0]),
        (1, 5 * MIB, [1]),
        (5 * MIB, 5 * MIB, [5 * MIB]),
        (5 * MIB + 1, 5 * MIB, [5 * MIB, 1]),
        (70 * MIB, DEFAULT_PART_BYTES, [32 * MIB, 32 * MIB, 6 * MIB]),
    ],
)
def test_sizes(size: int, part_bytes: int, sizes: list[int]) -> None:
    assert [part.size for part in plan_parts(size, part_bytes)] == sizes


def test_parts_grow_when_there_would_be_too_many() -> None:
    plan = plan_parts(TIB, 32 * MIB)
    assert plan[0] == Part(1, 0, 105 * MIB)
    assert len(plan) == 9987


@pytest.mark.parametrize("part_bytes", [0, -1, MIN_PART_BYTES - 1, 5 * GIB + 1])
def test_part_sizes_the_service_does_not_take(part_bytes: int) -> None:
    with pytest.raises(InvalidArgument, match="part_bytes"):
        plan_parts(1, part_bytes)


def test_objects_the_service_does_not_take() -> None:
    with pytest.raises(InvalidArgument, match="5497558138881"):
        plan_parts(5 * TIB + 1)
