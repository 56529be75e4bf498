"""One item of many, done: with what a single transfer of the same object uses.

What is small goes through memory, in one request and a hop to a thread that several share; what
is not is read or written while it is transferred. This module refuses to know how many items
there are.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Awaitable, Callable, Mapping  # noqa: TC003 - fields are looked up
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storage_stream._protocol.options import Preconditions
from storage_stream._transfer.local_folder import LocalFolder
from storage_stream._transfer.local_names import relative_parts
from storage_stream._transfer.many_hops import SharedHops
from storage_stream._transfer.many_items import MTIME_KEY, Action, Item, TransferResult
from storage_stream._transfer.path_source import opened_at_once
from storage_stream.errors import NotFound, ObjectChanged, PreconditionFailed
from storage_stream.pipeline.source import run_blocking

if TYPE_CHECKING:
    from storage_stream._protocol.meter import Meter

__all__ = ["Doing", "Done", "ManyHow", "Moves"]

SMALL_BYTES = 1024 * 1024  # held in memory for each item under way


@dataclass(frozen=True, slots=True)
class Moves:
    """The single transfers: the client's methods of these names."""

    download: Callable[..., Awaitable[bytes]]
    download_to_filename: Callable[..., Awaitable[None]]
    upload: Callable[..., Awaitable[Any]]
    copy: Callable[..., Awaitable[Any]]
    delete: Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class ManyHow:
    """What is the same for all items; it can be pickled if the keywords can.

    Attributes:
        keywords: For each single transfer.
        overwrite: False leaves alone what is there.
        metadata: For each new object, besides its mtime.
        run: Names a run that can be gone on with; see `LocalFolder`.
    """

    keywords: Mapping[str, Any]
    overwrite: bool = True
    metadata: Mapping[str, Any] | None = None
    run: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """An item that was done.

    Attributes:
        result: What became of it.
        size: Bytes of the file on our side.
        mtime_ns: When that was changed last.
    """

    result: TransferResult
    size: int | None = None
    mtime_ns: int | None = None


