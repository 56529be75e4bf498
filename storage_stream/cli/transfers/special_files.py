"""Pipes and devices as sources and targets: read and written as they are, and never replaced.

They are opened here, and so that nobody waits in the kernel for the other end: Ctrl-C would wait
with him.
"""

import asyncio
import errno
import os
import stat
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

from storage_stream.cli.object_bytes import Asked, object_bytes
from storage_stream.cli.running import Run
from storage_stream.cli.standard_input import standard_input
from storage_stream.cli.standard_output import StandardOutput

__all__ = ["is_device", "is_special", "pipe_pieces", "write_into"]

_PAUSE_SECONDS = 0.05  # until a pipe without a reader is looked at again
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)


def is_special(path: str) -> bool:
    """Whether something is there, at the end of links, that is neither a file nor a folder."""
    mode = _mode(path)
    return mode is not None and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def is_device(path: str) -> bool:
    """Whether it is a device: nobody knows how long it is, and some never end."""
    mode = _mode(path)
    return mode is not None and (stat.S_ISCHR(mode) or stat.S_ISBLK(mode))


async def pipe_pieces(path: str) -> AsyncGenerator[bytes, None]:
    """What comes out of a named pipe, from when somebody opens its other end until he closes it.

    Raises:
        OSError: It cannot be read.
    """
    with open(os.open(path, os.O_RDONLY | _NO_WAIT), "rb", buffering=0) as file:  # noqa: ASYNC230, PTH123 - does not wait
        pieces: Any = standard_input(file)
        async for piece in pieces:
            yield piece


async def write_into(run: Run, asked: Asked, path: str) -> int:
    """Write an object's bytes into a pipe or a device; returns how many.

    Raises:
        StorageError: They do not come.
        OSError: It cannot be written; nobody reads the pipe any more.
    """
    size = 0
    async with _opened(path) as out, aclosing(object_bytes(run, asked)) as pieces:
        async for piece in pieces:
            await out.write(piece)
            size += len(piece)
    return size


@asynccontextmanager
async def _opened(path: str) -> AsyncGenerator[StandardOutput, None]:
    while (descriptor := _opened_now(path)) is None:  # noqa: ASYNC110 - no event tells of a reader
        await asyncio.sleep(_PAUSE_SECONDS)
    with open(descriptor, "wb", buffering=0) as file:  # noqa: ASYNC230, PTH123 - it is open
        yield StandardOutput(file, path)


def _opened_now(path: str) -> int | None:
    """None for a pipe that nobody reads yet."""
    try:
        return os.open(path, os.O_WRONLY | _NO_WAIT)
    except OSError as error:
        if error.errno != errno.ENXIO or is_device(path):
            raise
        return None


def _mode(path: str) -> int | None:
    try:
        return Path(path).stat().st_mode
    except OSError:
        return None
