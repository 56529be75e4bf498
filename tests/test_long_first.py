"""Long tests begin first in every worker's share, and no test is lost or run twice."""

from pathlib import Path

import pytest
from long_first import LONG, dealt, rank


@pytest.mark.parametrize("name", LONG)
def test_it_is_there(name: str) -> None:
    path = Path(__file__).parent / name
    assert path.exists()
    assert rank(path.as_posix()) == LONG.index(name)


def test_a_file_of_the_same_name_elsewhere_is_none() -> None:
    assert rank("/tests/of/test_examples.py") == len(LONG)
    assert rank("/tests/cli/test_examples.py") == len(LONG)


def shares(items: list[str], workers: int) -> list[list[str]]:
    """As `--dist worksteal` makes them."""
    found: list[list[str]] = []
    for worker in range(workers):
        size = len(items) // (workers - worker)
        found.append(items[:size])
        items = items[size:]
    return found


@pytest.mark.parametrize("workers", [1, 2, 3, 8])
@pytest.mark.parametrize(("short", "long"), [(100, 11), (101, 2), (97, 0), (0, 5), (3, 4)])
def test_each_share_begins_with_long_ones(short: int, long: int, workers: int) -> None:
    first = [f"long {number}" for number in range(long)]
    others = [f"short {number}" for number in range(short)]
    made = dealt(others, first, workers)
    assert sorted(made) == sorted([*first, *others])
    assert [item for item in made if item in others] == others
    if long + short >= 8 * long:  # there is room for them
        for number, share in enumerate(shares(made, workers)):
            mine = first[number::workers]
            assert share[: len(mine)] == mine
            assert not set(share[len(mine) :]) & set(first)
