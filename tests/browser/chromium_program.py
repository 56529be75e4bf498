"""Where Chromium is, and how it gets here when it is not.

Run as a program it only sees to it that there is one, so that no test has to wait for a download.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

__all__ = ["ChromiumMissing", "find_chromium"]

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_ADVICE = (
    "The tests of the web pages need Chromium, and it could not be installed ({reason})."
    " Install it (Debian: apt-get install chromium), or name it: CHROMIUM=/path/to/chromium"
)


class ChromiumMissing(Exception):  # noqa: N818 - it is not there, that is all
    """There is no Chromium, and none could be had."""


def find_chromium() -> Path:
    """The program: the one that CHROMIUM names, the system's, or Debian's, installed now.

    Raises:
        ChromiumMissing: There is none; the message says what to do.
    """
    if named := os.environ.get("CHROMIUM"):
        if _runs(Path(named)):
            return Path(named)
        raise ChromiumMissing(f"CHROMIUM={named} does not run.")
    if found := _on_path():
        return found
    with (Path(tempfile.gettempdir()) / f"chromium-{os.getuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two runs that begin together install it once
        return _on_path() or _install()


def _on_path() -> Path | None:
    found = (shutil.which(name) for name in _NAMES)
    return next((Path(path) for path in found if path and _runs(Path(path))), None)


def _runs(program: Path) -> bool:
    try:
        command = [str(program), "--version"]
        done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - found above
    except OSError:
        return False
    return done.returncode == 0


def _install() -> Path:
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        raise ChromiumMissing(_ADVICE.format(reason="there is no apt-get, or you are not root"))
    sys.stderr.write("Installing chromium with apt-get.\n")
    install = [apt, "install", "--yes", "--no-install-recommends", "chromium"]
    # A machine that never asked for the lists of packages has none.
    if not _done(install) and not (_done([apt, "update"]) and _done(install)):
        raise ChromiumMissing(_ADVICE.format(reason="apt-get install chromium failed"))
    if found := _on_path():
        return found
    raise ChromiumMissing(_ADVICE.format(reason="the package does not run here"))


def _done(command: list[str]) -> bool:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(  # noqa: S603 - apt-get
        command, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.stderr.write(done.stderr.strip()[-1000:] + "\n")
    return done.returncode == 0


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{find_chromium()}\n")
    except ChromiumMissing as missing:
        sys.exit(str(missing))
