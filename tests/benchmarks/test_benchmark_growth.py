"""Growth: what is measured, what is said of it."""

from pathlib import Path

import pytest

from benchmarks.growth import Point, lines, slope, table
from benchmarks.growth_plot import draw


def point(amount: float, seconds: float, line: str = "one object downloaded, GiB") -> Point:
    return Point(line, amount, seconds, seconds / 2, peak_rss_mib=40, rss_growth_mib=amount)


def test_every_amount_is_a_workload_of_its_own() -> None:
    found = lines((1024, 2048), (10, 20, 30))
    assert [len(line.workloads) for line in found] == [2, 2, 3, 3]
    assert [workload.size_bytes for workload in found[0].workloads] == [1024, 2048]
    assert [workload.count for workload in found[2].workloads] == [10, 20, 30]


def test_twice_the_time_for_twice_the_amount_is_linear() -> None:
    straight = [point(8, 8.5), point(0.1, 0.7), point(4, 4.25)]
    assert slope(straight, "seconds") == pytest.approx(1)
    assert slope([point(1, 1), point(10, 20)], "cpu_seconds") == pytest.approx(2)


def test_the_table_says_how_time_and_memory_grow() -> None:
    text = table([point(4, 4), point(8, 12), point(10, 1, "small"), point(100, 10, "small")])
    assert "at most 8.0 MiB; the last step costs each unit 1.50 of the time before it" in text
    assert "at most 100.0 MiB; the last step costs each unit 1.00 of the time before it" in text


def test_the_picture_is_drawn(tmp_path: Path) -> None:
    points = [point(4, 4), point(8, 12), point(10, 1, "small"), point(100, 10, "small")]
    draw(points, tmp_path / "growth.svg")
    assert "objects of 16 KiB" in (tmp_path / "growth.svg").read_text()
