"""How much memory a process holds, as Linux counts it: now, and at most.

Of the process itself, or of another one by its id. Programs that are measured import this, so that
it imports nothing else.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["forget_peak", "peak_bytes", "resident_bytes"]


def resident_bytes(pid: int | str = "self") -> int:
    """Bytes that it holds now, its libraries' included."""
    return _told(pid, "VmRSS")


def peak_bytes(pid: int | str = "self") -> int:
    """Bytes that it held at most, since its start or since `forget_peak`.

    What `getrusage` says counts the parent's, too, where the process was forked.
    """
    return _told(pid, "VmHWM")


def forget_peak(pid: int | str = "self") -> None:
    """Let the peak count from now on.

    Raises:
        OSError: The kernel refuses.
    """
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")


def _told(pid: int | str, key: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(f"no {key} in /proc/{pid}/status")
