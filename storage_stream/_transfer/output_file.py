"""A file that is written piece by piece, from buffers that others own and reuse.

Measured (1 GiB from loopback in pieces of 256 KiB, two cores, medians of three): written in the
event loop it takes 0.7 s of processor time, in a thread for each piece 1.7 s. `splice` takes as
little as the loop, but then nobody has seen the bytes, and their checksum would cost reading
them again. A disk that cannot follow makes the kernel hold the writer back, though, by up to
200 ms at a time, and the loop must not stand still for that: so writes begin in the loop, go to
threads when the disk holds them up, and come back when many in a row were quick. A processor that
others use holds them up, too, and there a thread for each is the worst answer; the kernel tells
whether a thread waited for something or was only put aside.
"""

from __future__ import annotations

import asyncio
import math
import os
import sys
import threading
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

if sys.platform == "linux":
    import resource

from storage_stream._shielding import ended, to_its_end
from storage_stream._transfer.file_modes import open_private

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from pathlib import Path

__all__ = ["PIECE_BYTES", "OutputFile", "in_thread", "opened_for_output", "thread_waits"]

PIECE_BYTES: Final = 256 * 1024
"""What is better waited for than written in less: a system call's own time is small beside it."""

P = ParamSpec("P")
T = TypeVar("T")

# A quick one takes 0.1 ms.
_LONG_SECONDS = 0.02
# In a row before the loop writes again: 64 MiB, more than a disk takes between two pauses.
_QUICK_WRITES = 256
_BINARY = getattr(os, "O_BINARY", 0)  # Windows
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | _BINARY
_KEPT = os.O_RDWR | os.O_CREAT | _BINARY
_AS_IT_IS = os.O_WRONLY | os.O_TRUNC | _BINARY


class OutputFile:
    """An open file.

    Args:
        descriptor: Of the file; closed by whoever opened it.
        now: A clock, in seconds.
        is_regular: False for a pipe or a device. It is written in order, whatever offset is
            given, and always in a thread: its reader may be in this one.
        waits: How often the thread that asks has waited so far, see `thread_waits`, the default.
    """

    def __init__(
        self,
        descriptor: int,
        now: Callable[[], float],
        *,
        is_regular: bool = True,
        waits: Callable[[], float] | None = None,
    ) -> None:
        self.descriptor = descriptor
        self._now = now
        self._waits = waits or thread_waits
        self._put: Callable[[int, bytes | memoryview, int], None] = (
            _write_at if is_regular else _write_next
        )
        self._is_regular = is_regular
        self._left_in_thread = 0 if is_regular else 1

    async def write(self, data: bytes | memoryview, offset: int) -> None:
        """Write all of it at an offset; nobody uses `data` when it has returned or raised.

        Cancelling waits for the thread, whose buffer and descriptor are not ours to give back
        before it has ended.

        Raises:
            OSError: The disk is full, …
        """
        if not self._left_in_thread:
            is_slow = self._is_slow(data, offset)
        else:
            is_slow = await in_thread(self._is_slow, data, offset)
            self._left_in_thread -= self._is_regular
        if is_slow and self._is_regular:
            self._left_in_thread = _QUICK_WRITES

    def _is_slow(self, data: bytes | memoryview, offset: int) -> bool:
        """Write it; whether the disk held it up for long."""
        waits, begun = self._waits(), self._now()
        self._put(self.descriptor, data, offset)
        return self._now() - begun > _LONG_SECONDS and self._waits() != waits


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call it in a thread and wait for its end, whoever cancels meanwhile.

    Raises:
        CancelledError: It was cancelled meanwhile; what the call gave or raised is lost.
        Exception: What it raises.
    """
    return await to_its_end(asyncio.to_thread(function, *args, **kwargs))


@asynccontextmanager
async def opened_for_output(
    path: Path, now: Callable[[], float], *, is_new: bool = True
) -> AsyncGenerator[OutputFile]:
    """A file to write, closed when the block is left.

    Args:
        path: Which file.
        now: A clock, in seconds.
        is_new: It must not be there yet; else it is what is no ordinary file, and must be.

    Raises:
        OSError: It cannot be opened; or, at the end, not everything could be written.
    """
    flags = _NEW if is_new else _AS_IT_IS
    opening = asyncio.ensure_future(asyncio.to_thread(open_private, path, flags))
    cancelled = await ended(opening)
    descriptor = opening.result()
    try:
        if cancelled is not None:
            raise cancelled
        yield OutputFile(descriptor, now, is_regular=is_new)
    finally:
        # Not shielded twice: closing happens whoever cancels, and errors of a network's file
        # system that come with it count.
        await in_thread(os.close, descriptor)


if sys.platform == "linux":

    def thread_waits() -> float:
        """How often this thread has waited so far for something other than a processor."""
        return resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw  # takes 1 us; getrusage(2)

else:

    def thread_waits() -> float:
        """Nobody knows: NaN, which is never what it was, so that what is long counts as slow."""
        return math.nan


if sys.platform == "win32":
    _turn = threading.Lock()

    def _write_at(descriptor: int, data: bytes | memoryview, offset: int) -> None:
        """Windows has no `pwrite`: to go there and to write must be one."""
        with _turn:
            os.lseek(descriptor, offset, os.SEEK_SET)
            _write_next(descriptor, data, offset)

else:

    def _write_at(descriptor: int, data: bytes | memoryview, offset: int) -> None:
        written = os.pwrite(descriptor, data, offset)
        while written < len(data):  # the disk was full, or a signal came
            data = memoryview(data)[written:]
            offset += written
            written = os.pwrite(descriptor, data, offset)


def _write_next(descriptor: int, data: bytes | memoryview, _offset: int) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]
