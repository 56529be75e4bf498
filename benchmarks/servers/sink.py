"""The upload sink: compiled by the system's C compiler, started, and asked what it received."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from benchmarks.servers.object_names import BUCKET
from benchmarks.servers.processes import server_process

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CompilerMissing", "compiled_sink", "received", "running_sink"]

_SOURCES = ("sink.c", "sink_http.c", "sink_store.c", "crc32c.c")
_HERE = Path(__file__).parent


class CompilerMissing(Exception):  # noqa: N818 - it is not there, that is all
    """There is no C compiler."""


def compiled_sink(folder: Path) -> Path:
    """Make the program in a folder.

    Raises:
        CompilerMissing: There is no `cc`; the message says what to do.
        RuntimeError: It is refused.
    """
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        raise CompilerMissing(
            "The benchmarks need a C compiler for their upload server."
            " Install one (Debian: apt-get install gcc libc6-dev), or name it: CC=…"
        )
    program = folder / "sink"
    sources = [str(_HERE / name) for name in _SOURCES]
    command = [compiler, "-O2", "-march=native", "-o", str(program), *sources]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"The upload server cannot be compiled: {done.stderr}")
    return program


@contextlib.contextmanager
def running_sink(folder: Path) -> Iterator[int]:
    """Take uploads until the block is left; gives the port.

    Raises:
        CompilerMissing: There is no C compiler.
    """
    program = compiled_sink(folder)
    with server_process([str(program)], stdout=subprocess.PIPE) as process:
        if process.stdout is None:
            raise AssertionError("a pipe was asked for")
        yield int(process.stdout.readline())


def received(port: int, name: str) -> tuple[int, str] | None:
    """The length and the crc32c of an object that was uploaded; None when it was not."""
    url = f"http://127.0.0.1:{port}/storage/v1/b/{BUCKET}/o/{quote(name, safe='')}"
    try:
        with urllib.request.urlopen(url) as answer:
            resource = json.load(answer)
    except urllib.error.HTTPError:
        return None
    return int(resource["size"]), resource["crc32c"]
