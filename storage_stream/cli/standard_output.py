"""Bytes to standard output, without keeping the loop waiting for whoever reads them.

A blocking write in a thread could not be cancelled: Ctrl-C would wait for the reader. Making the
descriptor non-blocking would make it so for every program that shares it, the shell too. So a
pipe is asked whether it takes bytes, and given as many as it then takes for certain.
"""

import asyncio
import contextlib
import io
import os
import select
import stat
import sys
from collections.abc import Generator
from typing import Any, BinaryIO

__all__ = ["StandardOutput", "writing_named"]

_PIPE_BYTES = getattr(select, "PIPE_BUF", 512)
"""What a pipe takes at least when it says that it takes any (POSIX)."""


class StandardOutput:
    """Where `write` writes to.

    Args:
        file: A binary file; None for standard output.
        name: What errors call it.
    """

    def __init__(
        self, file: BinaryIO | io.RawIOBase | None = None, name: str = "standard output"
    ) -> None:
        self._name = name
        self._file = sys.stdout.buffer if file is None else file
        self._descriptor = _waiting_descriptor(self._file)

    async def write(self, data: bytes | memoryview) -> None:
        """Write all of it; returns when it was handed over.

        Cancelling leaves a part of it written.

        Raises:
            BrokenPipeError: Nobody reads it any more.
            OSError: It cannot be written.
        """
        with writing_named(self._name):
            await self._write(data)

    async def _write(self, data: bytes | memoryview) -> None:
        if self._descriptor is None:
            self._file.write(data)
            await asyncio.sleep(0)
            return
        self._file.flush()
        rest = memoryview(data)
        while rest:
            written = _write_what_fits(self._descriptor, rest)
            rest = rest[written:]
            if rest:
                await _until_writable(self._descriptor)
        # Who writes fast never waits above, and others want their turn.
        await asyncio.sleep(0)

    def flush(self) -> None:
        """Let go of what is buffered."""
        with writing_named(self._name):
            self._file.flush()


@contextlib.contextmanager
def writing_named(name: str = "standard output") -> Generator[None, None, None]:
    """What cannot be written within the block is called so, and the error says it."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = name
        raise


def _waiting_descriptor(file: BinaryIO | io.RawIOBase) -> int | None:
    """The descriptor of what may keep a writer waiting: a pipe, a socket, a terminal."""
    try:
        descriptor = file.fileno()
        mode = os.fstat(descriptor).st_mode
    except (OSError, ValueError):
        return None
    waits = stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(descriptor)
    return descriptor if waits and hasattr(select, "poll") else None


def _write_what_fits(descriptor: int, data: memoryview) -> int:
    """Write as long as it keeps nobody waiting; returns how many bytes."""
    poll: Any = select.poll()  # not on Windows, which is told above
    poll.register(descriptor, select.POLLOUT)
    written = 0
    while written < len(data) and poll.poll(0):
        # With an error instead of room, a closed pipe say, the write says which.
        written += os.write(descriptor, data[written : written + _PIPE_BYTES])
    return written


async def _until_writable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_writer(descriptor, ready.set)
    try:
        await ready.wait()
    finally:
        with contextlib.suppress(OSError, ValueError):
            loop.remove_writer(descriptor)
