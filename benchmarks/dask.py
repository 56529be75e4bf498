"""A cluster's run: how it grows with the number of objects, and with the number of workers.

    python -m benchmarks.dask [growth] [workers] [--objects N ...] [--json FILE]

`growth` copies 10^3, 10^4 and 10^5 objects between buckets of an emulator by two workers, and tells
requests, time, the most memory that the scheduler and the client used, and what was written to the
manifest. `workers` lets one and then two workers do the same, in two ways in which the server is
not the limit: copies by a service that is 500 ms away, where workers wait; and a function that
computes 5 ms on each object, where they compute. Scheduler, workers and emulator are processes of
their own, on this machine.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.cluster_processes import Processes
from benchmarks.filled_emulator import COPY
from benchmarks.process_memory import forget_peak, peak_bytes
from storage_stream.integrations.dask import connect, map_objects, transfer

if TYPE_CHECKING:
    from storage_stream.integrations.dask import ClusterSummary, SourceObject

_MIB = 1024 * 1024
_GROWTH = (1_000, 10_000, 100_000)
_SCALING_OBJECTS = 20_000
_COMPUTED_OBJECTS = 4_000
_LATENCY_SECONDS = 0.5
_COMPUTE_SECONDS = 0.005


def computes(data: bytes, source: SourceObject) -> None:
    """So much of the processor's own time for each object, whatever else it does."""
    del source
    end = time.thread_time() + _COMPUTE_SECONDS
    while time.thread_time() < end:
        data = hashlib.sha256(data).digest()


def grown(objects: int) -> dict[str, Any]:
    """Copy so many, and tell what it took."""
    with tempfile.TemporaryDirectory() as folder, Processes(Path(folder)) as processes:
        processes.emulator("--objects", str(objects), "--names", "skewed")
        scheduler, address = processes.scheduler()
        for _ in range(2):
            processes.worker(address)
        with connect(address) as client:
            client.wait_for_workers(2, timeout=60)
            before = peak_bytes(scheduler.pid)
            for pid in (scheduler.pid, "self"):
                forget_peak(pid)
            begun, cpu = peak_bytes(), time.process_time()
            summary = transfer(
                *(client, "gs://source/data/", "gs://target/copy/"),
                storage_options={"api_root": processes.url, "api_is_dev": True},
                ramp_up=False,
            )
            memory = peak_bytes(scheduler.pid)
            own, cpu = peak_bytes(), time.process_time() - cpu
        operations = processes.counts()["operations"]
    requests = sum(operations.values())
    return {
        "objects": objects,
        "done": summary.done,
        "seconds": round(summary.seconds, 2),
        "copies": operations[COPY],
        "lists": operations["storage.objects.list"],
        "other_requests": requests - operations[COPY] - operations["storage.objects.list"],
        "units": summary.units,
        "most_futures": summary.most_futures,
        "manifest_bytes": summary.manifest_bytes,
        "scheduler_mib_before": round(before / _MIB, 1),
        "scheduler_mib": round(memory / _MIB, 1),
        "client_cpu_seconds": round(cpu, 2),
        "client_mib_before": round(begun / _MIB, 1),
        "client_mib": round(own / _MIB, 1),
    }


def by_workers(kind: str, objects: int, workers: int) -> float:
    """Objects a second.

    Args:
        kind: `waits` or `computes`.
        objects: How many.
        workers: The same.
    """
    with tempfile.TemporaryDirectory() as folder, Processes(Path(folder)) as processes:
        latency = _LATENCY_SECONDS if kind == "waits" else 0
        processes.emulator("--objects", str(objects), "--latency", str(latency))
        _, address = processes.scheduler()
        for _ in range(workers):
            processes.worker(address)
        with connect(address) as client:
            client.wait_for_workers(workers, timeout=60)
            summary = _done(kind, client, processes.url)
    if summary.done != objects or summary.failed:
        raise RuntimeError(f"not all was done: {summary}")
    return objects / summary.seconds


def _done(kind: str, client: Any, url: str) -> ClusterSummary:
    options: dict[str, Any] = {
        "storage_options": {"api_root": url, "api_is_dev": True},
        "ramp_up": False,
        "unit_objects": 500,
        "concurrency": 64,
    }
    if kind == "waits":
        return transfer(client, "gs://source/data/", "gs://target/copy/", **options)
    return map_objects(client, "gs://source/data/", computes, **options)


def main(words: list[str]) -> int:
    """Measure what is asked for, print it, and write it where that is asked for."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench dask",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("what", nargs="*", help="growth, workers; both if nothing is said")
    parser.add_argument("--objects", type=int, nargs="+", default=list(_GROWTH))
    parser.add_argument("--scaling-objects", type=int, default=_SCALING_OBJECTS)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args(words)
    if unknown := set(given.what) - {"growth", "workers"}:
        parser.error(f"{unknown.pop()!r}: growth or workers")
    found: dict[str, Any] = {"growth": [], "workers": []}
    for objects in given.objects if "growth" in given.what or not given.what else ():
        found["growth"].append(grown(objects))
        print(found["growth"][-1], flush=True)
    if "workers" in given.what or not given.what:
        counts = {"waits": given.scaling_objects}
        counts["computes"] = min(given.scaling_objects, _COMPUTED_OBJECTS)
        found["workers"] = [_compared(*one, given.rounds) for one in counts.items()]
    if given.json:
        given.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


def _compared(kind: str, objects: int, rounds: int) -> dict[str, Any]:
    """One beside two, in turns; the best of each counts, since neighbours only make it worse."""
    rates: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(rounds):
        for workers, found in rates.items():
            found.append(by_workers(kind, objects, workers))
    one, two = max(rates[1]), max(rates[2])
    print(f"{kind}, {objects} objects: {one:,.0f}/s by one, {two:,.0f}/s by two: {two / one:.2f} x")
    return {"kind": kind, "objects": objects, "one": one, "two": two, "ratio": two / one}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
