"""Downloads into files: whole or not at all.

The bytes go to a temporary file beside the target, which takes the target's name only when all of
them are there and verified. Whatever fails or is cancelled before, an existing file stays as it
was.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import stat
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from storage_stream._transfer.file_modes import mode_of_new
from storage_stream._transfer.output_file import PIECE_BYTES, in_thread, opened_for_output
from storage_stream.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from storage_stream._transfer.output_file import OutputFile

__all__ = ["Place", "pour", "replacing"]

_LONGEST_STEM = 190  # bytes of the target's name in the part's; most file systems allow 255


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file is to be.

    Attributes:
        path: The file, without symbolic links.
        is_regular: False where a pipe or a device stands, which is written straight into.
    """

    path: Path
    is_regular: bool

    @classmethod
    def of(cls, target: str | os.PathLike[str]) -> Place:
        """Find it. Blocks.

        Raises:
            OSError: There is no such folder, or the target is one.
            InvalidArgument: No file can have such a name.
        """
        try:
            path = Path(os.path.realpath(target))
        except ValueError as error:  # a NUL; letters that the file system cannot write
            raise InvalidArgument(
                f"no file can be called {os.fspath(target)!r}: {error}"
            ) from error
        if path.is_dir() or os.fspath(target).endswith(os.sep):  # resolving takes the slash away
            raise IsADirectoryError(f"{path} is a folder")
        if not path.parent.is_dir():
            raise FileNotFoundError(f"there is no folder {path.parent}")
        return cls(path, not path.exists() or stat.S_ISREG(path.stat().st_mode))

    def new_part(self) -> Path:
        """A name for a temporary file that nobody else has."""
        return self._beside(secrets.token_hex(6), "part")

    @property
    def kept_part(self) -> Path:
        """The name of the part that a later process can find."""
        digest = hashlib.sha256(os.fsencode(self.path.name)).hexdigest()  # the stem may be cut
        return self._beside(digest[:12], "sliced.part")

    @property
    def kept_journal(self) -> Path:
        """The name of what says what is in it."""
        return self.kept_part.with_suffix(".json")

    def _beside(self, mark: str, suffix: str) -> Path:
        stem = os.fsencode(self.path.name)[:_LONGEST_STEM].decode(errors="ignore")
        return self.path.with_name(f".{stem}.{mark}.{suffix}")

    def take(self, part: Path) -> None:
        """Give a part the target's name, and an old or a new file's permissions. Blocks."""
        if os.name != "nt":
            wanted = self._mode()
            if stat.S_IMODE(part.stat().st_mode) != wanted:  # else a file system may have no other
                part.chmod(wanted)
        part.replace(self.path)

    def _mode(self) -> int:
        try:
            return stat.S_IMODE(self.path.stat().st_mode)
        except FileNotFoundError:
            return mode_of_new(self.path.parent)


@asynccontextmanager
async def replacing(place: Place, now: Callable[[], float]) -> AsyncGenerator[OutputFile]:
    """A new file that takes its place when the block is left without an error.

    What is no ordinary file (a pipe, `/dev/null`) is written straight into. The new file has an
    old one's permissions.

    Args:
        place: Which.
        now: A clock, in seconds.

    Raises:
        OSError: The disk is full, …; nothing is left behind.
    """
    if not place.is_regular:
        async with opened_for_output(place.path, now, is_new=False) as file:
            yield file
        return
    part = place.new_part()
    try:
        async with opened_for_output(part, now) as file:
            yield file
        await in_thread(place.take, part)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()  # synchronous: a second cancel must not leave it
        raise


async def pour(
    next_piece: Callable[[int], Awaitable[bytes | memoryview]], file: OutputFile
) -> None:
    """Write all that `next_piece` gives until it gives nothing; a piece is not kept."""
    offset = 0
    while piece := await next_piece(PIECE_BYTES):
        await file.write(piece, offset)
        offset += len(piece)