class Doing:
    """Does items.

    Args:
        moves: The single transfers.
        how: What is the same for all.
    """

    def __init__(self, moves: Moves, how: ManyHow) -> None:
        self._moves = moves
        self._how = how
        self._folders: dict[str, LocalFolder] = {}
        self._hops = SharedHops()
        self._verbs: dict[Action, Callable[[Item, dict[str, Any]], Awaitable[Done]]] = {
            Action.DOWNLOAD: self._download,
            Action.UPLOAD: self._upload,
            Action.COPY: self._copy,
            Action.DELETE_OBJECT: self._delete_object,
            Action.DELETE_FILE: self._delete_file,
            Action.MAKE_FOLDER: self._make_folder,
        }

    async def do(self, item: Item, meter: Meter) -> Done:
        """Do it. Cancelling leaves the target as it was, or as it is to be.

        Raises:
            StorageError: The service, or the way there.
            OSError: The file.
        """
        return await self._verbs[item.action](item, {**self._how.keywords, "progress": meter})

    def _folder(self, root: str) -> LocalFolder:
        if root not in self._folders:
            self._folders[root] = LocalFolder(root, self._how.run)
        return self._folders[root]

    async def _download(self, item: Item, keywords: dict[str, Any]) -> Done:
        folder, parts = self._folder(item.root), relative_parts(item.target)
        is_small = item.size is not None and item.size <= SMALL_BYTES and not item.is_encoded
        if not (is_small and self._how.overwrite):
            old = await self._hops.call(partial(folder.prepare, parts))
            if old is not None and not self._how.overwrite:
                return Done(item.result(skipped="it is there already"))
        if item.generation is not None:
            keywords["generation"] = item.generation
        try:
            if is_small:
                data = await self._moves.download(item.bucket, item.name, **keywords)
                write = partial(folder.write, parts, data, item.mtime)
                found = await self._hops.call(write)
            else:
                found = await self._download_to_file(item, folder, parts, keywords)
        except NotFound as error:
            if item.generation is None:
                raise
            raise ObjectChanged(
                "it was overwritten or deleted since it was listed",
                method="GET",
                subject=item.source_name,
            ) from error
        result = item.result(size=found.st_size, generation=item.generation)
        return Done(result, found.st_size, found.st_mtime_ns)

    async def _download_to_file(
        self, item: Item, folder: LocalFolder, parts: tuple[str, ...], keywords: dict[str, Any]
    ) -> os.stat_result:
        path = folder.path_of(parts)
        for is_last in (False, False, True):
            try:
                await self._moves.download_to_filename(item.bucket, item.name, path, **keywords)
                break
            except FileNotFoundError:
                # What a sync deletes takes empty folders with it, before the first byte was here.
                if is_last or not await run_blocking(folder.make_again, parts[:-1]):
                    raise
        return await run_blocking(_stamped, path, item.mtime)

    async def _upload(self, item: Item, keywords: dict[str, Any]) -> Done:
        data, found = await self._hops.call(partial(_read_small, item.name))
        keywords["metadata"] = self._metadata(int(found.st_mtime))
        keywords.setdefault("preconditions", self._expected(item))
        try:
            resource = await self._moves.upload(
                item.target_bucket,
                item.target,
                Path(item.name) if data is None else data,
                **keywords,
            )
        except PreconditionFailed:
            if item.expected is None and not self._how.overwrite:
                return Done(item.result(skipped="it is there already"))
            raise
        crc32c = resource.get("crc32c")
        result = item.result(
            size=int(resource["size"]), generation=_generation(resource), crc32c=crc32c
        )
        return Done(result, found.st_size, found.st_mtime_ns)

    def _metadata(self, mtime: int) -> dict[str, Any]:
        said = dict(self._how.metadata or {})
        return {**said, "metadata": {MTIME_KEY: str(mtime), **(said.get("metadata") or {})}}

    def _expected(self, item: Item) -> Preconditions | None:
        expected = item.expected if self._how.overwrite or item.expected is not None else 0
        return None if expected is None else Preconditions(if_generation_match=expected)

    async def _copy(self, item: Item, keywords: dict[str, Any]) -> Done:
        if item.generation is not None:
            keywords["generation"] = item.generation
        keywords.setdefault("preconditions", self._expected(item))
        if self._how.metadata:
            keywords["metadata"] = self._how.metadata
        try:
            answer = await self._moves.copy(
                item.bucket, item.name, item.target_bucket, new_name=item.target, **keywords
            )
        except PreconditionFailed:
            if item.expected is None and not self._how.overwrite:
                return Done(item.result(skipped="it is there already"))
            raise
        size = int(answer.get("objectSize", item.size or 0))
        return Done(item.result(size=size, generation=_generation(answer.get("resource", {}))))

    async def _delete_object(self, item: Item, keywords: dict[str, Any]) -> Done:
        # Not `generation`, which would delete a version for good where versions are kept.
        keywords["preconditions"] = self._expected(item)
        try:
            await self._moves.delete(item.target_bucket, item.target, **keywords)
        except NotFound:
            return Done(item.result(skipped="it is gone already"))
        return Done(item.result(generation=item.expected))

    async def _delete_file(self, item: Item, keywords: dict[str, Any]) -> Done:  # noqa: ARG002 - no request
        remove = self._folder(item.root).remove
        is_folder = item.target.endswith("/")
        parts = relative_parts(item.target)
        await self._hops.call(partial(remove, parts, is_folder=is_folder))
        return Done(item.result())

    async def _make_folder(self, item: Item, keywords: dict[str, Any]) -> Done:  # noqa: ARG002 - the same
        folder, parts = self._folder(item.root), relative_parts(item.target)
        made = await self._hops.call(partial(folder.make_folder, parts))
        return Done(item.result(skipped=None if made else "it is there already"))


def _generation(resource: Mapping[str, Any]) -> int | None:
    text = resource.get("generation")
    return None if text is None else int(text)


def _read_small(path: str) -> tuple[bytes | None, os.stat_result]:
    """A small file whole; of a large one, what there is to know about it."""
    if path.endswith("/"):
        return b"", os.stat(path)  # noqa: PTH116 - an empty folder is to be an object, too
    with open(path, "rb", buffering=0, opener=opened_at_once) as file:
        found = os.fstat(file.fileno())
        if found.st_size > SMALL_BYTES or not stat.S_ISREG(found.st_mode):
            return None, found
        data = file.read(SMALL_BYTES + 1) or b""
        return (None if len(data) > SMALL_BYTES else data), found  # it may just have grown


def _stamped(path: str, mtime: int | None) -> os.stat_result:
    if mtime is not None:
        os.utime(path, (mtime, mtime))
    return os.stat(path)  # noqa: PTH116 - as above
