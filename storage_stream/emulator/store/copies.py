"""Objects made of other objects: copies share the source's body, compositions join bodies.

A copy costs a row whatever its size, because bodies never change. It refuses to know HTTP.

https://cloud.google.com/storage/docs/composite-objects
"""

from collections.abc import Sequence
from dataclasses import dataclass
from sqlite3 import Connection

from storage_stream.emulator.problems import ApiError
from storage_stream.emulator.store import bucket_rows, object_rows
from storage_stream.emulator.store.changes import Change, get_addressed, insert_object
from storage_stream.emulator.store.encryption import check_key
from storage_stream.emulator.store.joined_bodies import join_bodies
from storage_stream.emulator.store.preconditions import NO_PRECONDITIONS, Preconditions
from storage_stream.emulator.store.records import Body, BucketRecord, Json, ObjectRecord
from storage_stream.emulator.store.store import Store

MAX_SOURCES = 32
MAX_COMPONENTS_BYTES = 5 * 1024**4
"""No object is larger: https://cloud.google.com/storage/quotas#objects"""


@dataclass(frozen=True, slots=True)
class Source:
    """An object that another is made of; without a generation, the live one."""

    bucket: str
    name: str
    generation: int | None = None
    conditions: Preconditions = NO_PRECONDITIONS
    key_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """The object to be made. `metadata` of `None` takes over the source's.

    `kms_key` goes before the one in the metadata, whosever they are.
    """

    bucket: str
    name: str
    conditions: Preconditions = NO_PRECONDITIONS
    metadata: Json | None = None
    key_sha256: str | None = None
    kms_key: str | None = None


def find_source(change: Change, source: Source) -> ObjectRecord:
    """Return the source.

    Raises:
        ApiError: 404, or 412 or 304 by its preconditions; 400, its encryption key is another.
    """
    bucket_rows.get_bucket(change.connection, source.bucket)
    return _find(change.connection, source)


def _find(connection: Connection, source: Source) -> ObjectRecord:
    item = get_addressed(
        connection,
        source.bucket,
        source.name,
        source.generation,
        source.conditions,
        reading=False,
    )
    check_key(item, source.key_sha256)
    return item


def copy_object(change: Change, item: ObjectRecord, target: Target) -> ObjectRecord:
    """Make `target` of the bytes of `item`.

    Raises:
        ApiError: 404 for its bucket, 412 or 403.
    """
    bucket = bucket_rows.get_bucket(change.connection, target.bucket)
    metadata = target.metadata
    if metadata is None:
        # The copy takes the class that its bucket gives new objects, as the service has it.
        metadata = {key: value for key, value in item.metadata.items() if key != "storageClass"}
    if target.kms_key is not None:
        metadata = {**metadata, "kmsKeyName": target.kms_key}
    body = Body(item.body_id, item.size, item.crc32c, item.md5, None)
    return insert_object(
        change,
        bucket,
        target.name,
        body,
        metadata,
        target.conditions,
        component_count=item.component_count,
        key_sha256=target.key_sha256,
    )


def move_object(change: Change, source: Source, target: Target) -> ObjectRecord:
    """Give the source another name in its bucket: at no moment are there none or two of it.

    Raises:
        ApiError: 404, 412, 403; 400, it is the same name.
    """
    if source.name == target.name:
        raise ApiError(400, "invalid", "Source and destination of a move must differ.")
    item = find_source(change, source)
    moved = copy_object(
        change,
        item,
        Target(target.bucket, target.name, target.conditions, item.metadata, source.key_sha256),
    )
    object_rows.delete_generation(change.connection, item)
    return moved


async def compose(
    store: Store, bucket: BucketRecord, sources: Sequence[Source], target: Target
) -> ObjectRecord:
    """Join the sources, which are in `bucket` as the target is.

    Raises:
        ApiError: 404, 412, 403; 400, there are too few or too many of them.
    """
    if not 1 <= len(sources) <= MAX_SOURCES:
        message = f"The number of source components must be between 1 and {MAX_SOURCES}."
        raise ApiError(400, "invalid", message, location="sourceObjects")
    items = [_find(store.reader, source) for source in sources]
    if sum(item.size for item in items) > MAX_COMPONENTS_BYTES:
        raise ApiError(400, "invalid", "The composed object would be too large.")
    body = await join_bodies(store, [item.body_id for item in items])
    count = sum(item.component_count or 1 for item in items)

    def work(change: Change) -> ObjectRecord:
        current = bucket_rows.get_bucket(change.connection, bucket.name)
        return insert_object(
            change,
            current,
            target.name,
            body,
            target.metadata or {},
            target.conditions,
            component_count=count,
            key_sha256=target.key_sha256,
        )

    return await store.change_with_body(body, work)
