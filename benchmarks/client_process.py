"""One client does one job in this process, and prints what it cost.

    python -m benchmarks.client_process CLIENT LOOP CHECKED JOB

What a program does once (imports, session, TLS context, first connections) comes before the
measuring. The processor's time is that of all threads and of child processes; the peak of memory
is the kernel's, reset when the measuring begins.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import resource
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.clients.registry import CLIENTS
from benchmarks.job import Job
from benchmarks.process_memory import forget_peak, peak_bytes, resident_bytes
from benchmarks.received import Checked, Counted

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from benchmarks.clients.registry import Client

__all__ = ["WARM_UP_BYTES", "run"]

WARM_UP_BYTES = 16 * 1024


def cpu_seconds() -> float:
    """Processor time so far, of this process and of the children that it has waited for."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def reset_peak() -> None:
    """Let the peak begin anew; where the kernel refuses, it is that of the whole process."""
    try:
        forget_peak()
    except OSError as error:
        print(f"the peak of memory counts from the start: {error}", file=sys.stderr)


def warm_up_job(job: Job) -> Job:
    """A little of the same: as many requests as there will be connections, of small objects."""
    small = replace(job, size_bytes=WARM_UP_BYTES, tag="warm-up")
    small = replace(small, source=str(Path(job.source).with_name(str(WARM_UP_BYTES))))
    return small.with_count(min(job.count, 2 * job.concurrency))


async def run(client: Client, job: Job, *, checked: bool) -> dict[str, object]:
    """Do the job, and say what it took."""
    work = client.work(job.kind)
    received = Checked() if checked else Counted()
    async with client.load().opened(job) as opened:
        await work(opened, warm_up_job(job), Counted())
        gc.collect()
        reset_peak()
        resident, cpu, began = resident_bytes(), cpu_seconds(), time.perf_counter()
        await work(opened, job, received)
        seconds, cpu_after = time.perf_counter() - began, cpu_seconds()
    peak = peak_bytes()
    return {
        "seconds": seconds,
        "cpu_seconds": cpu_after - cpu,
        "peak_rss_bytes": peak,
        "rss_growth_bytes": max(0, peak - resident),
        "received_bytes": received.total_bytes,
        "checksums": sorted(received.checksums) if isinstance(received, Checked) else [],
    }


def on_loop(name: str, work: Coroutine[object, object, dict[str, object]]) -> dict[str, object]:
    """Run it on asyncio's own loop, or on uvloop."""
    if name == "uvloop":
        import uvloop  # noqa: PLC0415 - not everywhere

        result: dict[str, object] = uvloop.run(work)
        return result
    return asyncio.run(work)


def main() -> None:
    """Do what the command line says."""
    name, loop, checked, job = sys.argv[1:]
    work = run(CLIENTS[name], Job.of_json(job), checked=checked == "checked")
    print(json.dumps(on_loop(loop, work)), flush=True)
    # obstore's threads may crash a Python that ends while they still run; nothing is measured here.
    os._exit(0)


if __name__ == "__main__":
    main()
