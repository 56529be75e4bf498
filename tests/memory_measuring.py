"""Memory is measured in a process of its own, and what serves it runs in another."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

MIB = 1024 * 1024
HERE = Path(__file__).parent

needs_linux = pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="needs Linux's count of a process's memory"
)


class Measured(NamedTuple):
    """What a program of ours told: how many bytes or objects, how many bytes of memory more."""

    amount: int
    growth: int


@contextlib.contextmanager
def serving(program: str) -> Iterator[str]:
    """Run a server that prints its port; gives the port."""
    with subprocess.Popen(  # noqa: S603 - our own script
        [sys.executable, HERE / program], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def measured(program: str, *arguments: object) -> Measured:
    """Run a program that ends with `MemoryMark.tell`."""
    result = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, HERE / program, *map(str, arguments)],
        check=True,
        stdout=subprocess.PIPE,
        timeout=500,
    )
    return Measured(**json.loads(result.stdout))
