"""A file by its name, as what is uploaded: read in any part, and seen when it changes.

A read may wait for a disk, so it has a thread of its own; but that costs more than reading what
is in memory already, as most of what is uploaded is. So each piece is first asked for in a way
that does not wait, where there is such a way.
"""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from storage_stream.errors import InvalidArgument, TransferError
from storage_stream.pipeline.source import run_blocking

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["LENT_BYTES", "READ_BYTES", "PathSource", "opened_at_once"]

READ_BYTES: Final = 1024 * 1024
"""For one piece that is given: several wait to be sent."""

LENT_BYTES: Final = 2 * 1024 * 1024
"""For one that is lent, of which there is one: half of the turns, and no dearer to copy."""

_MEMORY_FILE_SYSTEMS: Final = frozenset({b"tmpfs", b"ramfs", b"devtmpfs"})
# Somebody may have put a pipe in the file's place: to open it would wait for who writes to it.
_AT_ONCE: Final = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)


class PathSource:
    """A file by its name.

    It is opened for each piece that is read: a generator that held it open would keep it open for
    as long as whoever stopped asking it lives. So each piece is compared with the file that the
    name meant at first, and half of one file is never joined to half of another.

    Raises:
        OSError: It cannot be read.
        InvalidArgument: It does not say how long it is: a pipe, a device, a file of the kernel's.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with open(path, "rb", buffering=0, opener=opened_at_once) as file:
            found = os.fstat(file.fileno())
            # One that says it has no bytes may have some all the same, as all in /proc have.
            if stat.S_ISFIFO(found.st_mode) or (not found.st_size and file.read(1) != b""):
                raise InvalidArgument(f"{path.name} has no length: pass its bytes, or it opened")
            self._stamp = _Stamp.of(found)
            self._prompt_flags = _prompt_flags(file.fileno(), found.st_dev)
        self.length = self._stamp.size

    async def chunks(self, start: int, stop: int) -> AsyncIterator[memoryview]:
        """The bytes from `start` to `stop`; a file that was changed or replaced is an error.

        They are read into buffers that this thread makes. What the threads that read allocate
        stays with their arenas when it is freed, and there are several threads: measured with
        eight readers, 80 MiB that nobody uses.
        """
        while start < stop:
            buffer = memoryview(bytearray(min(READ_BYTES, stop - start)))
            count = await self._read(start, buffer)
            start += count
            yield buffer[:count]

    async def lent_chunks(self, start: int, stop: int) -> AsyncIterator[memoryview]:
        """The same in one buffer: a piece is valid until the next comes."""
        buffer = memoryview(bytearray(min(LENT_BYTES, stop - start)))
        while start < stop:
            count = await self._read(start, buffer[: stop - start])
            start += count
            yield buffer[:count]

    async def _read(self, position: int, buffer: memoryview) -> int:
        count = self._read_promptly(position, buffer)
        if count:
            await asyncio.sleep(0)  # whoever reads on and on lets others have their turn
            return count
        return await run_blocking(self._read_into, position, buffer)

    def _read_promptly(self, position: int, buffer: memoryview) -> int:
        """Read what can be had at once; 0 where it cannot, whatever the reason."""
        if self._prompt_flags is None:
            return 0
        try:
            number = os.open(self._path, os.O_RDONLY | _AT_ONCE)
        except OSError:
            return 0
        try:
            count = os.preadv(number, [buffer], position, self._prompt_flags)
            return count if self._is_of(number) else 0
        except OSError:
            return 0
        finally:
            os.close(number)

    def _read_into(self, position: int, buffer: memoryview) -> int:
        with open(self._path, "rb", buffering=0, opener=opened_at_once) as file:
            count = 0
            if self._is_of(file.fileno()):
                file.seek(position)
                count = file.readinto(buffer)
            if not count or not self._is_of(file.fileno()):
                raise TransferError(f"{self._path.name} was changed while it was sent")
        return count

    def _is_of(self, number: int) -> bool:
        return _Stamp.of(os.fstat(number)) == self._stamp


class _Stamp(NamedTuple):
    """What tells a file from another one, and from itself after a write."""

    device: int
    inode: int
    size: int
    modified_ns: int

    @classmethod
    def of(cls, found: os.stat_result) -> Self:
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def opened_at_once(path: str, flags: int) -> int:
    """An `opener`: who opens a pipe in a thread waits for nobody at its other end."""
    return os.open(path, flags | _AT_ONCE)


def _prompt_flags(number: int, device: int) -> int | None:
    """How to read an open file without waiting for a disk; None where there is no such way.

    Local file systems know the flag that reads what is in memory, and nothing else. Those that
    are in memory as a whole need none, and refuse it, as those behind a network do.
    """
    flag: int | None = getattr(os, "RWF_NOWAIT", None)  # Linux
    if flag is None:
        return None
    try:
        os.preadv(number, [bytearray(1)], 0, flag)
    except BlockingIOError:
        return flag
    except OSError:
        return 0 if _is_in_memory(device) else None
    return flag


def _is_in_memory(device: int) -> bool:
    """Whether a device is a file system without a disk; https://docs.kernel.org/filesystems/proc.html.

    Asked anew each time: the number of one that is gone may be given to another.
    """
    wanted = b"%d:%d" % (os.major(device), os.minor(device))
    try:
        lines = Path("/proc/self/mountinfo").read_bytes().splitlines()
    except OSError:
        return False
    for line in lines:
        mount, _, system = line.partition(b" - ")
        if mount.split(b" ", 3)[2] == wanted:
            return system.split(b" ", 1)[0] in _MEMORY_FILE_SYSTEMS
    return False
