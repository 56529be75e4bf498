"""Unfinished files that a killed command left beside its targets, removed when another went on.

The library removes its own when it is stopped; a kill leaves it no time. Uploads skip such files.
"""

import os
import re
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from storage_stream import TransferResult

__all__ = ["Leftovers"]

_PART = re.compile(r"\.(.+)\.[0-9a-f]{12}\.part", re.DOTALL)
_LONGEST_STEM = 200  # bytes of the target's name that stand in the part's


@dataclass
class Leftovers:
    """Parts of files that were downloaded since.

    Attributes:
        before: Seconds since 1970: what was written later, somebody may be writing.
    """

    before: float
    _stems: dict[Path, set[str]] = field(default_factory=dict[Path, set[str]])

    def add(self, result: TransferResult) -> None:
        """Note what was downloaded to a file."""
        if result.action == "download" and result.error is None:
            target = Path(result.target)
            stem = os.fsencode(target.name)[:_LONGEST_STEM].decode(errors="ignore")
            self._stems.setdefault(target.parent, set()).add(stem)

    def remove(self) -> None:
        """Remove them; one look into each folder. What cannot be removed stays."""
        for folder, stems in self._stems.items():
            with suppress(OSError), os.scandir(folder) as entries:
                for entry in entries:
                    found = _PART.fullmatch(entry.name)
                    if found is not None and found[1] in stems and self._is_left(entry):
                        Path(entry.path).unlink(missing_ok=True)

    def _is_left(self, entry: os.DirEntry[str]) -> bool:
        is_file = entry.is_file(follow_symlinks=False)
        return is_file and entry.stat(follow_symlinks=False).st_mtime < self.before
