"""The rounds: every client takes its turn in each, so that a slow moment hits all of them."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.clients.registry import CLIENTS
from benchmarks.running import ClientFailed, Sample, run_client

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.servers.place import Place
    from benchmarks.workloads import Workload

__all__ = ["Measured", "Plan", "measure"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured.

    Attributes:
        workloads: Which workloads.
        clients: Which clients, of those that can do them.
        loops: Which event loops, where the client makes use of them.
        rounds: How often.
        verify_apart: Verify each client once in a run that is not timed; False verifies the
            timed runs, which costs them a checksum.
    """

    workloads: Sequence[Workload]
    clients: Sequence[str]
    loops: Sequence[str]
    rounds: int
    verify_apart: bool = True

    def runs(self, workload: Workload) -> Iterator[tuple[str, str]]:
        """Clients and loops of one round."""
        for name in workload.clients():
            if name in self.clients:
                loops = [loop for loop in CLIENTS[name].loops if loop in self.loops]
                for loop in loops or CLIENTS[name].loops[:1]:
                    yield name, loop


@dataclass(slots=True)
class Measured:
    """What came of one workload: samples and failures, by client and loop."""

    workload: Workload
    samples: dict[tuple[str, str], list[Sample]] = field(default_factory=dict)
    failures: dict[tuple[str, str], str] = field(default_factory=dict)

    def take(self, place: Place, run: tuple[str, str], *, checked: bool, timed: bool) -> None:
        """Run a client, and keep what it took, or why it failed; it is not tried again then."""
        if run in self.failures:
            return
        try:
            sample = run_client(place, self.workload, *run, checked=checked)
        except ClientFailed as failure:
            self.failures[run] = str(failure)
            self.samples.pop(run, None)
            print(f"{self.workload.name}: {' on '.join(run)} failed: {failure}", file=sys.stderr)
        else:
            if timed:
                self.samples.setdefault(run, []).append(sample)


def measure(place: Place, plan: Plan, results: Sequence[Measured]) -> None:
    """Verify everybody, then measure in rounds.

    Args:
        place: What they run against.
        plan: What is measured.
        results: What was measured is added here, one for each workload of the plan: the caller
            has it even when this is interrupted.
    """
    if plan.verify_apart:
        for result in results:
            _say(f"verifying {result.workload.name}")
            for run in plan.runs(result.workload):
                result.take(place, run, checked=True, timed=False)
    for number in range(plan.rounds):
        for result in results:
            _say(f"round {number + 1} of {plan.rounds}: {result.workload.name}")
            for run in plan.runs(result.workload):
                result.take(place, run, checked=not plan.verify_apart, timed=True)


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
