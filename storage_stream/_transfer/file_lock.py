"""A file that one process has for itself, under a name that others can find.

The kernel drops such a lock (`flock`) when a process dies, however it dies. A name says nothing of
whose file it is: it may have been renamed or removed while the lock was waited for, so it is
looked at again. Windows, and some file systems, know no such locks: there nobody has one.
"""

from __future__ import annotations

import enum
import errno
import os
import sys
from typing import TYPE_CHECKING

if sys.platform != "win32":
    import fcntl

from storage_stream._transfer.file_modes import open_private

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Lock", "is_at", "lock", "open_locked"]


class Lock(enum.Enum):
    """What came of locking a file."""

    OURS = "ours alone, until it is closed"
    TAKEN = "another one has it"
    UNKNOWN = "there are no locks here"


def open_locked(path: Path, flags: int) -> tuple[int, Lock]:
    """The file of this name, open, and whether it is ours alone. Never waits.

    A new one can be read by its owner only.

    Args:
        path: Its name; no link, unless `flags` refuse one.
        flags: As `os.open` takes them.

    Raises:
        OSError: It cannot be opened.
    """
    while True:
        descriptor = open_private(path, flags)
        outcome = lock(descriptor)
        if outcome is not Lock.OURS or is_at(path, descriptor):
            return descriptor, outcome
        os.close(descriptor)  # it was renamed or removed before we had the lock: look again


def is_at(path: Path, descriptor: int) -> bool:
    """Whether an open file still has this name."""
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


if sys.platform == "win32":

    def lock(_descriptor: int) -> Lock:
        """There are no such locks."""
        return Lock.UNKNOWN

else:

    def lock(descriptor: int) -> Lock:
        """Have an open file for us alone, if nobody else has it."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return Lock.TAKEN if error.errno == errno.EWOULDBLOCK else Lock.UNKNOWN
        return Lock.OURS
