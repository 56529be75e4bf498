"""What became of one transfer, as manifests and events say it. A value."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from storage_stream import TransferResult
from storage_stream.cli.explaining import explain

__all__ = ["Outcome"]

_PLANNED = "dry run"  # as the library calls what it would do


@dataclass(frozen=True, slots=True)
class Outcome:
    """A result, and when it was told.

    Attributes:
        result: Of the library.
        at: The time.
    """

    result: TransferResult
    at: datetime

    @property
    def word(self) -> str:
        """`done`, `skipped` or `failed`; `planned` of a dry run."""
        if self.result.error is not None:
            return "failed"
        if self.result.skipped == _PLANNED:
            return "planned"
        return "done" if self.result.skipped is None else "skipped"

    def fields(self) -> dict[str, Any]:
        """As JSON can hold it."""
        result = self.result
        reason = result.skipped if result.error is None else explain(result.error)
        has_checksum = result.error is None and result.crc32c is not None
        return {
            "action": result.action,
            "source": result.source,
            "target": result.target,
            "result": self.word,
            "bytes": result.bytes,
            "generation": result.generation,
            "checksum": f"crc32c={result.crc32c}" if has_checksum else None,
            "time": self.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "reason": reason,
        }
