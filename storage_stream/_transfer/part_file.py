"""The temporary file of a sliced download, and its journal, found again by a later process.

Its name is made of the target's, so a second process on the same target would write into the
same file. A lock on it (`flock`, which the kernel drops when a process dies) gives it to one of
them; the others use a name of their own, and leave nothing to go on with. So does Windows, where
there is no such lock.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
import time
from typing import TYPE_CHECKING

from storage_stream._protocol.checksums import crc32c
from storage_stream._transfer.download_journal import DownloadJournal
from storage_stream._transfer.file_lock import Lock, open_locked
from storage_stream._transfer.file_modes import open_private
from storage_stream.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from storage_stream._protocol.slice_plan import Filled
    from storage_stream._transfer.files import Place

__all__ = ["PartFile"]

_NOT_SUPPORTED = {errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS}  # by the file system
_READ_BYTES = 1024 * 1024
_PROBE_BYTES = 4 * 1024 * 1024  # a disk's file system notes one extent: 0.1 ms; memory takes 1 ms
_PROBE_SECONDS = 0.0005
_BLOCK_BYTES = 512  # what `st_blocks` counts, whatever the file system's own are (stat(2))
_FLAGS = (
    os.O_RDWR
    | os.O_CREAT
    | getattr(os, "O_NOFOLLOW", 0)  # the name can be guessed: never through somebody's link
    | getattr(os, "O_BINARY", 0)
)


class PartFile:
    """An open part. All methods block.

    Attributes:
        descriptor: Of the file, to read and write.
        can_be_kept: Whether another process can go on with it.
        is_in_place: Whether it has the target's name.
    """

    def __init__(self, place: Place, path: Path, descriptor: int, *, can_be_kept: bool) -> None:
        self._place = place
        self._path = path
        self.descriptor = descriptor
        self.can_be_kept = can_be_kept
        self.is_in_place = False

    @classmethod
    def find(cls, place: Place) -> PartFile | None:
        """What an earlier process left; None when there is nothing, or another one has it."""
        if not place.kept_journal.exists():
            return None
        descriptor = _locked(place.kept_part)
        return None if descriptor is None else cls._kept(place, descriptor)

    @classmethod
    def make(cls, place: Place, *, keep: bool) -> PartFile:
        """An empty part.

        Args:
            place: For which target.
            keep: Under the name that is found again, if nobody else has it.

        Raises:
            OSError: It cannot be made.
        """
        descriptor = _locked(place.kept_part) if keep else None
        if descriptor is not None:
            part = cls._kept(place, descriptor)
            part.empty()
            return part
        path = place.new_part()
        return cls(place, path, open_private(path, _FLAGS | os.O_EXCL), can_be_kept=False)

    @classmethod
    def _kept(cls, place: Place, descriptor: int) -> PartFile:
        return cls(place, place.kept_part, descriptor, can_be_kept=True)

    @property
    def has_journal(self) -> bool:
        """Whether anything is said about what is in it."""
        return self.can_be_kept and self._place.kept_journal.exists()

    def journal(self) -> DownloadJournal | None:
        """What is in it; None when that cannot be known."""
        try:
            return DownloadJournal.read(self._place.kept_journal.read_bytes())
        except (OSError, InvalidArgument):
            return None  # it is only a saving of work: the object is fetched anew

    def intact(self, filled: Iterable[Filled], start: int) -> list[Filled]:
        """Those of the ranges whose bytes have the checksum that was recorded.

        Args:
            filled: Ranges of the object.
            start: The offset in the object of the file's first byte.
        """
        return [part for part in filled if self._crc(part, start) == part.crc]

    def _crc(self, part: Filled, start: int) -> int | None:
        crc, position, stop = 0, part.start - start, part.stop - start
        os.lseek(self.descriptor, position, os.SEEK_SET)
        while position < stop:
            data = os.read(self.descriptor, min(_READ_BYTES, stop - position))
            if not data:
                return None
            crc = crc32c(data, crc)
            position += len(data)
        return crc

    def empty(self) -> None:
        """Forget what is in it."""
        self._place.kept_journal.unlink(missing_ok=True)
        os.ftruncate(self.descriptor, 0)

    def reserve(self, size: int) -> None:
        """Have room for it: a disk that is too small says so now, and a file stays in one piece.

        A file system that takes its time for a little of it makes the blocks one by one (in
        memory; over a network, where the C library writes them). There it costs as much as
        writing does, and what was free before is taken for the answer.

        Raises:
            OSError: There is no room.
        """
        os.ftruncate(self.descriptor, size)
        if hasattr(os, "posix_fallocate"):  # not on macOS, Windows
            self._check_room(size)
            began = time.monotonic()
            is_done = self._allocate(min(size, _PROBE_BYTES))
            if is_done and time.monotonic() - began < _PROBE_SECONDS:
                self._allocate(size)

    def _allocate(self, size: int) -> bool:
        try:
            os.posix_fallocate(self.descriptor, 0, size)
        except OSError as error:
            if error.errno not in _NOT_SUPPORTED:
                raise
            return False
        return True

    def _check_room(self, size: int) -> None:
        """Allocating what there is not would first take all that others need."""
        there = os.fstat(self.descriptor).st_blocks * _BLOCK_BYTES
        system = os.fstatvfs(self.descriptor)
        if system.f_blocks and size - there > system.f_bavail * system.f_frsize:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), os.fspath(self._path))

    def save(self, journal: DownloadJournal) -> None:
        """Write down what is there.

        Not forced to the disk: what a loss of power takes of the file, its checksums tell.

        Raises:
            OSError: It cannot be written; an earlier one stays as it was.
        """
        beside = self._place.kept_journal.with_suffix(".new")  # ours: we have the lock
        beside.unlink(missing_ok=True)
        try:
            # It can be guessed: never through somebody's link.
            with open(beside, "xb", opener=open_private) as file:
                file.write(journal.write())
            beside.replace(self._place.kept_journal)
        except OSError:
            beside.unlink(missing_ok=True)
            raise

    def put_in_place(self) -> None:
        """Give it the target's name, and close it.

        Raises:
            OSError: Not everything could be written.
        """
        if self.can_be_kept:
            # The lock is held until it has its new name: another process may not take it for a
            # part. Closing a copy brings what a network's file system has to complain of.
            os.close(os.dup(self.descriptor))
        else:
            self.close()
        self._place.take(self._path)
        self.is_in_place = True
        if self.can_be_kept:
            self._place.kept_journal.unlink(missing_ok=True)
        self.close()

    def remove(self) -> None:
        """Leave nothing. Idempotent, and right after `put_in_place` failed."""
        if self.can_be_kept:
            self._place.kept_journal.unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):
            if sys.platform == "win32":
                self.close()  # an open file cannot be removed there
            self._path.unlink()
        self.close()

    def close(self) -> None:
        """Let go of it. Idempotent."""
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


def _locked(path: Path) -> int | None:
    """The file open and ours alone; None when another has it, or nobody can have it so."""
    try:
        descriptor, outcome = open_locked(path, _FLAGS)
    except OSError:
        return None  # where none can be made, the one of our own says why
    if outcome is Lock.OURS and _is_ours(os.fstat(descriptor)):
        return descriptor
    os.close(descriptor)
    return None


if sys.platform == "win32":

    def _is_ours(_found: os.stat_result) -> bool:
        """There are no locks, so that nobody asks."""
        return False

else:

    def _is_ours(found: os.stat_result) -> bool:
        """Not what somebody else put there: the name can be guessed."""
        is_plain = stat.S_ISREG(found.st_mode) and found.st_nlink == 1
        return is_plain and found.st_uid == os.geteuid()
