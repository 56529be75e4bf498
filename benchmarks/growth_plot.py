"""The picture of `growth`: time and memory against size, and against count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from benchmarks.plot import save

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.growth import Point

__all__ = ["draw"]


def draw(points: Sequence[Point], picture: Path) -> None:
    """Make the picture; its ending says of which kind (`.svg`, `.png`)."""
    figure = Figure(figsize=(9, 6), layout="constrained")
    for row, by_size in enumerate((True, False)):
        own = [point for point in points if point.line.endswith("GiB") is by_size]
        time = figure.add_subplot(2, 2, 2 * row + 1)
        memory = figure.add_subplot(2, 2, 2 * row + 2)
        unit = "GiB" if by_size else "objects of 16 KiB"
        _curves(time, own, "seconds", unit)
        _curves(memory, own, "rss_growth_mib", unit)
        time.set(yscale="log", ylabel="seconds")
        most = max(point.rss_growth_mib for point in own)
        # At least so high that the noise of an allocator looks like what it is.
        memory.set(ylabel="memory growth, MiB", ylim=(0, max(32, 1.1 * most)))
    save(figure, picture)


def _curves(axes: Any, points: Sequence[Point], figure: str, unit: str) -> None:
    for line in dict.fromkeys(point.line for point in points):
        own = [point for point in points if point.line == line]
        axes.plot(
            [point.amount for point in own],
            [getattr(point, figure) for point in own],
            marker="o",
            label=line.removesuffix(", GiB"),
        )
    axes.set(xscale="log", xlabel=unit)
    axes.grid(visible=True, alpha=0.3)
    axes.legend(fontsize=7)
