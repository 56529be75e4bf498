"""A whole run: a server, clients, what goes wrong, and the reckoning."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchmarks.servers.processes import free_port
from benchmarks.soak.chaos import Chaos, Plan, Process
from benchmarks.soak.judge import Verdict, judge
from benchmarks.soak.ledger import Model, read_lines
from benchmarks.soak.place import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

__all__ = ["Outcome", "soak"]

_TURN_SECONDS = 0.02
_TOLD_SECONDS = 15.0
_SETTLE_SECONDS = 180.0
# Bytes of growth in the later half; the memory of a healthy client wanders by 15 MB up and down. So
# a run of ten minutes tells a leak of 5 MB a minute, one of a night of 100 kB.
_MOST_GROWTH = 24_000_000
_LEAST_SAMPLES = 60  # below, a slope is the warming up


@dataclass(slots=True)
class Outcome:
    """What came of a run.

    Attributes:
        seconds: How long there was work, without the reckoning.
        clients: What each client reported.
        chaos: What was broken.
        verdict: What is there, against what was acknowledged.
        leaked: What was not let go of.
        broken: Clients that ended badly, and what their operations found wrong.
        server: What the server had left at the end.
    """

    seconds: float
    clients: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    chaos: dict[str, Any] = field(default_factory=dict[str, Any])
    verdict: Verdict = field(default_factory=Verdict)
    leaked: list[str] = field(default_factory=list[str])
    broken: list[str] = field(default_factory=list[str])
    server: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def figures(self) -> dict[str, int]:
        """The four numbers that have to be 0, and the one beside them."""
        return {
            "lost": len(self.verdict.lost),
            "doubled": len(self.verdict.doubled),
            "wrong bytes": len(self.verdict.wrong),
            "leaked": len(self.leaked),
            "broken": len(self.broken),
        }

    @property
    def is_good(self) -> bool:
        """Whether all of them are."""
        return not any(self.figures.values())

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "figures": self.figures,
            "seconds": round(self.seconds, 1),
            "chaos": self.chaos,
            "verdict": self.verdict.document(),
            "leaked": self.leaked,
            "broken": self.broken,
            "server": self.server,
            "clients": self.clients,
        }


def soak(
    folder: Path,
    seconds: float,
    *,
    seed: int,
    clients: int = 2,
    plan: Plan | None = None,
    tell: Callable[[str], None] = print,
    is_enough: Callable[[Mapping[str, int]], bool] = lambda _: True,
    spoil: Callable[[Place], None] | None = None,
) -> Outcome:
    """Run it.

    Args:
        folder: Empty; for everything.
        seconds: How long there is work.
        seed: For all choices; what is under way at a moment depends on the machine, too.
        clients: Processes; all but the first are killed now and then.
        plan: How often what is broken.
        tell: Is told how it goes.
        is_enough: Given what was broken how often; work goes on behind its time until this is so.
        spoil: Called before the reckoning, to see whether it notices.
    """
    place = Place(folder / "data", free_port())
    processes = [
        Process(folder / f"client{number}", number, place, seed + number)
        for number in range(clients)
    ]
    place.start()
    try:
        place.make_buckets()
        chaos = Chaos(place, processes[1:], plan or Plan(), seed)
        outcome = Outcome(_work(processes, chaos, seconds, tell, is_enough))
        outcome.chaos = chaos.document()
        place.disarm()
        tell("ending what is begun")
        _settle(processes, outcome)
        outcome.server = {**place.status(), "memory_bytes": place.memory_bytes()}
        if spoil is not None:
            spoil(place)
        tell("reckoning")
        outcome.verdict = judge(place, _model(processes))
        _reckon(processes, outcome)
    finally:
        for process in processes:
            process.kill()
        place.stop()
    return outcome


def _work(
    processes: list[Process],
    chaos: Chaos,
    seconds: float,
    tell: Callable[[str], None],
    is_enough: Callable[[Mapping[str, int]], bool],
) -> float:
    begun = next_told = time.monotonic()
    for process in processes:
        process.start()
    while (now := time.monotonic()) < begun + seconds or not is_enough(chaos.counts):
        chaos.turn()
        if now >= next_told:
            next_told = now + _TOLD_SECONDS
            tell(f"{now - begun:6.0f} s  {_progress(processes)}  {dict(chaos.counts)}")
        for process in processes:
            if process.exit_status is not None:
                tell(f"client {process.number} ended by itself")
                return now - begun
        time.sleep(_TURN_SECONDS)
    return time.monotonic() - begun


def _progress(processes: list[Process]) -> str:
    done = 0
    for process in processes:
        done += sum(bool(line.get("done")) for line in read_lines(process.folder / "ledger.jsonl"))
    return f"{done} changes acknowledged"


def _settle(processes: list[Process], outcome: Outcome) -> None:
    for process in processes:
        process.tell_to_stop()
    for process in processes:
        if not process.ended_within(_SETTLE_SECONDS):
            outcome.broken.append(f"client {process.number} does not end")
        elif process.exit_status != 0:
            told = (process.folder / "output.txt").read_text(errors="replace")[-3000:]
            outcome.broken.append(f"client {process.number} ended by {process.exit_status}: {told}")


def _model(processes: list[Process]) -> Model:
    model = Model()
    for process in processes:
        model.read(read_lines(process.folder / "ledger.jsonl"))
    return model


def _reckon(processes: list[Process], outcome: Outcome) -> None:
    """What the clients found, and did not let go of."""
    for process in processes:
        path = process.folder / "report.json"
        if not path.exists():
            continue
        report = json.loads(path.read_text(encoding="utf-8"))
        outcome.clients.append(report)
        label = f"client {process.number}"
        outcome.leaked += [f"{label}: {what}" for what in report["leaked"]]
        for what in report["wrong"]:
            kind = outcome.verdict.wrong if "WrongBytes" in what else outcome.broken
            (outcome.verdict.lost if "Lost" in what else kind).append(f"{label}: {what}")
        memory = report["memory"]
        growth = memory["slope_per_minute"] * outcome.seconds / 120
        if memory["samples"] >= _LEAST_SAMPLES and growth > _MOST_GROWTH:
            outcome.leaked.append(f"{label}: {growth:.0f} bytes of memory in the later half")
    if outcome.server.get("open_connections"):
        outcome.leaked.append(f"{outcome.server['open_connections']} connections of the server")
