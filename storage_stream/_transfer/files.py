"""Downloads into files: whole or not at all.

The bytes go to a temporary file beside the target, which takes the target's name only when all of
them are there and verified. Whatever fails or is cancelled before, an existing file stays as it
was and no part is left behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import stat
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storage_stream._transfer.opened_file import opened

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

__all__ = ["pour", "replacing"]

_BATCH_BYTES = 1024 * 1024  # for one hop to the thread that writes
_LONGEST_STEM = 200  # bytes of the target's name in the part's; most file systems allow 255


@asynccontextmanager
async def replacing(target: str | os.PathLike[str]) -> AsyncGenerator[Any]:
    """A new binary file that takes the place of `target` when the block is left without an error.

    A target that exists and is no ordinary file (a pipe, `/dev/null`) is written straight into;
    a symbolic link is followed. The new file has an old one's permissions.

    Raises:
        OSError: The folder does not exist, the disk is full, …; nothing is left behind.
    """
    path, part = await asyncio.to_thread(_paths_of, target)
    if part is None:
        async with opened(path, "wb") as file:
            yield file
        return
    try:
        async with opened(part, "xb") as file:
            yield file
        await asyncio.to_thread(_put_in_place, part, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()  # synchronous: a second cancel must not leave it
        raise


async def pour(next_piece: Callable[[], Awaitable[bytes]], file: Any) -> None:
    """Write all that `next_piece` gives until it gives nothing."""
    batch: list[bytes] = []
    held = 0
    while piece := await next_piece():
        batch.append(piece)
        held += len(piece)
        if held >= _BATCH_BYTES:
            await file.writelines(batch)
            batch, held = [], 0
    await file.writelines(batch)


def _paths_of(target: str | os.PathLike[str]) -> tuple[Path, Path | None]:
    """The file, and the temporary one for it; None where it is to be written into itself."""
    path = Path(os.path.realpath(target))
    if path.is_dir() or os.fspath(target).endswith(os.sep):  # resolving takes the slash away
        raise IsADirectoryError(f"{path} is a folder")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent}")
    if path.exists() and not stat.S_ISREG(path.stat().st_mode):
        return path, None
    stem = os.fsencode(path.name)[:_LONGEST_STEM].decode(errors="ignore")
    return path, path.with_name(f".{stem}.{secrets.token_hex(6)}.part")


def _put_in_place(part: Path, path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        part.chmod(stat.S_IMODE(path.stat().st_mode))
    part.replace(path)
