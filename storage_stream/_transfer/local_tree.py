"""A folder read as a bucket is listed: its files one by one, in the order of objects' names.

The order is that of the UTF-8 bytes of the whole name, as in a list of objects, so that the two can
be merged as they come. Held in memory are the names of one folder at each depth, no more.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from storage_stream._transfer.local_names import PART_FILE, object_name_of
from storage_stream.errors import InvalidName
from storage_stream.pipeline.source import run_blocking

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

__all__ = ["LocalEntry", "local_entries", "walk"]

_AT_ONCE = 256  # entries for one hop to the thread that reads folders


@dataclass(frozen=True, slots=True)
class LocalEntry:
    """What is in a folder.

    Attributes:
        name: As an object would be called; a folder's ends with a slash.
        path: Where it is.
        size: Bytes.
        mtime_ns: When it was changed last, nanoseconds since 1970.
        error: Why it cannot be read, or cannot be an object.
        skipped: Why it is not taken, where that is no error.
    """

    name: str
    path: str
    size: int = 0
    mtime_ns: int = 0
    error: Exception | None = None
    skipped: str | None = None

    @property
    def is_folder(self) -> bool:
        """An empty folder, or one that cannot be read."""
        return self.name.endswith("/")

    @property
    def is_usable(self) -> bool:
        """Whether it can be taken."""
        return self.error is None and self.skipped is None


async def local_entries(
    root: str, *, follow_symlinks: bool = False, missing_ok: bool = False
) -> AsyncGenerator[LocalEntry, None]:
    """What is below a folder; see `walk`. Cancelling waits for the folder that is being read."""
    walker = walk(root, follow_symlinks=follow_symlinks, missing_ok=missing_ok)

    def next_batch() -> list[LocalEntry]:
        return list(islice(walker, _AT_ONCE))

    while batch := await run_blocking(next_batch):
        for entry in batch:
            yield entry


def walk(
    root: str, *, follow_symlinks: bool = False, missing_ok: bool = False
) -> Iterator[LocalEntry]:
    """All files below a folder, empty folders, and what cannot be taken, with its reason.

    Args:
        root: The folder.
        follow_symlinks: Read what links lead to; one that leads to a folder it is in is an error.
            Else links are skipped.
        missing_ok: A folder that is not there has nothing in it.

    Raises:
        OSError: The folder itself cannot be read.
    """
    try:
        first = _Folder(root, "", (), follow_symlinks=follow_symlinks)
    except FileNotFoundError:
        if missing_ok:
            return
        raise
    # Not recursive: a path may have more steps than Python has frames.
    open_folders = [first]
    while open_folders:
        found = next(open_folders[-1].entries, None)
        if found is None:
            open_folders.pop()
        elif isinstance(found, LocalEntry):
            yield found
        else:
            path, name, ancestors = found
            try:
                folder = _Folder(path, name, ancestors, follow_symlinks=follow_symlinks)
            except OSError as error:
                yield LocalEntry(name, path, error=error)
                continue
            if folder.is_empty:
                yield LocalEntry(name, path)
            open_folders.append(folder)


_Step = tuple[str, str, tuple[tuple[int, int], ...]]


class _Folder:
    """One folder that is being read."""

    def __init__(
        self,
        path: str,
        prefix: str,
        ancestors: tuple[tuple[int, int], ...],
        *,
        follow_symlinks: bool,
    ) -> None:
        self._prefix = prefix
        self._follow = follow_symlinks
        self._ancestors = ancestors
        if follow_symlinks:
            found = os.stat(path)  # noqa: PTH116 - Path objects for every file cost too much
            self._ancestors = (*ancestors, (found.st_dev, found.st_ino))
        with os.scandir(path) as listing:
            held = [(self._key(entry), entry) for entry in listing]
        held.sort(key=lambda pair: pair[0])
        self.is_empty = not held
        self.entries = self._entries(held)

    def _key(self, entry: os.DirEntry[str]) -> str:
        # With its slash: the files in `a` come behind `a!` and `a.txt`, as objects do.
        return f"{entry.name}/" if self._is_folder(entry) else entry.name

    def _is_folder(self, entry: os.DirEntry[str]) -> bool:
        try:
            return entry.is_dir(follow_symlinks=self._follow)
        except OSError:
            return False

    def _entries(self, held: list[tuple[str, os.DirEntry[str]]]) -> Iterator[LocalEntry | _Step]:
        for key, entry in held:
            try:
                name = object_name_of(self._prefix + key)
            except InvalidName as error:
                yield LocalEntry(self._prefix + key, entry.path, error=error)
                continue
            try:
                yield self._entry(name, entry)
            except OSError as error:
                yield LocalEntry(name, entry.path, error=error)

    def _entry(self, name: str, entry: os.DirEntry[str]) -> LocalEntry | _Step:
        if not self._follow and entry.is_symlink():
            return LocalEntry(name, entry.path, skipped="a symbolic link")
        found = entry.stat(follow_symlinks=self._follow)
        if stat.S_ISDIR(found.st_mode):
            if self._follow and (found.st_dev, found.st_ino) in self._ancestors:
                loop = OSError(f"{entry.path} leads back to a folder that it is in")
                return LocalEntry(name, entry.path, error=loop)
            return entry.path, name, self._ancestors
        if not stat.S_ISREG(found.st_mode):
            return LocalEntry(name, entry.path, skipped="neither a file nor a folder")
        if PART_FILE.fullmatch(entry.name):
            return LocalEntry(name, entry.path, skipped="an unfinished download")
        return LocalEntry(name, entry.path, found.st_size, found.st_mtime_ns)
