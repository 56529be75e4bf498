"""What there is to do, one item at a time: from a list, a folder, or what the caller names."""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from storage_stream._protocol.names import check_object
from storage_stream._transfer.local_names import relative_parts
from storage_stream._transfer.many_items import Action, Item
from storage_stream._transfer.remote_tree import Collisions, RemoteEntry
from storage_stream.errors import InvalidArgument, InvalidName

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from storage_stream._protocol.resources import ObjectResource
    from storage_stream._transfer.local_tree import LocalEntry

__all__ = [
    "copy_item",
    "copy_listed",
    "copy_named",
    "download_item",
    "download_listed",
    "download_named",
    "upload_item",
    "upload_listed",
    "upload_named",
]

Pairs = Iterable[Any] | AsyncIterable[Any]


def download_item(bucket: str, entry: RemoteEntry, root: str, error: Exception | None) -> Item:
    """An object that is to be a file; one that stands for a folder makes the folder."""
    action = Action.MAKE_FOLDER if entry.is_folder else Action.DOWNLOAD
    if error is None and entry.is_folder and entry.size:
        error = InvalidName(f"{entry.name!r} stands for a folder, and holds bytes")
    error = error or _no_file(entry.name)
    return Item(
        *(action, bucket, entry.object_name, None, entry.name, root),
        *(entry.size, entry.generation, entry.file_time),
        is_encoded=entry.is_encoded,
        error=error,
        crc32c=entry.crc32c,
    )


def upload_item(entry: LocalEntry, bucket: str, prefix: str, expected: int | None = None) -> Item:
    """A file that is to be an object."""
    name = prefix + entry.name
    error = entry.error
    if error is None and entry.skipped is None:
        error = _wrong_name(name)
    path = f"{entry.path}/" if entry.is_folder else entry.path
    return Item(
        *(Action.UPLOAD, None, path, bucket, name),
        size=0 if entry.is_folder else entry.size,
        mtime_ns=entry.mtime_ns,
        expected=expected,
        error=error,
        skipped=entry.skipped,
    )


def copy_item(
    entry: RemoteEntry, bucket: str, target_bucket: str, name: str, expected: int | None = None
) -> Item:
    """An object that is to be another."""
    return Item(
        *(Action.COPY, bucket, entry.object_name, target_bucket, name),
        size=entry.size,
        generation=entry.generation,
        expected=expected,
        error=_wrong_name(name),
        crc32c=entry.crc32c,
    )


async def download_listed(
    entries: AsyncGenerator[RemoteEntry, None], bucket: str, root: str
) -> AsyncGenerator[Item, None]:
    """Listed objects, to files below a folder."""
    collisions = Collisions()
    async with aclosing(entries):
        async for entry in entries:
            yield download_item(bucket, entry, root, collisions.check(entry.name))


async def download_named(bucket: str, pairs: Pairs, root: str) -> AsyncGenerator[Item, None]:
    """Named objects, to files below a folder that are called so, or as they are paired with."""
    async with aclosing(_pairs(pairs)) as given:
        async for name, other in given:
            if isinstance(name, Mapping):
                entry = _listed_as(cast("ObjectResource", name), other)
                yield download_item(bucket, entry, root, _wrong_name(entry.object_name))
                continue
            target: str = name if other is None else os.fsdecode(other)
            error = _wrong_name(name) or _no_file(target) or _folder_name(target)
            yield Item(Action.DOWNLOAD, bucket, name, None, target, root, error=error)


async def upload_listed(
    entries: AsyncGenerator[LocalEntry, None], bucket: str, prefix: str, *, empty_folders: bool
) -> AsyncGenerator[Item, None]:
    """The files of a folder."""
    async with aclosing(entries):
        async for entry in entries:
            item = upload_item(entry, bucket, prefix)
            if entry.is_folder and entry.is_usable and not empty_folders:
                yield _skipped(item, "an empty folder")
            else:
                yield item


async def upload_named(bucket: str, pairs: Pairs, prefix: str) -> AsyncGenerator[Item, None]:
    """Named files, to objects that are called as they are paired with, or as the file."""
    async with aclosing(_pairs(pairs)) as given:
        async for said, other in given:
            path: str = os.fsdecode(said)
            name = prefix + (os.path.basename(path) if other is None else other)  # noqa: PTH119 - may be no Path
            error: Exception | None = _wrong_name(name)
            if path.endswith("/"):  # that is what a listed folder is told by
                error = IsADirectoryError(f"{path} names a folder")
            yield Item(Action.UPLOAD, None, path, bucket, name, error=error)


async def copy_listed(
    entries: AsyncGenerator[RemoteEntry, None], bucket: str, target_bucket: str, prefix: str
) -> AsyncGenerator[Item, None]:
    """Listed objects, to objects below a prefix."""
    async with aclosing(entries):
        async for entry in entries:
            yield copy_item(entry, bucket, target_bucket, prefix + entry.name)


async def copy_named(
    bucket: str, pairs: Pairs, target_bucket: str, prefix: str
) -> AsyncGenerator[Item, None]:
    """Named objects, to objects that are called so, or as they are paired with."""
    async with aclosing(_pairs(pairs)) as given:
        async for name, other in given:
            if isinstance(name, Mapping):
                entry = _listed_as(cast("ObjectResource", name), other)
                yield copy_item(entry, bucket, target_bucket, prefix + entry.name)
                continue
            target = prefix + (name if other is None else other)
            error = _wrong_name(name) or _wrong_name(target)
            yield Item(Action.COPY, bucket, name, target_bucket, target, error=error)


async def _pairs(said: Pairs) -> AsyncGenerator[tuple[Any, Any], None]:
    if isinstance(said, bytes | Mapping):
        raise InvalidArgument("give several names, or pairs of them")
    if isinstance(said, AsyncIterable):
        async for one in said:
            yield _pair(one)
    else:
        for one in said:
            yield _pair(one)


def _listed_as(resource: ObjectResource, name: Any) -> RemoteEntry:
    """A resource as a list gives it, that is to be called otherwise."""
    entry = RemoteEntry.of(resource, "")
    return entry if name is None else replace(entry, name=os.fsdecode(name))


def _pair(said: Any) -> tuple[Any, Any]:
    if isinstance(said, str | os.PathLike | Mapping):
        return cast("Any", said), None
    if isinstance(said, tuple | list):
        pair = cast("Sequence[Any]", said)
        if len(pair) == 2:  # noqa: PLR2004 - a pair
            return pair[0], pair[1]
    raise InvalidArgument("neither a name nor a pair of names is among those to transfer")


def _no_file(name: str) -> InvalidName | None:
    try:
        relative_parts(name)
    except InvalidName as error:
        return error
    return None


def _folder_name(name: str) -> InvalidName | None:
    # `a/` and `a` must not become one file; and nobody said whether `a/` holds bytes.
    if name.endswith("/"):
        return InvalidName(f"{name!r} names a folder: give the object a path of its own")
    return None


def _wrong_name(name: str) -> InvalidName | None:
    try:
        check_object(name)
    except InvalidName as error:
        return error
    return None


def _skipped(item: Item, why: str) -> Item:
    return replace(item, skipped=why)
