"""How much a process's memory grew at most, by the kernel's own count (Linux).

Imported by programs that a test runs, so that pytest's memory does not count.
"""

import json
import sys
from pathlib import Path

_MARK = Path("/proc/self/clear_refs")


class MemoryMark:
    """What was there when it was made; the highest from then on is what `growth` compares."""

    def __init__(self) -> None:
        _MARK.write_text("5", encoding="ascii")  # VmHWM counts from now on
        self._before = _status("VmRSS")

    def tell(self, amount: int) -> None:
        """Print the result for `memory_measuring.measured`."""
        growth = _status("VmHWM") - self._before
        sys.stdout.write(json.dumps({"amount": amount, "growth": growth}))


def _status(key: str) -> int:
    """Bytes of this process: VmRSS now, VmHWM at most."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(key)
