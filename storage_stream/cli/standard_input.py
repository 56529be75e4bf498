"""Standard input as a source of bytes, without keeping Ctrl-C waiting for whoever writes it.

A pipe or a terminal is read by the loop when it has something; making it non-blocking would make
it so for the shell, too. A file never waits, and is read as any other.
"""

import asyncio
import contextlib
import os
import stat
import sys
from collections.abc import AsyncGenerator
from typing import BinaryIO

__all__ = ["read_line", "standard_input"]

_READ_BYTES = 256 * 1024


def standard_input(file: BinaryIO | None = None) -> "AsyncGenerator[bytes, None] | BinaryIO":
    """What `upload` can send, up to the end of the file; the file stays open.

    Args:
        file: A binary file; None for standard input.
    """
    source = sys.stdin.buffer if file is None else file
    try:
        mode = os.fstat(source.fileno()).st_mode
    except (OSError, ValueError):
        return source
    is_ready_always = stat.S_ISREG(mode) or os.name == "nt"
    return source if is_ready_always else _pieces(source.fileno())


async def read_line() -> str:
    """A line that a person types, without its end; `""` at the end of the input.

    Cancelling leaves the line to whoever reads next: a thread would wait for it even then.
    """
    with contextlib.suppress(OSError, ValueError, NotImplementedError):
        await _until_readable(sys.stdin.fileno())
    return sys.stdin.readline().strip()


async def _pieces(descriptor: int) -> AsyncGenerator[bytes, None]:
    while True:
        await _until_readable(descriptor)
        try:
            piece = os.read(descriptor, _READ_BYTES)  # it is ready: this does not wait
        except BlockingIOError:  # another reader was faster
            continue
        if not piece:
            return
        yield piece


async def _until_readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    try:
        loop.add_reader(descriptor, ready.set)
    except PermissionError:
        return  # a device that is always ready, such as /dev/null
    try:
        await ready.wait()
    finally:
        with contextlib.suppress(OSError, ValueError):
            loop.remove_reader(descriptor)
