"""Ranges of names and where to cut them: pure, so that properties can be drawn from anything."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage_stream.integrations.dask.names import NameRange, merged, middle, without

NAMES = st.text(st.sampled_from("/019azé\U0001f600"), max_size=6)
LETTERS = st.sets(st.sampled_from("/019azé\U0001f600"), max_size=8).map(sorted)
RANGES = st.builds(NameRange, NAMES, st.none() | NAMES)


def holds(ranges: list[NameRange], name: str) -> bool:
    return any(one.start <= name and (one.end is None or name < one.end) for one in ranges)


@given(NAMES, st.none() | NAMES, LETTERS)
@settings(max_examples=100)
def test_a_middle_is_between(start: str, end: str | None, letters: list[str]) -> None:
    if end is not None and end <= start:
        return
    cut = middle(start, end, letters)
    if cut is not None:
        assert start < cut
        assert end is None or cut < end
        assert start.encode() < cut.encode()  # as the service orders them


@pytest.mark.parametrize(
    ("start", "end", "letters", "expected"),
    [
        ("a", "z", "abcxyz", "x"),
        ("data/000", None, "/0123456789", "u"),
        ("data/000", "data/1", "0123456789", "data/05"),
        ("a", "b", "", "aS"),
        ("a", "a ", "", None),
        ("", None, "ab", "b"),
        ("abc", "abd5", "", "abd"),
    ],
)
def test_middles_by_example(
    start: str, end: str | None, letters: str, expected: str | None
) -> None:
    assert middle(start, end, letters) == expected


def test_a_middle_keeps_what_all_names_begin_with() -> None:
    assert middle("data/000", None, "/0123456789", beginning=5) == "data/5"


@given(st.lists(RANGES, max_size=6), NAMES)
@settings(max_examples=100)
def test_merging_changes_no_name(ranges: list[NameRange], name: str) -> None:
    together = merged(ranges)
    assert holds(together, name) == holds(ranges, name)
    assert together == sorted(together, key=lambda one: one.start)
    for one, other in itertools.pairwise(together):
        assert one.end is not None
        assert one.end < other.start


@given(st.lists(RANGES, max_size=6), RANGES, NAMES)
@settings(max_examples=100)
def test_what_is_done_is_taken_out_and_nothing_else(
    ranges: list[NameRange], done: NameRange, name: str
) -> None:
    if done.is_empty:
        return
    left = without(ranges, done)
    assert holds(left, name) == (holds(ranges, name) and not holds([done], name))
