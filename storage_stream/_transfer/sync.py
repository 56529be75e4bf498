"""Two trees made alike: their names are merged in order, and what differs becomes an item.

Both sides come sorted by the bytes of their names, so that one pass over both is enough, and
neither is ever held. What could not be read on the source's side is never taken for deleted.
"""

from __future__ import annotations

import os
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from storage_stream._protocol.names import check_bucket
from storage_stream._transfer.many_items import Action, Item
from storage_stream._transfer.many_sources import copy_item, download_item, upload_item
from storage_stream._transfer.remote_tree import Collisions
from storage_stream._transfer.sync_compare import (
    Compare,
    crc32c_of_file,
    same_by_time,
    same_objects,
)
from storage_stream.errors import InvalidArgument
from storage_stream.pipeline.source import run_blocking

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from storage_stream._transfer.local_tree import LocalEntry
    from storage_stream._transfer.remote_tree import RemoteEntry

__all__ = ["Place", "SyncHow", "between_buckets", "merged", "sync_down", "sync_up"]

S = TypeVar("S", "RemoteEntry", "LocalEntry")
T = TypeVar("T", "RemoteEntry", "LocalEntry")

_SAME = "it is the same"


@dataclass(frozen=True, slots=True)
class SyncHow:
    """How they are made alike.

    Attributes:
        compare: By what.
        delete: Whether what only the target has is deleted.
        empty_folders: Whether an empty folder becomes an object that stands for it.
        allow_empty_source: Whether also a source with nothing in it has all of the target deleted.
    """

    compare: Compare = Compare.MTIME
    delete: bool = False
    empty_folders: bool = False
    allow_empty_source: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A bucket and a prefix that is a folder; or a folder on this machine, then without bucket."""

    bucket: str | None
    prefix: str

    @classmethod
    def of(cls, said: str | os.PathLike[str]) -> Place:
        """Read `gs://bucket/prefix` or a path.

        Raises:
            InvalidName: A bucket name that cannot be.
            InvalidArgument: It is neither.
        """
        if not isinstance(said, str | os.PathLike):
            raise InvalidArgument(f"a path or gs://bucket/prefix, not {type(said).__name__}")
        text = os.fspath(said)
        if not text.startswith("gs://"):
            if not text or "\0" in text:
                raise InvalidArgument("the path is empty, or has a NUL in it")
            return cls(None, text)
        bucket, _, prefix = text.removeprefix("gs://").partition("/")
        if prefix and not prefix.endswith("/"):
            prefix += "/"
        return cls(check_bucket(bucket), prefix)

    def check_apart(self, other: Place) -> None:
        """Refuse two places of which one is in the other.

        Raises:
            InvalidArgument: They overlap.
        """
        if self.bucket == other.bucket:
            if self.bucket is None:
                raise InvalidArgument("one of the two must be in a bucket: gs://bucket/prefix")
            if self.prefix.startswith(other.prefix) or other.prefix.startswith(self.prefix):
                raise InvalidArgument("source and target overlap")


async def sync_down(
    sources: AsyncGenerator[RemoteEntry, None],
    targets: AsyncGenerator[LocalEntry, None],
    bucket: str,
    root: str,
    how: SyncHow,
) -> AsyncGenerator[Item, None]:
    """What makes a folder like a part of a bucket."""
    collisions = Collisions()
    async with aclosing(merged(sources, targets, how)) as pairs:
        async for source, target in pairs:
            if source is None:
                if how.delete and target is not None and target.is_usable:
                    yield _deletion_of_file(root, target)
                continue
            item = download_item(bucket, source, root, collisions.check(source.name))
            if target is not None and target.is_usable and await _same(target, source, how):
                item = replace(item, skipped=_SAME)
            yield item


async def sync_up(
    sources: AsyncGenerator[LocalEntry, None],
    targets: AsyncGenerator[RemoteEntry, None],
    place: Place,
    how: SyncHow,
) -> AsyncGenerator[Item, None]:
    """What makes a part of a bucket like a folder."""
    assert place.bucket is not None  # noqa: S101 - it is a bucket's
    unread = _Unread()
    async with aclosing(merged(sources, targets, how)) as pairs:
        async for source, target in pairs:
            if source is None:
                if how.delete and target is not None and not unread.covers(target.name):
                    yield _deletion_of_object(place.bucket, target)
                continue
            item = upload_item(source, place.bucket, place.prefix, _expected(target))
            if not source.is_usable:
                unread.add(source.name)
            elif source.is_folder and not how.empty_folders:
                item = replace(item, skipped="an empty folder")
            elif target is not None and await _same(source, target, how):
                item = replace(item, skipped=_SAME)
            yield item


async def between_buckets(
    sources: AsyncGenerator[RemoteEntry, None],
    targets: AsyncGenerator[RemoteEntry, None],
    bucket: str,
    place: Place,
    how: SyncHow,
) -> AsyncGenerator[Item, None]:
    """What makes a part of a bucket like a part of another; no byte comes here."""
    assert place.bucket is not None  # noqa: S101 - it is a bucket's
    async with aclosing(merged(sources, targets, how)) as pairs:
        async for source, target in pairs:
            if source is None:
                if how.delete and target is not None:
                    yield _deletion_of_object(place.bucket, target)
                continue
            name = place.prefix + source.name
            item = copy_item(source, bucket, place.bucket, name, _expected(target))
            if target is not None and same_objects(source, target, compare=how.compare):
                item = replace(item, skipped=_SAME)
            yield item


async def merged(
    sources: AsyncGenerator[S, None], targets: AsyncGenerator[T, None], how: SyncHow
) -> AsyncGenerator[tuple[S | None, T | None], None]:
    """Entries of both sides by their names; None where a side has none of a name.

    A folder that only the target names, and in which the source has something, is left out: it is
    no more than the source implies.

    Raises:
        InvalidArgument: All of the target would be deleted, and nobody said that it is meant: a
            prefix that is mistyped lists as nothing, too.
    """
    async with aclosing(sources), aclosing(targets):
        source, target = await anext(sources, None), await anext(targets, None)
        if source is None and target is not None and how.delete and not how.allow_empty_source:
            raise InvalidArgument(
                "the source has nothing, so that delete=True would delete all of the target: "
                "if this is meant, say allow_empty_source=True (--allow-empty-source)"
            )
        while source is not None or target is not None:
            if target is None or (source is not None and source.name < target.name):
                yield source, None
                source = await anext(sources, None)
            elif source is None or target.name < source.name:
                implied = source is not None and source.name.startswith(target.name)
                if not (target.is_folder and implied):
                    yield None, target
                target = await anext(targets, None)
            else:
                yield source, target
                source, target = await anext(sources, None), await anext(targets, None)


class _Unread:
    """Names below which the source may have something that could not be looked at."""

    def __init__(self) -> None:
        self._names: list[str] = []  # without a slash; they come in order

    def add(self, name: str) -> None:
        self._names.append(name.removesuffix("/"))

    def covers(self, name: str) -> bool:
        """Whether the name is one of them, or below one."""
        while self._names and not name.startswith(self._names[-1]):
            self._names.pop()
        return any(name == one or name.startswith(f"{one}/") for one in self._names)


async def _same(local: LocalEntry, remote: RemoteEntry, how: SyncHow) -> bool:
    if local.is_folder or remote.is_folder:
        return local.name == remote.name
    same = same_by_time(local, remote, compare=how.compare)
    if same is None:
        try:
            return await run_blocking(crc32c_of_file, local.path) == remote.crc32c
        except OSError:
            return False  # the transfer meets the same error, and tells it
    return same


def _expected(target: RemoteEntry | None) -> int:
    return 0 if target is None else target.generation


def _deletion_of_file(root: str, entry: LocalEntry) -> Item:
    return Item(Action.DELETE_FILE, None, entry.name, None, entry.name, root)


def _deletion_of_object(bucket: str, entry: RemoteEntry) -> Item:
    name = entry.object_name
    return Item(Action.DELETE_OBJECT, bucket, name, bucket, name, expected=entry.generation)
