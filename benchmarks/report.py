"""What was measured, as text for people and as JSON for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from benchmarks.clients.registry import BARE, OURS
from benchmarks.goals import verdicts
from benchmarks.summary import summarized

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.goals import Verdict
    from benchmarks.measuring import Measured
    from benchmarks.summary import Row, Summary

__all__ = ["goals_table", "rows_table", "to_json"]


def rows_table(summary: Summary) -> str:
    """One line for each client and loop, the fastest first."""
    workload = summary.workload
    units = ("objects/s", "CPU µs/object") if workload.counts_requests else ("MiB/s", "CPU s/GiB")
    ratios = ("rate ÷ best peer", "÷ bare", "CPU ÷ best peer", "÷ bare")
    heads = ("client", "loop", *units, "peak MiB", "growth MiB", *ratios)
    peers = workload.peers()
    rates = [_rate(summary.best_rate(others)) for others in (peers, [BARE])]
    costs = [_cost(summary.least_cost(others)) for others in (peers, [BARE])]
    lines = [
        (
            row.client,
            row.loop,
            f"{row.rate:,.0f}",
            f"{row.cost:.1f}" if workload.counts_requests else f"{row.cost:.3f}",
            f"{row.peak_rss_mib:.0f}",
            f"{row.rss_growth_mib:.1f}",
            *(_ratio(row.rate, rate) for rate in rates),
            *(_ratio(row.cost, cost) for cost in costs),
        )
        for row in sorted(summary.rows, key=lambda row: -row.rate)
    ]
    return f"{workload.name}: {workload.title}\n{_aligned([heads, *lines], words=2)}"


def goals_table(found: Iterable[Verdict]) -> str:
    """Each goal, what was measured, and whether it is reached."""
    words = {True: "yes", False: "NO", None: "not measured"}
    lines = [
        (
            verdict.workload,
            verdict.goal.words,
            verdict.goal.bound,
            "" if verdict.value is None else f"{verdict.value:.2f}",
            words[verdict.reached],
        )
        for verdict in found
    ]
    return _aligned([("workload", "figure", "goal", "measured", "reached"), *lines], words=3)


def to_json(results: Iterable[Measured], machine: dict[str, Any]) -> dict[str, Any]:
    """Everything: every sample, the medians, ratios and goals."""
    return {"machine": machine, "workloads": [_workload(result) for result in results]}


def _workload(measured: Measured) -> dict[str, Any]:
    summary = summarized(measured)
    workload = summary.workload
    return {
        **asdict(workload),
        "title": workload.title,
        "rows": [
            {
                **asdict(row),
                "samples": [asdict(sample) for sample in measured.samples[row.client, row.loop]],
            }
            for row in summary.rows
        ],
        "failures": [
            {"client": client, "loop": loop, "reason": reason}
            for (client, loop), reason in measured.failures.items()
        ],
        "ratios": {
            "rate_in_best_peer": summary.rate_ratio(OURS, workload.peers()),
            "rate_in_bare": summary.rate_ratio(OURS, [BARE]),
            "cost_in_best_peer": summary.cost_ratio(OURS, workload.peers()),
            "cost_in_bare": summary.cost_ratio(OURS, [BARE]),
        },
        "goals": [
            {
                "figure": verdict.goal.words,
                "at_least": verdict.goal.at_least,
                "at_most": verdict.goal.at_most,
                "measured": verdict.value,
                "reached": verdict.reached,
            }
            for verdict in verdicts(summary)
        ],
    }


def _rate(row: Row | None) -> float | None:
    return row.rate if row else None


def _cost(row: Row | None) -> float | None:
    return row.cost if row else None


def _ratio(value: float, other: float | None) -> str:
    return f"{value / other:.2f}" if other else ""


def _aligned(lines: Sequence[tuple[str, ...]], *, words: int) -> str:
    """Columns: the first ones are words, to the left, the others figures, to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if number < words else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
