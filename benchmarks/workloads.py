"""What is transferred: the workloads of the table that is to be reached, large and small."""

from __future__ import annotations

from dataclasses import dataclass, replace

from benchmarks.client_process import WARM_UP_BYTES
from benchmarks.clients.registry import CLIENTS, PEERS

__all__ = ["GIB", "KIB", "MIB", "QUICK", "WORKLOADS", "Workload", "quick"]

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB
_IN_MEMORY = ("stream", "small_downloads")


@dataclass(frozen=True, slots=True)
class Workload:
    """One row of the table.

    Attributes:
        name: What the command line calls it.
        kind: The function of the clients that does it.
        link: `plain`, `tls`, or `long` (a round trip of 50 ms, 50 MiB/s for each connection).
        size_bytes: Of each object.
        count: Objects.
        concurrency: Objects under way at once.
        read_bytes: What a stream's `read` is asked for.
        connections: Over how many connections one object may be cut.
    """

    name: str
    kind: str
    link: str
    size_bytes: int
    count: int = 1
    concurrency: int = 1
    read_bytes: int = MIB
    connections: int = 1

    @property
    def title(self) -> str:
        """What reports call it."""
        what = {
            "stream": f"{self._objects} streamed, read({_amount(self.read_bytes)})",
            "to_files": f"{self._objects} to a file" + ("" if self.count == 1 else " each"),
            "sliced_to_file": f"{self._objects} to a file",
            "small_downloads": f"{self._objects} down, {self.concurrency} at once",
            "upload_files": f"{self._objects} up from a file",
            "small_uploads": f"{self._objects} up, {self.concurrency} at once",
        }[self.kind]
        link = {"plain": "", "tls": ", TLS", "long": ", 50 ms, 50 MiB/s per connection"}[self.link]
        return what + link

    @property
    def _objects(self) -> str:
        amount = _amount(self.size_bytes)
        return amount if self.count == 1 else f"{self.count:,} objects of {amount}"

    @property
    def total_bytes(self) -> int:
        """What is transferred."""
        return self.size_bytes * self.count

    @property
    def counts_requests(self) -> bool:
        """Whether requests are what costs, rather than bytes."""
        return self.kind.startswith("small")

    @property
    def uploads(self) -> bool:
        """Whether the client sends."""
        return "upload" in self.kind

    @property
    def writes_files(self) -> bool:
        """Whether the client leaves files."""
        return "file" in self.kind and not self.uploads

    @property
    def in_memory(self) -> bool:
        """Whether the client hands the bytes over."""
        return self.kind in _IN_MEMORY

    def clients(self) -> list[str]:
        """Those that can do it."""
        return [name for name, client in CLIENTS.items() if self.kind not in client.lacks]

    def peers(self) -> list[str]:
        """Those of other people."""
        return [name for name in self.clients() if name in PEERS]


_SMALL = {"size_bytes": 16 * KIB, "concurrency": 64}


def _over(link: str, suffix: str) -> list[Workload]:
    """The workloads of a link without delays."""
    return [
        Workload(f"stream-64k{suffix}", "stream", link, GIB, read_bytes=64 * KIB),
        Workload(f"stream-1m{suffix}", "stream", link, GIB),
        Workload(f"file{suffix}", "to_files", link, GIB),
        Workload(f"files-8{suffix}", "to_files", link, 128 * MIB, count=8, concurrency=8),
        Workload(f"small-down{suffix}", "small_downloads", link, count=4000, **_SMALL),
        Workload(f"upload{suffix}", "upload_files", link, GIB),
        Workload(f"small-up{suffix}", "small_uploads", link, count=2000, **_SMALL),
    ]


_LONG = Workload("long-file", "sliced_to_file", "long", 512 * MIB, connections=8)
WORKLOADS = {
    workload.name: workload for workload in (*_over("plain", ""), *_over("tls", "-tls"), _LONG)
}
QUICK = ("stream-1m", "file", "small-down", "small-up")


def _amount(size_bytes: int) -> str:
    """A size in words."""
    for unit, words in ((GIB, "GiB"), (MIB, "MiB")):
        if size_bytes >= unit:
            return f"{size_bytes / unit:g} {words}"
    return f"{size_bytes / KIB:g} KiB"


def quick(workload: Workload) -> Workload:
    """The same with so little that a round takes seconds; its figures mean nothing."""
    if workload.counts_requests:
        return replace(workload, count=256)
    return replace(workload, size_bytes=max(workload.size_bytes // 64, WARM_UP_BYTES))
