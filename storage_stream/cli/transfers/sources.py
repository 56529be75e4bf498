"""What the sources of a command are: files, folders, objects, "folders" of objects, or patterns.

It looks at what is there, with the fewest requests that tell, and decides nothing of targets.
"""

import asyncio
import glob
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click

from storage_stream import Storage
from storage_stream.cli.locations import LocalLocation, Location, ObjectLocation, gs_url
from storage_stream.cli.matching import buckets_of
from storage_stream.cli.running import Run
from storage_stream.cli.transfers.special_files import is_device
from storage_stream.cli.wildcards import Pattern
from storage_stream.errors import NotFound

__all__ = [
    "LISTED_FIELDS",
    "LocalFile",
    "LocalFolder",
    "Matches",
    "ObjectsMatching",
    "OneObject",
    "RemoteFolder",
    "Source",
    "SourceError",
    "is_folder_there",
    "resolve",
]

_FIELDS = "name,bucket,size,generation,crc32c,contentEncoding,timeCreated,metadata"
LISTED_FIELDS = f"items({_FIELDS})"
"""What is asked of each object of a list: what runs of many use of a resource."""


class SourceError(OSError):
    """A source that is not there, or cannot be meant so; others may be."""


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file, or what can be read as one."""

    path: str


@dataclass(frozen=True, slots=True)
class LocalFolder:
    """A folder with all that is below it."""

    path: str


@dataclass(frozen=True, slots=True)
class OneObject:
    """An object that is there."""

    bucket: str
    resource: Any

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.resource["name"])


@dataclass(frozen=True, slots=True)
class RemoteFolder:
    """All objects whose names begin so; the prefix ends with a slash, or is the whole bucket's."""

    bucket: str
    prefix: str


@dataclass(slots=True)
class Matches:
    """How many objects one location with wildcards means, in all buckets that it means.

    Attributes:
        url: As it was written.
        buckets: That are not looked at yet.
        objects: That were found so far.
    """

    url: str
    buckets: int = 1
    objects: int = 0

    def bucket_ends(self, objects: int) -> bool:
        """So many were in a bucket; returns whether that was the last one, and there are none."""
        self.buckets -= 1
        self.objects += objects
        return not (self.buckets or self.objects)


@dataclass(frozen=True, slots=True)
class ObjectsMatching:
    """The objects of a bucket that a pattern means; nobody knows how many before they are listed.

    Attributes:
        bucket: The bucket.
        pattern: For their names.
        matches: Shared by all buckets that the same location means.
    """

    bucket: str
    pattern: Pattern
    matches: Matches


Source = LocalFile | LocalFolder | OneObject | RemoteFolder | ObjectsMatching


async def resolve(run: Run, location: Location, *, recursive: bool) -> Sequence[Source]:
    """What a location means: one source, or several.

    No request for a path; one for an object, up to two with `recursive`; none for a pattern, but
    a list of the buckets if it is one for these.

    Raises:
        SourceError: There is no such thing, or it is a folder and is not to be taken whole.
        StorageError: Nobody could tell.
    """
    if isinstance(location, LocalLocation):
        return await asyncio.to_thread(_local, location, recursive=recursive)
    if not isinstance(location, ObjectLocation):
        raise click.UsageError("- is standard input or output, and goes with one other place")
    if location.has_wildcards:
        return await _matching(run, location, recursive=recursive)
    return await _remote(run.storage, location, recursive=recursive, options=run.options)


async def _matching(run: Run, location: ObjectLocation, *, recursive: bool) -> Sequence[Source]:
    if not location.bucket:
        raise click.UsageError(f"{location} names no bucket; gs://* are all of them")
    buckets = await buckets_of(run, location)
    if not buckets:
        raise SourceError(f"{location}: no bucket matches")
    if location.is_bucket:
        if not recursive:
            raise SourceError(f"{location} are buckets; -r takes them with all that is in them")
        return [RemoteFolder(bucket, "") for bucket in buckets]
    matches = Matches(str(location), len(buckets))
    return [ObjectsMatching(bucket, location.pattern, matches) for bucket in buckets]


async def is_folder_there(
    storage: Storage, bucket: str, name: str, options: dict[str, Any]
) -> bool:
    """Whether any object is below a name. One request."""
    params = {"prefix": f"{name.removesuffix('/')}/", "maxResults": "1", "fields": "items(name)"}
    page = await storage.list_objects(bucket, params=params, **options)
    return bool(page.get("items"))


def _local(location: LocalLocation, *, recursive: bool) -> Sequence[Source]:
    path = location.path
    if os.path.lexists(path) or location.pattern.is_literal:
        paths = [path if os.path.lexists(path) else location.pattern.literal]
    else:
        paths = sorted(glob.glob(path, recursive=True))  # noqa: PTH207 - texts come, texts go
        if not paths:
            raise SourceError(f"{path}: no file matches")
    return [_file_or_folder(found, recursive=recursive) for found in paths]


def _file_or_folder(path: str, *, recursive: bool) -> Source:
    if os.path.isdir(path):  # noqa: PTH112 - the same
        if not recursive:
            raise SourceError(f"{path} is a folder; -r takes it with all that is in it")
        return LocalFolder(path)
    if not os.path.lexists(path):
        raise SourceError(f"{path}: there is no such file")
    if is_device(path):
        raise SourceError(f"{path} is a device; `storage-stream cp - TARGET <{path}` reads it")
    return LocalFile(path)


async def _remote(
    storage: Storage, location: ObjectLocation, *, recursive: bool, options: dict[str, Any]
) -> Sequence[Source]:
    bucket, name = location.bucket, location.literal_name
    if not recursive and location.is_folder:
        raise SourceError(f"{location} is a folder; -r takes it with all that is in it")
    if not name:
        return [RemoteFolder(bucket, "")]
    if name == "." and recursive:
        raise _dot(location)
    found: list[Source] = []
    if not name.endswith("/"):
        found += await _object(storage, location, options)
    if (
        recursive
        and location.generation is None
        and await is_folder_there(storage, bucket, name, options)
    ):
        found.append(RemoteFolder(bucket, f"{name.removesuffix('/')}/"))
    if not found:
        raise await _nothing(storage, location, recursive=recursive, options=options)
    return found


async def _object(
    storage: Storage, location: ObjectLocation, options: dict[str, Any]
) -> Sequence[Source]:
    try:
        resource = await storage.download_metadata(
            location.bucket,
            location.literal_name,
            generation=location.generation,
            params={"fields": _FIELDS},
            **options,
        )
    except NotFound:
        return []  # if it is the bucket that is missing, its list says so
    return [OneObject(location.bucket, resource)]


async def _nothing(
    storage: Storage, location: ObjectLocation, *, recursive: bool, options: dict[str, Any]
) -> SourceError:
    bucket, name = location.bucket, location.literal_name
    if not recursive and await is_folder_there(storage, bucket, name, options):
        return SourceError(f"{location} is a folder; -r takes it with all that is in it")
    if recursive and name.endswith("/."):
        return _dot(location)
    folder = gs_url(bucket, name[: name.rfind("/") + 1])
    return SourceError(f"{location}: no such object; `storage-stream ls {folder}` shows what is")


def _dot(location: ObjectLocation) -> SourceError:
    """Somebody wrote `gs://bucket/folder/.`, as one writes it of a folder on this machine."""
    inside = str(location)[:-1]
    return SourceError(f"{location}: names in a bucket have no such step; write '{inside}*'")
