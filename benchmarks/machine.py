"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import ssl
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.clients.registry import CLIENTS

__all__ = ["machine", "machine_words", "processor"]

_QUIET_LOAD = 0.5  # of the last minute; more than what an idle system does by itself
_OTHERS = ("uvloop", "fastcrc", "fsspec")


def machine() -> dict[str, Any]:
    """Processor, system, Python, and the versions of what took part."""
    return {
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)),
        "system": platform.platform(),
        "python": platform.python_version(),
        "openssl": ssl.OPENSSL_VERSION,
        "load_before": round(os.getloadavg()[0], 2),
        "versions": _versions(),
    }


def machine_words(facts: dict[str, Any]) -> str:
    """The same in a few lines."""
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    busy = facts["load_before"] > _QUIET_LOAD
    return (
        f"{facts['processor']}, {facts['cores']} cores (load before: {facts['load_before']});"
        f" {facts['system']}; Python {facts['python']}; {facts['openssl']}\n{versions}"
        + ("\nThe machine was busy before this began: its rates prove little." if busy else "")
    )


def processor() -> str:
    """What the processor calls itself."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _versions() -> dict[str, str]:
    names = [client.distribution for client in CLIENTS.values() if client.distribution]
    return {name: metadata.version(name) for name in (*names, *_OTHERS)}
