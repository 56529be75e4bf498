"""How long this thread has been busy: it ran, or stood in line for a processor that others used.

What is left of the time that passed, it waited for something else: bytes, a disk. The processor
time alone would take a machine that is shared for a slow link and a slow disk. What is concluded
from it is not known here.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

__all__ = ["busy_seconds"]

_STATISTICS: Final = Path("/proc/thread-self/schedstat")


def busy_seconds(statistics: Path = _STATISTICS) -> float:
    """Seconds so far; where the kernel does not tell how long it stood in line, it ran.

    Linux tells both, in nanoseconds (https://docs.kernel.org/scheduler/sched-stats.html), and
    reading that takes 10 us.
    """
    try:
        ran, waited, _ = map(int, statistics.read_bytes().split())
    except (OSError, ValueError):
        return time.thread_time()
    return (ran + waited) / 1e9 if ran else time.thread_time()  # a kernel that counts nothing
