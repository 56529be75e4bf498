"""Processes that are started here and ended here, by their id, each kept on a core."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["free_port", "pin", "server_process"]

_STOP_SECONDS = 10.0


def pin(pid: int, *, server: bool) -> None:
    """Keep a process on one core: servers on the last, clients on the first, if there are two."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        os.sched_setaffinity(pid, {cores[-1] if server else cores[0]})


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


@contextlib.contextmanager
def server_process(
    command: Sequence[str], *, stdout: int | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Run a server on the servers' core until the block is left; a start that fails is an error."""
    with subprocess.Popen(command, stdout=stdout, text=True) as process:
        try:
            pin(process.pid, server=True)
            yield process
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
