"""Buckets filled from a folder: what a test or a demonstration finds when it begins.

    SEED/BUCKET/OBJECT    a file is an object; its path below the bucket's folder is its name
    SEED/BUCKET.json      optional: {"bucket": {…}, "objects": {"OBJECT": {…}}}, fields of resources

It puts in what is not there, and changes nothing that is; so it may run at every start. It goes
the way of an upload behind the wire: the same checks, the same atomic insert.
"""

import asyncio
import json
import mimetypes
import os
import stat
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, TypeGuard

from storage_stream.emulator.json_api.buckets import merge_bucket
from storage_stream.emulator.problems import ApiError
from storage_stream.emulator.store import bucket_rows, object_rows
from storage_stream.emulator.store.changes import Change
from storage_stream.emulator.store.names import check_bucket_name, check_object_name
from storage_stream.emulator.store.preconditions import Preconditions
from storage_stream.emulator.store.records import BucketRecord, Json
from storage_stream.emulator.store.store import Store
from storage_stream.emulator.wire.object_metadata import settable_metadata
from storage_stream.emulator.wire.resources import BUCKET_SETTABLE
from storage_stream.emulator.wire.uploads import commit_upload, receive

_READ_BYTES = 1024 * 1024
_NOT_THERE = Preconditions(generation_match=0)
_DEFAULT_TYPE = "application/octet-stream"

# Not the system's tables: a seed gives the same objects on every machine.
_TYPES = mimetypes.MimeTypes()
_PACKED = {"gzip": "application/gzip", "bzip2": "application/x-bzip2", "xz": "application/x-xz"}


class SeedError(ValueError):
    """What is in the folder cannot be stored; the message begins with the path."""


@dataclass(frozen=True, slots=True)
class Seeded:
    """What was done.

    Attributes:
        buckets: buckets that the folder names.
        objects: objects that were made.
        present: objects that were there already.
    """

    buckets: int
    objects: int
    present: int


@dataclass(frozen=True, slots=True)
class _Bucket:
    """A bucket's folder and what its document says."""

    name: str
    folder: Path
    document: Path
    resource: Json = field(default_factory=dict[str, Any])
    objects: Mapping[str, Json] = field(default_factory=dict[str, Json])


async def seed_store(store: Store, folder: Path) -> Seeded:
    """Fill the store from a folder. Bodies are streamed.

    Args:
        store: open.
        folder: of the shape above.

    Raises:
        SeedError: there is no such folder; a name that no bucket or object can have; a file in no
            bucket's folder; what is no file; a document that cannot be read, or names an object or
            a field that is not there. What came before it is stored.
    """
    buckets = await asyncio.to_thread(lambda: list(_buckets(folder)))
    made = present = 0
    for bucket in buckets:
        await _make_bucket(store, bucket)
        files = await asyncio.to_thread(_files, bucket)
        _check_objects(bucket, files.keys())
        for name, path in files.items():
            if object_rows.find_live(store.reader, bucket.name, name) is not None:
                present += 1
                continue
            await _make_object(store, bucket, name, path)
            made += 1
    return Seeded(len(buckets), made, present)


def _buckets(folder: Path) -> Iterator[_Bucket]:
    if not folder.is_dir():
        raise SeedError(f"{folder}: there is no such folder")
    entries = {path.name: path for path in sorted(folder.iterdir())}
    folders = {name: path for name, path in entries.items() if path.is_dir()}
    for name, path in entries.items():
        if name not in folders and path.suffix != ".json" and not name.startswith("."):
            raise SeedError(f"{path}: a file belongs into a bucket's folder, {folder}/BUCKET/")
    named = {path.stem for path in entries.values() if path.suffix == ".json"}
    for name in sorted(folders.keys() | named):
        yield _bucket(folder, name)


