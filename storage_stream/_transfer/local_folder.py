"""The folder that downloads go to: nothing is written outside of it, and no file is half there.

What is done here blocks; it is called in threads.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import stat
from typing import TYPE_CHECKING

from storage_stream.errors import InvalidName

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LocalFolder"]

_LONGEST_STEM = 200  # bytes of the target's name in the part's; most file systems allow 255
_MOST_KNOWN = 10_000  # folders that are remembered to be there


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

    def path_of(self, parts: Sequence[str]) -> str:
        """Where it will be."""
        return os.path.join(self.root, *parts)  # noqa: PTH118 - Path objects cost too much here

    def prepare(self, parts: tuple[str, ...]) -> os.stat_result | None:
        """Make the folders for a file, and look at what is in its place.

        Returns:
            The file that is there, or None.

        Raises:
            InvalidName: A link is on the way, or in the place: it may lead outside.
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
        old = self.prepare(parts)
        part = self.path_of((*parts[:-1], self._part_name(parts[-1])))
        try:
            with open(part, "wb" if self._run else "xb") as file:  # noqa: PTH123 - as in `path_of`
                file.write(data)
                if old is not None and os.name != "nt":
                    os.fchmod(file.fileno(), stat.S_IMODE(old.st_mode))
            if mtime is not None:
                os.utime(part, (mtime, mtime))
            written = os.stat(part)  # noqa: PTH116 - as in `path_of`
            os.replace(part, self.path_of(parts))  # noqa: PTH105 - as in `path_of`
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(part)  # noqa: PTH108 - as in `path_of`
            raise
        return written

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

    def _part_name(self, name: str) -> str:
        stem = os.fsencode(name)[:_LONGEST_STEM].decode(errors="ignore")
        own = hashlib.sha256(os.fsencode(f"{self._run}\0{name}")).hexdigest()[:12]
        return f".{stem}.{own if self._run else secrets.token_hex(6)}.part"

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
