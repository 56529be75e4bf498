"""What a run on a cluster has done, in numbers and in a sentence."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from storage_stream.errors import TransferError

if TYPE_CHECKING:
    from storage_stream.integrations.dask.order import FailedObject

__all__ = ["MOST_FAILURES", "ClusterSummary"]

MOST_FAILURES = 1000


@dataclass
class ClusterSummary:
    """What became of a run.

    Attributes:
        done: Objects that were transferred, or given to the function; also by the runs that this
            one went on from.
        skipped: Objects that need not be: they are there already.
        failed: Objects that could not be.
        bytes: Of those that were done.
        units: Pieces of work.
        repeated_units: Those that were given out again, since a worker was lost or could not
            reach the service.
        most_futures: That were alive at once.
        splits: Ranges of names that were cut.
        listed_pages: Requests that looked for cuts.
        seconds: That this run took.
        is_complete: Whether all was seen to; False when it was cancelled.
        went_on: Whether a manifest told of an earlier run.
        manifest: Where it is, or None.
        manifest_bytes: That this run wrote to it.
        failures: The first thousand that failed in this run; the manifest has all of them.
        results: Of a function without a target: names and what it gave.
    """

    done: int = 0
    skipped: int = 0
    failed: int = 0
    bytes: int = 0
    units: int = 0
    repeated_units: int = 0
    most_futures: int = 0
    splits: int = 0
    listed_pages: int = 0
    seconds: float = 0.0
    is_complete: bool = False
    went_on: bool = False
    manifest: str | None = None
    manifest_bytes: int = 0
    failures: list[FailedObject] = field(default_factory=list["FailedObject"])
    results: list[tuple[str, Any]] = field(default_factory=list[tuple[str, Any]])

    def raise_errors(self) -> None:
        """Raise what failed, if anything did.

        Raises:
            TransferError: With the first failure's words; `failures` has more.
        """
        if self.failed:
            first = f": {self.failures[0].message}" if self.failures else ""
            raise TransferError(f"{self.failed} objects failed{first}")

    def __str__(self) -> str:
        """The totals in a line."""
        took = f" in {self.seconds:.1f} s"
        if self.seconds and not self.went_on:  # else most of it was another's work
            took += f" ({(self.done + self.skipped) / self.seconds:,.0f} objects/s)"
        return (
            f"{self.done:,} done, {self.skipped:,} skipped, {self.failed:,} failed,"
            f" {self.bytes:,} bytes{took}{'' if self.is_complete else '; not complete'}"
        )
