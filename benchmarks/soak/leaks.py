"""What one process holds: descriptors, threads, tasks, memory."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Holdings", "holdings", "memory_bytes", "slope"]

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_POOLS = ("asyncio_", "ThreadPoolExecutor")  # threads that a pool keeps for the next work


@dataclass(frozen=True, slots=True)
class Holdings:
    """What is held now.

    Attributes:
        descriptors: What open files and sockets lead to.
        threads: Those of pools left out.
        tasks: Besides the one that asks.
        files: Temporary files and folders.
    """

    descriptors: tuple[str, ...]
    threads: int
    tasks: int
    files: tuple[str, ...]

    def beyond(self, before: Holdings) -> list[str]:
        """What there is more than before."""
        found = [
            f"{now} {what}, {then} before"
            for what, now, then in (
                ("threads", self.threads, before.threads),
                ("tasks", self.tasks, before.tasks),
            )
            if now > then
        ]
        if len(self.descriptors) > len(before.descriptors):
            found.append(f"the descriptors {self.descriptors}, before {before.descriptors}")
        return found + [f"the file {name}" for name in self.files if name not in before.files]


def holdings(folder: Path) -> Holdings:
    """Count.

    Args:
        folder: Whose files are told.
    """
    gc.collect()
    names = [thread.name for thread in threading.enumerate()]
    return Holdings(
        tuple(_descriptors()),
        sum(not name.startswith(_POOLS) for name in names),
        len(asyncio.all_tasks()) - 1,
        tuple(sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))),
    )


def _descriptors() -> Iterator[str]:
    for path in sorted(Path("/proc/self/fd").iterdir()):
        with suppress(FileNotFoundError):  # the one that lists them
            yield str(path.readlink())


def memory_bytes() -> int:
    """Resident memory."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * _PAGE_BYTES


def slope(samples: list[tuple[float, int]]) -> float:
    """Bytes a minute that the memory grows, by least squares over the later half of the samples.

    Args:
        samples: Seconds and bytes.
    """
    later = samples[len(samples) // 2 :]
    if len(later) < 3:  # noqa: PLR2004 - two points lie on any line
        return 0.0
    mean_time = sum(time for time, _ in later) / len(later)
    mean_size = sum(size for _, size in later) / len(later)
    spread = sum((time - mean_time) ** 2 for time, _ in later)
    rise = sum((time - mean_time) * (size - mean_size) for time, size in later)
    return 60 * rise / spread if spread else 0.0
