"""The sources of a move, deleted one by one: none before its target is verified.

A file is read once more, and deleted only if it is what the service keeps; an object only if it
still is the generation that was read. What was skipped is compared before it is believed.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from storage_stream import Preconditions, Storage, TransferResult
from storage_stream.cli.locations import bucket_and_name
from storage_stream.cli.transfers.file_checksum import crc32c_of_file
from storage_stream.cli.transfers.renames import ACTION
from storage_stream.errors import NotFound, StorageError

__all__ = ["Removal", "remove_empty_folders"]

_AT_ONCE = 32  # each is a small request, or a file that is read


class Removal:
    """Deletes sources while its block is entered; leaving it waits for all.

    Args:
        storage: The client.
        options: Of each request.
        fail: Told of what could not be deleted, and the source.
    """

    def __init__(
        self,
        storage: Storage,
        options: dict[str, Any],
        fail: Callable[[Exception, str], None],
    ) -> None:
        self._storage = storage
        self._options = options
        self._fail = fail
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._tasks = asyncio.TaskGroup()

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._tasks.__aexit__(kind, error, traceback)

    async def add(self, result: TransferResult) -> None:
        """Delete the source of a result, if it did not fail; waits while many are under way.

        What was renamed has left its place already.
        """
        if result.error is None and result.action != ACTION:
            await self._room.acquire()
            self._tasks.create_task(self._one(result))

    async def _one(self, result: TransferResult) -> None:
        try:
            if result.skipped is None or await self._is_there(result):
                await self._remover(result)(result)
        except (StorageError, OSError) as error:
            self._fail(error, result.source)
        finally:
            self._room.release()

    def _remover(self, result: TransferResult) -> Callable[[TransferResult], Awaitable[None]]:
        return self._file if result.action == "upload" else self._object

    async def _object(self, result: TransferResult) -> None:
        bucket, name = bucket_and_name(result.source)
        await self._storage.delete(
            *(bucket, name),
            preconditions=Preconditions(if_generation_match=result.source_generation),
            **self._options,
        )

    async def _file(self, result: TransferResult) -> None:
        await asyncio.to_thread(_remove_file, Path(result.source), result.crc32c)

    async def _is_there(self, result: TransferResult) -> bool:
        """Whether the target of what was skipped holds what the source holds."""
        if result.action == "make folder":
            return await asyncio.to_thread(os.path.isdir, result.target)
        path = Path(result.source if result.action == "upload" else result.target)
        if result.action != "copy" and not await asyncio.to_thread(_is_plain_file, path):
            return False
        if result.action == "download":
            return await asyncio.to_thread(crc32c_of_file, path) == result.crc32c
        try:
            found = await self._storage.download_metadata(
                *bucket_and_name(result.target), **self._options
            )
        except NotFound:
            return False
        if result.action == "copy":
            return found.get("crc32c") == result.crc32c
        return await asyncio.to_thread(crc32c_of_file, path) == found.get("crc32c")


def remove_empty_folders(root: str) -> None:
    """Remove a folder and those in it, as far as nothing is in them."""
    for folder, _, _ in os.walk(root, topdown=False):
        with suppress(OSError):  # something is in it, and stays
            os.rmdir(folder)  # noqa: PTH106 - texts come from `walk`


def _remove_file(path: Path, crc32c: str | None) -> None:
    if path.is_dir():
        return  # an object for an empty folder; it goes with the empty folders
    if crc32c is not None and crc32c_of_file(path) != crc32c:
        raise OSError(f"{path} was changed while it was moved; it is kept")
    path.unlink()


def _is_plain_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
