"""Processes of a cluster, each started by its command line, killed by its id, and gone at the end.

Each has a free port of its own on loopback, no dashboard, no nanny, and the test's folder.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[3]
PATIENCE_SECONDS = 60.0


def wait_until(what: Callable[[], Any], seconds: float = PATIENCE_SECONDS) -> Any:
    """What `what` gives, once it is true.

    Raises:
        AssertionError: It never was.
    """
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)
    return found


class Processes:
    """All that a test starts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: list[subprocess.Popen[str]] = []
        self._schedulers = 0
        self.url = ""
        self._emulator: subprocess.Popen[str] | None = None

    def start(self, *arguments: str, name: str, talks: bool = False) -> subprocess.Popen[str]:
        """A Python program; what it says goes to a file of the test's folder."""
        environment = {
            **os.environ,
            "STORAGE_EMULATOR_HOST": self.url,
            "PYTHONPATH": f"{REPOSITORY}{os.pathsep}{Path(__file__).parent}",
            "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "10s",
        }
        with (self._folder / f"{name}.txt").open("w") as said:
            started = subprocess.Popen(  # noqa: S603 - ours
                [sys.executable, *arguments],
                cwd=self._folder,
                env=environment,
                text=True,
                stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
                stdout=subprocess.PIPE if talks else said,
                stderr=said,
            )
        self._running.append(started)
        return started

    def emulator(self, *arguments: str) -> None:
        """A filled one; see `benchmarks.filled_emulator`."""
        self._emulator = self.start(
            *("-m", "benchmarks.filled_emulator", str(self._folder / "emulator")),
            *arguments,
            name="emulator",
            talks=True,
        )
        assert self._emulator.stdout is not None
        self.url = self._emulator.stdout.readline().strip()
        assert self.url.startswith("http://127.0.0.1:")

    def counts(self) -> dict[str, Any]:
        """What the emulator was asked for."""
        emulator = self._emulator
        assert emulator is not None
        assert emulator.stdin is not None
        assert emulator.stdout is not None
        emulator.stdin.write("\n")
        emulator.stdin.flush()
        counts: dict[str, Any] = json.loads(emulator.stdout.readline())
        return counts

    def scheduler(self) -> tuple[subprocess.Popen[str], str]:
        """`dask scheduler`, and its address."""
        self._schedulers += 1
        file = self._folder / f"scheduler-{self._schedulers}.json"
        started = self.start(
            *("-m", "dask", "scheduler", "--host", "127.0.0.1", "--port", "0"),
            *("--no-dashboard", "--scheduler-file", str(file)),
            name=f"scheduler-{self._schedulers}",
        )
        document = wait_until(lambda: file.exists() and file.read_text(encoding="utf-8"))
        return started, str(json.loads(document)["address"])

    def worker(self, address: str) -> subprocess.Popen[str]:
        """`dask worker` with one thread."""
        return self.start(
            *("-m", "dask", "worker", address, "--nthreads", "1", "--no-nanny"),
            *("--no-dashboard", "--host", "127.0.0.1", "--local-directory", str(self._folder)),
            *("--death-timeout", "30"),
            name=f"worker-{len(self._running)}",
        )

    def kill(self, process: subprocess.Popen[str]) -> None:
        """As `kill -9` does."""
        os.kill(process.pid, signal.SIGKILL)
        process.wait()

    def close(self) -> None:
        """End all that still runs."""
        for process in reversed(self._running):
            if process.poll() is None:
                process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    stream.close()
