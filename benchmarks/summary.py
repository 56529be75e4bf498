"""Medians, the better of the event loops, and ratios: pure figures."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.workloads import GIB, MIB

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.measuring import Measured
    from benchmarks.running import Sample
    from benchmarks.workloads import Workload

__all__ = ["Row", "Summary", "row_of", "summarized"]


@dataclass(frozen=True, slots=True)
class Row:
    """The medians of one client on one event loop.

    Attributes:
        client: Which one.
        loop: On which event loop.
        rounds: Of how many samples.
        rate: MiB/s, or objects/s where requests are counted.
        cost: CPU seconds for a GiB, or CPU microseconds for a request.
        peak_rss_mib: The process's largest size.
        rss_growth_mib: How much larger it was than before the transfer.
    """

    client: str
    loop: str
    rounds: int
    rate: float
    cost: float
    peak_rss_mib: float
    rss_growth_mib: float


@dataclass(frozen=True, slots=True)
class Summary:
    """All rows of one workload."""

    workload: Workload
    rows: tuple[Row, ...]

    def best_rate(self, clients: Iterable[str]) -> Row | None:
        """The fastest of these clients, each on its better loop; None when none was measured."""
        rows = self._of(clients)
        return max(rows, key=lambda row: row.rate, default=None)

    def least_cost(self, clients: Iterable[str]) -> Row | None:
        """The one of these clients that takes the least of the processor."""
        rows = self._of(clients)
        return min(rows, key=lambda row: row.cost, default=None)

    def largest(self, client: str) -> tuple[float, float] | None:
        """Peak and growth of a client's memory, in MiB, on the loop where each is larger."""
        rows = self._of([client])
        if not rows:
            return None
        return max(row.peak_rss_mib for row in rows), max(row.rss_growth_mib for row in rows)

    def rate_ratio(self, client: str, others: Iterable[str]) -> float | None:
        """A client's best rate in the best rate of others; None where one was not measured."""
        own, other = self.best_rate([client]), self.best_rate(others)
        return own.rate / other.rate if own and other and other.rate else None

    def cost_ratio(self, client: str, others: Iterable[str]) -> float | None:
        """A client's least cost in the least cost of others; None where one was not measured."""
        own, other = self.least_cost([client]), self.least_cost(others)
        return own.cost / other.cost if own and other and other.cost else None

    def _of(self, clients: Iterable[str]) -> list[Row]:
        wanted = set(clients)
        return [row for row in self.rows if row.client in wanted]


def row_of(workload: Workload, client: str, loop: str, samples: Sequence[Sample]) -> Row:
    """The medians of some samples.

    Raises:
        statistics.StatisticsError: There are none.
    """
    if workload.counts_requests:
        rates = [workload.count / sample.seconds for sample in samples]
        costs = [sample.cpu_seconds / workload.count * 1e6 for sample in samples]
    else:
        rates = [workload.total_bytes / MIB / sample.seconds for sample in samples]
        costs = [sample.cpu_seconds / (workload.total_bytes / GIB) for sample in samples]
    return Row(
        client,
        loop,
        len(samples),
        statistics.median(rates),
        statistics.median(costs),
        statistics.median(sample.peak_rss_bytes / MIB for sample in samples),
        statistics.median(sample.rss_growth_bytes / MIB for sample in samples),
    )


def summarized(measured: Measured) -> Summary:
    """The medians of everything that was measured of a workload."""
    rows = (
        row_of(measured.workload, client, loop, samples)
        for (client, loop), samples in measured.samples.items()
    )
    return Summary(measured.workload, tuple(rows))
