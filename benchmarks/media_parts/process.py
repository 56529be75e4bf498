"""The process that does one piece of work and measures itself.

python -m benchmarks.media_parts.process NAME URL FOLDER
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.media_parts.registry import WORKS
from benchmarks.media_parts.work import BUCKET, MIB
from benchmarks.process_memory import forget_peak, peak_bytes
from storage_stream import Storage

if TYPE_CHECKING:
    from benchmarks.media_parts.work import Outcome, Work

_STEP = 0.005  # seconds between two looks at the clock


class Lag:
    """How late the event loop is, sampled while the work goes on."""

    def __init__(self) -> None:
        self.late: list[float] = []

    async def watch(self) -> None:
        """Until it is cancelled."""
        while True:
            due = time.perf_counter() + _STEP
            await asyncio.sleep(_STEP)
            self.late.append(max(0.0, time.perf_counter() - due))

    def at(self, share: float) -> float:
        """What that share of the samples stayed under."""
        ordered = sorted(self.late) or [0.0]
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


async def _measured(name: str, url: str, folder: Path) -> dict[str, Any]:
    work = WORKS[name]
    os.environ["STORAGE_EMULATOR_HOST"] = url  # for work that arms faults
    async with Storage(api_root=url, anonymous=True) as storage:
        for sample in work.samples:
            for copy in range(work.copies):
                target = sample if copy == 0 else f"{sample}-{copy}"
                await storage.upload_from_filename(BUCKET, target, folder / sample)
        forget_peak()
        lag = Lag()
        watching = asyncio.create_task(lag.watch())
        cpu, begun = _cpu(), time.perf_counter()
        outcome = await work.act(storage, folder)
        seconds, cpu = time.perf_counter() - begun, _cpu() - cpu
        watching.cancel()
    size = sum((folder / sample).stat().st_size for sample in work.samples) * work.copies
    return _figures(name, work, outcome, size, seconds, cpu, lag)


def _figures(
    name: str, work: Work, outcome: Outcome, size: int, seconds: float, cpu: float, lag: Lag
) -> dict[str, Any]:
    seconds = seconds if outcome.seconds is None else outcome.seconds
    peak = peak_bytes() if outcome.peak_rss is None else outcome.peak_rss
    late = lag.at(0.99)
    within = (
        outcome.is_right,
        peak <= work.peak_mib * MIB,
        work.requests is None or (outcome.requests or 0) <= work.requests,
        work.share is None or (outcome.downloaded or 0) <= work.share * size,
        work.seconds is None or seconds <= work.seconds,
        work.lag is None or late <= work.lag,
    )
    return {
        "name": name,
        "goal": work.goal,
        "reached": all(within),
        "size": size,
        "seconds": seconds,
        "cpu_seconds": cpu,
        "peak_rss": peak,
        "requests": outcome.requests,
        "downloaded": outcome.downloaded,
        "lag_p99": late,
        "lag_max": lag.at(1.0),
        "more": outcome.more,
    }


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    told = asyncio.run(_measured(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
    sys.stdout.write(json.dumps(told))
