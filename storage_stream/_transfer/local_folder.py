"""The folder that downloads go to: nothing is written outside of it, and no file is half there.

What is done here blocks; it is called in threads.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from storage_stream._transfer.file_lock import Lock, open_locked
from storage_stream._transfer.file_modes import mode_of_new, open_private
from storage_stream.errors import InvalidName

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

__all__ = ["LocalFolder"]

_LONGEST_STEM = 200  # bytes of the target's name in the part's; most file systems allow 255
_MOST_KNOWN = 10_000  # folders that are remembered to be there
_FLAGS = (
    os.O_RDWR  # of what is no file this does not wait for a reader
    | os.O_CREAT
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_BINARY", 0)
)


class LocalFolder:
    """A target folder.

    Args:
        root: Where; made when the first file comes. It may be a link itself.
        run: What names the run, so that it takes the place of its own unfinished files when it
            goes on after it was killed; empty for a run that does not.
    """

    def __init__(self, root: str, run: str = "") -> None:
        self.root = os.path.realpath(root)
        self._run = run
        self._known: set[tuple[str, ...]] = set()
        self._new_mode: int | None = None  # found out when it is first needed

    def path_of(self, parts: Sequence[str]) -> str:
        """Where it will be."""
        return os.path.join(self.root, *parts)  # noqa: PTH118 - Path objects cost too much here

    def prepare(self, parts: tuple[str, ...]) -> os.stat_result | None:
        """Make the folders for a file, and look at what is in its place.

        Returns:
            The file that is there, or None.

        Raises:
            InvalidName: A link is on the way, or in the place: it may lead outside; or what is
                there is a device or a pipe.
            NotADirectoryError: A file is where a folder has to be.
            IsADirectoryError: A folder is where the file has to be.
            OSError: A folder cannot be made.
        """
        self.make_folder(parts[:-1])
        path = self.path_of(parts)
        try:
            found = os.lstat(path)
        except FileNotFoundError:
            return None
        if stat.S_ISLNK(found.st_mode):
            raise InvalidName(f"{path!r} is a symbolic link: it may lead out of the target folder")
        if stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError(f"{path} is a folder, and is to be a file, too")
        if not stat.S_ISREG(found.st_mode):
            raise InvalidName(f"{path!r} is a device or a pipe, which no file replaces")
        return found

    def make_folder(self, parts: tuple[str, ...]) -> bool:
        """Make a folder and those it is in.

        Returns:
            Whether it was not there.

        Raises:
            InvalidName: A link is on the way.
            NotADirectoryError: A file is on the way.
            OSError: It cannot be made.
        """
        if parts in self._known:
            return False
        os.makedirs(self.root, exist_ok=True)  # noqa: PTH103 - as in `path_of`
        made = False
        for depth in range(1, len(parts) + 1):
            made = self._make_step(self.path_of(parts[:depth]))
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known.add(parts)
        return made

    def write(self, parts: tuple[str, ...], data: bytes, mtime: int | None) -> os.stat_result:
        """Put a whole file in its place, or leave what is there.

        Args:
            parts: Its name.
            data: Its bytes.
            mtime: When it was changed, seconds since 1970; None for now.

        Raises:
            InvalidName: See `prepare`.
            OSError: It cannot be written.
        """
        try:
            return self._write(parts, data, mtime)
        except FileNotFoundError:
            if not self.make_again(parts[:-1]):
                raise
            return self._write(parts, data, mtime)

    def make_again(self, parts: tuple[str, ...]) -> bool:
        """Make a folder that was there: a deletion beside this may have found it empty.

        Returns:
            Whether it was gone.

        Raises:
            InvalidName: See `make_folder`.
            OSError: It cannot be made.
        """
        self._known.clear()
        return self.make_folder(parts)

    def _write(self, parts: tuple[str, ...], data: bytes, mtime: int | None) -> os.stat_result:
        old = self.prepare(parts)
        with self._part(parts) as (part, descriptor):
            with open(descriptor, "wb", closefd=os.name == "nt") as file:
                file.write(data)
                if os.name != "nt":
                    self._open_up(descriptor, old)
            if mtime is not None:
                os.utime(part, (mtime, mtime))
            written = os.stat(part)  # noqa: PTH116 - as in `path_of`
            if os.name != "nt":
                os.close(os.dup(descriptor))  # brings what a network's file system complains of
            os.replace(part, self.path_of(parts))  # noqa: PTH105 - as in `path_of`
        return written

    def _open_up(self, descriptor: int, old: os.stat_result | None) -> None:
        """Give a part the permissions of the file that it replaces, or of a new one."""
        if old is None and self._new_mode is None:
            self._new_mode = mode_of_new(self.root)
        wanted = self._new_mode if old is None else stat.S_IMODE(old.st_mode)
        if wanted is not None and stat.S_IMODE(os.fstat(descriptor).st_mode) != wanted:
            os.fchmod(descriptor, wanted)

    def remove(self, parts: tuple[str, ...], *, is_folder: bool) -> None:
        """Delete a file or an empty folder, and the folders that became empty by it.

        Raises:
            InvalidName: A link is on the way.
            OSError: It cannot be deleted.
        """
        for depth in range(1, len(parts)):
            folder = self.path_of(parts[:depth])
            if stat.S_ISLNK(os.lstat(folder).st_mode):
                raise InvalidName(f"{folder!r} is a symbolic link")
        (os.rmdir if is_folder else os.unlink)(self.path_of(parts))
        for depth in range(len(parts) - 1, 0, -1):
            try:
                os.rmdir(self.path_of(parts[:depth]))  # noqa: PTH106 - as in `path_of`
            except OSError:
                break  # something is still in it
        self._known.clear()

    @contextlib.contextmanager
    def _part(self, parts: tuple[str, ...]) -> Generator[tuple[str, int]]:
        """An empty file to write, removed when the block is left with an error."""
        part, descriptor = self._open_part(parts)
        try:
            yield part, descriptor
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(part)  # noqa: PTH108 - as in `path_of`
            raise
        finally:
            # Not before it has its new name: until then the lock keeps others from writing to it.
            if os.name != "nt":
                os.close(descriptor)

    def _open_part(self, parts: tuple[str, ...]) -> tuple[str, int]:
        folder, name = parts[:-1], parts[-1]
        if self._run:
            path = self.path_of((*folder, self._part_name(name)))
            descriptor = _opened_alone(path)
            if descriptor is not None:
                return path, descriptor
        path = self.path_of((*folder, self._part_name(name, is_new=True)))
        return path, open_private(path, _FLAGS | os.O_EXCL)

    def _part_name(self, name: str, *, is_new: bool = False) -> str:
        stem = os.fsencode(name)[:_LONGEST_STEM].decode(errors="ignore")
        own = hashlib.sha256(os.fsencode(f"{self._run}\0{name}")).hexdigest()[:12]
        mark = own if self._run and not is_new else secrets.token_hex(6)
        return f".{stem}.{mark}.part"

    def _make_step(self, path: str) -> bool:
        try:
            os.mkdir(path)  # noqa: PTH102 - as in `path_of`
        except FileExistsError:
            mode = os.lstat(path).st_mode
            if stat.S_ISLNK(mode):
                raise InvalidName(f"{path!r} is a symbolic link: it may lead outside") from None
            if not stat.S_ISDIR(mode):
                raise NotADirectoryError(f"{path} is a file, and is to be a folder, too") from None
            return False
        return True


def _opened_alone(path: str) -> int | None:
    """An unfinished file of the run emptied, or a new one; None when it cannot be ours alone.

    Its name can be guessed, and two of a run may be one file's: so no link is followed, and
    nothing is written that another is writing.
    """
    try:
        descriptor, outcome = open_locked(Path(path), _FLAGS)
    except OSError:
        return None  # where none can be made, a name of its own says why
    found = os.fstat(descriptor)
    if outcome is Lock.OURS and stat.S_ISREG(found.st_mode) and found.st_nlink == 1:
        os.ftruncate(descriptor, 0)
        return descriptor
    os.close(descriptor)
    return None
