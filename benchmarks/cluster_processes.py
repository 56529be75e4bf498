"""Processes of a cluster, each started by its command line, killed by its id, and gone at the end.

Each has a free port of its own on loopback, no dashboard, no nanny, and one folder. The tests that
kill them start them by this, too.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable

REPOSITORY = Path(__file__).parents[1]
PATIENCE_SECONDS = 300.0


def wait_until(what: Callable[[], Any], seconds: float = PATIENCE_SECONDS) -> Any:
    """What `what` gives, once it is true.

    Raises:
        TimeoutError: It never was.
    """
    end = time.monotonic() + seconds
    while not (found := what()):
        if time.monotonic() > end:
            raise TimeoutError("it never came")
        time.sleep(0.02)
    return found


class Processes:
    """All that is started.

    Args:
        folder: Theirs: what they say, and what they keep.
        imports: Where workers find functions, besides this repository.
    """

    def __init__(self, folder: Path, imports: Path | None = None) -> None:
        self._folder = folder
        self._imports = [str(REPOSITORY), *([] if imports is None else [str(imports)])]
        self._running: list[subprocess.Popen[str]] = []
        self._schedulers = 0
        self.url = ""
        self._emulator: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self, *arguments: str, name: str, talks: bool = False) -> subprocess.Popen[str]:
        """A Python program; what it says goes to a file of the folder."""
        environment = {
            **os.environ,
            "STORAGE_EMULATOR_HOST": self.url,
            "PYTHONPATH": os.pathsep.join(self._imports),
            "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "60s",
        }
        with (self._folder / f"{name}.txt").open("w") as said:
            started = subprocess.Popen(
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
        self.url = _line(self._emulator)

    def counts(self) -> dict[str, Any]:
        """What the emulator was asked for."""
        emulator = self._emulator
        if emulator is None or emulator.stdin is None:
            raise RuntimeError("no emulator was started")
        emulator.stdin.write("\n")
        emulator.stdin.flush()
        counts: dict[str, Any] = json.loads(_line(emulator))
        return counts

    def scheduler(self) -> tuple[subprocess.Popen[str], str]:
        """`dask scheduler`, and its address."""
        self._schedulers += 1
        file = self._folder / f"scheduler-{self._schedulers}.json"
        started = self.start(
            *("-m", "dask", "scheduler", "--host", "127.0.0.1", "--port", "0"),
            *(
                "--no-dashboard",
                "--dashboard-address",
                "127.0.0.1:0",
                "--scheduler-file",
                str(file),
            ),
            name=f"scheduler-{self._schedulers}",
        )
        document = wait_until(lambda: file.exists() and file.read_text(encoding="utf-8"))
        return started, str(json.loads(document)["address"])

    def worker(self, address: str) -> subprocess.Popen[str]:
        """`dask worker` with one thread."""
        return self.start(
            *("-m", "dask", "worker", address, "--nthreads", "1", "--no-nanny"),
            *("--no-dashboard", "--host", "127.0.0.1", "--local-directory", str(self._folder)),
            *("--death-timeout", "300"),
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


def _line(process: subprocess.Popen[str]) -> str:
    line = "" if process.stdout is None else process.stdout.readline().strip()
    if not line:
        raise RuntimeError("it ended without a word")
    return line
