"""The figures as a picture: one panel for each workload, one bar for each client.

It reads the JSON that a run wrote, so a picture can be made again without measuring:

    python -m benchmarks.plot RESULTS.json PICTURE.svg
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.clients.registry import BARE, CLIENTS, OURS

__all__ = ["draw", "save"]

_COLUMNS = 3
_PANEL_INCHES = (4.2, 2.1)
_COLOURS = {OURS: "#1a73e8", BARE: "#9aa0a6"}
_PEER_COLOUR = "#f29900"


def draw(results: dict[str, Any], picture: Path) -> None:
    """Make the picture; its ending says of which kind (`.svg`, `.png`)."""
    workloads = [found for found in results["workloads"] if found["rows"]]
    rows = -(-len(workloads) // _COLUMNS)
    figure = Figure(
        figsize=(_PANEL_INCHES[0] * _COLUMNS, max(1, rows) * _PANEL_INCHES[1] + 0.4),
        layout="constrained",
    )
    for number, workload in enumerate(workloads):
        _panel(figure.add_subplot(rows, _COLUMNS, number + 1), workload)
    machine = results["machine"]
    figure.suptitle(
        "Median rates, the better of asyncio and uvloop; longer is better"
        f" ({machine['processor']}, {machine['cores']} cores, Python {machine['python']})",
        fontsize=9,
    )
    save(figure, picture)


def save(figure: Figure, picture: Path) -> None:
    """Write a picture, the same bytes for the same figures."""
    picture.parent.mkdir(parents=True, exist_ok=True)
    metadata = {"Date": None} if picture.suffix == ".svg" else None
    with mpl.rc_context({"svg.hashsalt": "benchmarks", "svg.fonttype": "none"}):
        figure.savefig(picture, metadata=metadata)


def _panel(axes: Any, workload: dict[str, Any]) -> None:
    best: dict[str, float] = {}
    for row in workload["rows"]:
        best[row["client"]] = max(best.get(row["client"], 0.0), row["rate"])
    names = [name for name in reversed(CLIENTS) if name in best]
    bars = axes.barh(
        names,
        [best[name] for name in names],
        color=[_COLOURS.get(name, _PEER_COLOUR) for name in names],
    )
    axes.bar_label(bars, labels=[f"{best[name]:,.0f}" for name in names], fontsize=6, padding=2)
    unit = "objects/s" if workload["kind"].startswith("small") else "MiB/s"
    axes.set_title(f"{workload['title']} ({unit})", fontsize=7)
    axes.tick_params(labelsize=6)
    axes.margins(x=0.15)
    axes.spines[["top", "right"]].set_visible(False)


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
