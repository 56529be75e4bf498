"""The command `storage-stream`.

This file only tells whether the command can run at all: the libraries it needs come with an extra,
and who installed without it is told so in a sentence.
"""

import os
import sys
from importlib.util import find_spec

_NEEDED = ("click", "rich")


def main() -> None:
    """Run the command line and exit with its status."""
    _open_missing_streams()
    for name in _NEEDED:  # others bring one of them: Dask has click
        if find_spec(name) is None:
            sys.exit(f"{name} is missing: install storage-stream[cli]")
    from storage_stream.cli.main import storage_stream  # noqa: PLC0415 - may be impossible

    try:
        storage_stream(prog_name="storage-stream")
    except OSError as error:  # what click itself prints: a help that nobody can be given
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # it is tried again at exit
        sys.exit(f"Error: standard output: {error.strerror or error}")


def _open_missing_streams() -> None:
    """Make up for standard streams that were closed (`>&-`).

    The next file or socket would get their numbers, and what is printed would go there. Standard
    output is made one that cannot be written: who closed it shall be told, as by any other tool.
    """
    for number, way in enumerate((os.O_RDONLY, os.O_RDONLY, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, way)  # gets the lowest number that is free: this one
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            mode = "w" if number else "r"
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - for the life of the process
