"""The table that is to be reached, and whether it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.clients.registry import BARE, OURS
from benchmarks.summary import Summary

__all__ = ["GOALS", "Goal", "Verdict", "verdicts"]

Measure = Callable[[Summary], float | None]


def rate_in_peers(summary: Summary) -> float | None:
    """Our rate in the best peer's."""
    return summary.rate_ratio(OURS, summary.workload.peers())


def rate_in_bare(summary: Summary) -> float | None:
    """Our rate in the bare sockets'."""
    return summary.rate_ratio(OURS, [BARE])


def cost_in_bare(summary: Summary) -> float | None:
    """Our processor time in the bare sockets'."""
    return summary.cost_ratio(OURS, [BARE])


def peak_mib(summary: Summary) -> float | None:
    """The size of our process."""
    found = summary.largest(OURS)
    return found and found[0]


def growth_mib(summary: Summary) -> float | None:
    """What the transfer added to the size of our process."""
    found = summary.largest(OURS)
    return found and found[1]


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound for one figure.

    Attributes:
        words: What is bounded.
        measure: The figure.
        at_least: The lower bound, or None.
        at_most: The upper bound, or None.
    """

    words: str
    measure: Measure
    at_least: float | None = None
    at_most: float | None = None

    def reached_by(self, value: float) -> bool:
        """Whether a figure is within the bounds."""
        return (self.at_least is None or value >= self.at_least) and (
            self.at_most is None or value <= self.at_most
        )

    @property
    def bound(self) -> str:
        """The bounds in words."""
        lower = [] if self.at_least is None else [f"≥ {self.at_least:g}"]
        upper = [] if self.at_most is None else [f"≤ {self.at_most:g}"]
        return " and ".join(lower + upper)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A goal beside what was measured; None where it was not."""

    workload: str
    goal: Goal
    value: float | None

    @property
    def reached(self) -> bool | None:
        """Whether it is; None where it was not measured."""
        return None if self.value is None else self.goal.reached_by(self.value)


def _beside_peers(factor: float) -> Goal:
    return Goal("rate ÷ best peer", rate_in_peers, at_least=factor)


def _beside_bare(factor: float) -> Goal:
    return Goal("rate ÷ bare", rate_in_bare, at_least=factor)


_FLAT = Goal("memory growth, MiB", growth_mib, at_most=16)
_STREAM = (Goal("CPU ÷ bare", cost_in_bare, at_most=1.25), _beside_peers(1), _FLAT)
_STREAM_TLS = (Goal("CPU ÷ bare", cost_in_bare, at_most=1.1), _beside_peers(1), _FLAT)

GOALS: dict[str, tuple[Goal, ...]] = {
    "stream-64k": _STREAM,
    "stream-1m": _STREAM,
    "stream-64k-tls": _STREAM_TLS,
    "stream-1m-tls": _STREAM_TLS,
    "file": (_beside_peers(1.35), _beside_bare(0.9), _FLAT),
    "file-tls": (_beside_bare(0.95), _FLAT),
    "files-8": (_beside_peers(1.6), Goal("memory, MiB", peak_mib, at_most=96)),
    "small-down": (_beside_peers(3),),
    "small-down-tls": (_beside_peers(2.2),),
    "upload": (_beside_peers(1.2), _FLAT),
    "small-up": (_beside_peers(2.5),),
    "long-file": (_beside_bare(0.98),),
}


def verdicts(summary: Summary) -> list[Verdict]:
    """Every goal of a workload beside what was measured."""
    goals = GOALS.get(summary.workload.name, ())
    return [Verdict(summary.workload.name, goal, goal.measure(summary)) for goal in goals]
