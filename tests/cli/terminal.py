"""The command in a pseudo-terminal, as a person has it."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pexpect

PROGRAM = [sys.executable, "-W", "error", "-m", "storage_stream.cli"]
WAIT_SECONDS = 300  # for what takes one; the machine may be busy


class Terminal:
    """The command in a terminal of 100 columns."""

    def __init__(self, here: Path, environment: dict[str, str], *arguments: str) -> None:
        self.child: pexpect.spawn[str] = pexpect.spawn(
            PROGRAM[0],
            [*PROGRAM[1:], *arguments],
            cwd=str(here),
            env=environment,
            dimensions=(24, 100),
            encoding="utf-8",
            timeout=WAIT_SECONDS,
        )

    def end(self) -> tuple[int | None, str]:
        """Its status, and all that it printed."""
        self.child.expect(pexpect.EOF)
        self.child.close()
        return self.child.exitstatus, self.child.before or ""


def environment_for(tmp_path: Path, emulator: str) -> dict[str, str]:
    """With an emulator, and without what this machine has set of colours and sizes."""
    environment = {
        **os.environ,
        "STORAGE_EMULATOR_HOST": emulator,
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "TERM": "xterm-256color",
    }
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "COLUMNS", "LINES"):
        environment.pop(name, None)
    return environment


def wait_for(is_so: Callable[[], bool]) -> None:
    """Look until it is so."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.01)
