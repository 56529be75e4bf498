"""What one process holds: descriptors, threads, tasks; and how its memory grows."""

from __future__ import annotations

import asyncio
import gc
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Holdings", "holdings", "slope"]

_STRETCHES = 12
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
    peers = _peers()
    for path in sorted(Path("/proc/self/fd").iterdir()):
        with suppress(FileNotFoundError):  # the one that lists them
            name = str(path.readlink())
            yield name + peers.get(name, "")


def _peers() -> dict[str, str]:
    """Local address, peer and state of TCP sockets, as the kernel has them."""
    lines = Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]
    rows = [line.split() for line in lines]
    return {f"socket:[{row[9]}]": f" {row[1]} {row[2]} state {row[3]}" for row in rows}


def slope(samples: list[tuple[float, int]]) -> float:
    """Bytes a minute that the memory grows, by least squares over the later half of the time.

    Of each stretch the least counts: more is what was under way, and goes again.

    Args:
        samples: Seconds and bytes.
    """
    half = samples[len(samples) // 2 :]
    size = max(1, len(half) // _STRETCHES)
    stretches = [half[place : place + size] for place in range(0, len(half) - size + 1, size)]
    later = [min(stretch, key=lambda sample: sample[1]) for stretch in stretches]
    if len(later) < 3:  # noqa: PLR2004 - two points lie on any line
        return 0.0
    mean_time = sum(time for time, _ in later) / len(later)
    mean_size = sum(size for _, size in later) / len(later)
    spread = sum((time - mean_time) ** 2 for time, _ in later)
    rise = sum((time - mean_time) * (size - mean_size) for time, size in later)
    return 60 * rise / spread if spread else 0.0