def _bucket(folder: Path, name: str) -> _Bucket:
    document = folder / f"{name}.json"
    try:
        check_bucket_name(name)
    except ApiError as error:
        raise SeedError(f"{folder / name}: {error}") from error
    if not document.is_file():
        return _Bucket(name, folder / name, document)
    said = _document(document)
    return _Bucket(name, folder / name, document, said.get("bucket", {}), said.get("objects", {}))


def _document(path: Path) -> dict[str, Any]:
    try:
        said: Any = json.loads(path.read_bytes())
    except ValueError as error:
        raise SeedError(f"{path}: it is no JSON: {error}") from error
    shape = f'{path}: expected {{"bucket": {{…}}, "objects": {{"OBJECT": {{…}}}}}}'
    if not _is_object(said) or not said.keys() <= {"bucket", "objects"}:
        raise SeedError(shape)
    if not all(map(_is_object, said.values())):
        raise SeedError(shape)
    if not all(map(_is_object, said.get("objects", {}).values())):
        raise SeedError(shape)
    return said


def _is_object(value: Any) -> TypeGuard[Json]:
    return isinstance(value, dict)


def _files(bucket: _Bucket) -> dict[str, Path]:
    """The objects' names, in order, and the files that hold them."""
    found: dict[str, Path] = {}
    for parent, folders, files in os.walk(bucket.folder, onerror=_raise):
        folders.sort()
        for file in sorted(files):
            path = Path(parent, file)
            name = path.relative_to(bucket.folder).as_posix()
            try:
                check_object_name(name)
            except ApiError as error:
                raise SeedError(f"{path}: {error}") from error
            if not stat.S_ISREG(_stat(path).st_mode):
                raise SeedError(f"{path}: only files can be objects")
            found[name] = path
    return found


def _raise(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):  # a bucket may have a document alone
        raise SeedError(f"{error.filename}: {error.strerror}") from error


def _stat(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except OSError as error:
        raise SeedError(f"{path}: {error.strerror}") from error


def _check_objects(bucket: _Bucket, names: Any) -> None:
    """What the document says is about what is there."""
    for name, resource in bucket.objects.items():
        if name not in names:
            raise SeedError(f"{bucket.document}: there is no file for the object '{name}'")
        try:
            unknown = resource.keys() - settable_metadata(resource).keys()
        except ApiError as error:
            raise SeedError(f"{bucket.document}: '{name}': {error}") from error
        if unknown:
            raise SeedError(f"{bucket.document}: '{name}': no field to set: '{min(unknown)}'")


async def _make_bucket(store: Store, bucket: _Bucket) -> None:
    unknown = bucket.resource.keys() - set(BUCKET_SETTABLE)
    if unknown:
        raise SeedError(f"{bucket.document}: no field of a bucket to set: '{min(unknown)}'")
    try:
        metadata = merge_bucket({}, bucket.resource, store.clock.now_us())
    except ApiError as error:
        raise SeedError(f"{bucket.document}: {error}") from error

    def work(change: Change) -> BucketRecord:
        found = bucket_rows.find_bucket(change.connection, bucket.name)
        return found or store.new_bucket(change, bucket.name, metadata)

    await store.change(work)


async def _make_object(store: Store, bucket: _Bucket, name: str, path: Path) -> None:
    metadata = settable_metadata(
        {"contentType": _content_type(name), **bucket.objects.get(name, {})}
    )
    try:
        body = await receive(store, _pieces(path), ())
        await commit_upload(store, bucket.name, name, body, metadata, _NOT_THERE)
    except OSError as error:
        raise SeedError(f"{path}: {error.strerror}") from error
    except ApiError as error:
        raise SeedError(f"{path}: {error}") from error


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    file: BinaryIO = await asyncio.to_thread(path.open, "rb")
    with file:
        while piece := await asyncio.to_thread(file.read, _READ_BYTES):
            yield piece


def _content_type(name: str) -> str:
    guessed, packed = _TYPES.guess_type(name)
    if packed is not None:  # the bytes are those of the archive, whatever is in it
        return _PACKED.get(packed, _DEFAULT_TYPE)
    return guessed or _DEFAULT_TYPE
