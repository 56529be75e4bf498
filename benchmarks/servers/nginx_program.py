"""Where nginx is, and how it gets here when it is not.

Debian's package is unpacked into a folder of ours: nothing is installed, and no service begins to
listen on port 80, as it would after `apt-get install`.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["NginxMissing", "find_nginx"]

_HOME = Path(sys.prefix) / "bench" / "nginx"  # in the virtual environment, which git ignores
_UNPACKED = _HOME / "usr/sbin/nginx"
_ADVICE = (
    "The benchmarks need nginx, and it could not be fetched from the package archive ({reason})."
    " Install it (Debian: apt-get install nginx-light), or name it: NGINX=/path/to/nginx"
)


class NginxMissing(Exception):  # noqa: N818 - it is not there, that is all
    """There is no nginx, and none could be had."""


def find_nginx() -> Path:
    """The program: the one that NGINX names, the system's, or one that is unpacked now.

    Raises:
        NginxMissing: There is none; the message says what to do.
    """
    if named := os.environ.get("NGINX"):
        if _runs(Path(named)):
            return Path(named)
        raise NginxMissing(f"NGINX={named} does not run.")
    found = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    for program in (Path(found) if found else _UNPACKED, _UNPACKED):
        if _runs(program):
            return program
    _HOME.mkdir(parents=True, exist_ok=True)
    with (_HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two runs that begin together fetch it once
        if not _runs(_UNPACKED):
            _unpack()
    return _UNPACKED


def _runs(program: Path) -> bool:
    try:
        return subprocess.run([program, "-v"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _unpack() -> None:
    """Fetch Debian's package with apt, which checks its signature, and unpack it."""
    apt, dpkg = shutil.which("apt-get"), shutil.which("dpkg-deb")
    if apt is None or dpkg is None:
        raise NginxMissing(_ADVICE.format(reason="there is no apt-get and dpkg-deb"))
    print("Fetching nginx into", _HOME, file=sys.stderr)
    # A machine that never asked for the lists of packages has none; asking needs to be root.
    if not _done([apt, "download", "nginx"]):
        _done([apt, "update"])
        if not _done([apt, "download", "nginx"]):
            raise NginxMissing(_ADVICE.format(reason="apt-get download nginx failed"))
    package = max(_HOME.glob("nginx_*.deb"), key=lambda path: path.stat().st_mtime)
    if not _done([dpkg, "-x", str(package), str(_HOME)]) or not _runs(_UNPACKED):
        raise NginxMissing(_ADVICE.format(reason="the package does not run here"))


def _done(command: list[str]) -> bool:
    done = subprocess.run(command, cwd=_HOME, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stderr.strip()[-1000:], file=sys.stderr)
    return done.returncode == 0
