"""The most memory this process has held so far; None where the system does not tell."""

import importlib
import importlib.util
import sys


def peak_memory_bytes() -> int | None:
    """The peak of the resident set; Linux tells it in KiB, macOS in bytes, Windows not at all."""
    if importlib.util.find_spec("resource") is None:
        return None
    resource = importlib.import_module("resource")
    peak: int = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
