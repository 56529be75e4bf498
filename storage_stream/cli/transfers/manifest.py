"""The list of what became of each transfer, for `--manifest`: CSV, or JSON lines.

A row is in the file as soon as it is told, so that a killed command leaves what it had done.
"""

import csv
import io
import json
from pathlib import Path
from types import TracebackType
from typing import Self

from storage_stream.cli.transfers.outcome import Outcome

__all__ = ["Manifest"]

_COLUMNS = ("source", "target", "result", "bytes", "checksum", "time", "reason")


class Manifest:
    """The file; entered as a block.

    Args:
        path: `*.csv` is CSV, whatever else JSON lines.
        append: Go on with the one that is there.

    Raises:
        OSError: It cannot be written.
    """

    def __init__(self, path: Path, *, append: bool = False) -> None:
        is_new = not (append and path.exists() and path.stat().st_size)
        self._is_csv = path.suffix.lower() == ".csv"
        # A path that is no UTF-8 has to be in it, too.
        self._file = path.open(
            "w" if is_new else "a", encoding="utf-8", errors="surrogateescape", newline=""
        )
        if is_new and self._is_csv:
            self._write(_csv_row(_COLUMNS))

    def add(self, outcome: Outcome) -> None:
        """Write what became of one."""
        row = outcome.fields()
        if self._is_csv:
            self._write(_csv_row(["" if row[name] is None else row[name] for name in _COLUMNS]))
        else:
            self._write(json.dumps({name: row[name] for name in _COLUMNS}) + "\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def _write(self, text: str) -> None:
        self._file.write(text)
        self._file.flush()


def _csv_row(values: "list[object] | tuple[str, ...]") -> str:
    row = io.StringIO()
    csv.writer(row).writerow(values)
    return row.getvalue()
