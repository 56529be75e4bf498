"""One transaction's view of the store, and the changes to objects that keep it consistent.

What becomes of the generation that is overwritten or deleted (gone, noncurrent, soft-deleted) is
decided here and nowhere else. It refuses to know HTTP.

https://cloud.google.com/storage/docs/object-versioning
https://cloud.google.com/storage/docs/soft-delete
"""

import sqlite3
from dataclasses import dataclass, field, replace
from datetime import datetime

from storage_stream.emulator.clock import MICROSECONDS, Clock
from storage_stream.emulator.problems import ApiError
from storage_stream.emulator.store import object_rows
from storage_stream.emulator.store.preconditions import Preconditions
from storage_stream.emulator.store.records import (
    Body,
    BucketRecord,
    Json,
    ObjectRecord,
    ObjectState,
    part,
)


class GenerationClock:
    """Generations: microseconds since 1970 that always grow, whatever the clock does."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0

    def now_us(self) -> int:
        """Return the time in microseconds since 1970."""
        return self._clock.now_us()

    def start_after(self, generation: int) -> None:
        """Never give out `generation` or less."""
        self._last = max(self._last, generation)

    def next(self) -> int:
        """Return a generation that was never given out."""
        self._last = max(self.now_us(), self._last + 1)
        return self._last


@dataclass(slots=True)
class Change:
    """A transaction under way.

    Attributes:
        released: bodies that lost a name; those without any are removed at the commit.
    """

    connection: sqlite3.Connection
    clock: GenerationClock
    released: list[int] = field(default_factory=list[int])


def insert_object(
    change: Change,
    bucket: BucketRecord,
    name: str,
    body: Body,
    metadata: Json,
    conditions: Preconditions,
    *,
    component_count: int | None = None,
    key_sha256: str | None = None,
) -> ObjectRecord:
    """Make `body` the live generation of `name`.

    Raises:
        ApiError: 412 or 403; nothing has changed.
    """
    live = object_rows.find_live(change.connection, bucket.name, name)
    judge(conditions, live, reading=False)
    if live is not None:
        retire(change, bucket, live)
    generation = change.clock.next()
    item = ObjectRecord(
        bucket=bucket.name,
        name=name,
        generation=generation,
        state=ObjectState.LIVE,
        metageneration=1,
        body_id=body.id,
        size=body.size,
        crc32c=body.crc32c,
        md5=body.md5,
        component_count=component_count,
        created_us=generation,
        updated_us=generation,
        deleted_us=None,
        hard_delete_us=None,
        metadata=with_defaults(metadata, bucket, has_key=key_sha256 is not None),
        key_sha256=key_sha256,
    )
    object_rows.put_body(change.connection, body)
    object_rows.put_object(change.connection, item)
    return item


def with_defaults(metadata: Json, bucket: BucketRecord, *, has_key: bool) -> Json:
    """Return `metadata` with the bucket's class, hold and KMS key where the caller named none.

    Args:
        metadata: what the caller said.
        bucket: the object's.
        has_key: whether the caller brought a key of his own, which goes before a KMS key.
    """
    given = dict(metadata)
    if not given.get("storageClass"):
        given["storageClass"] = bucket.metadata.get("storageClass") or "STANDARD"
    if bucket.metadata.get("defaultEventBasedHold"):
        given.setdefault("eventBasedHold", True)
    kms_key = part(bucket.metadata, "encryption").get("defaultKmsKeyName")
    if kms_key and not has_key:
        given.setdefault("kmsKeyName", kms_key)
    return given


def find_addressed(
    connection: sqlite3.Connection, bucket: str, name: str, generation: int | None
) -> ObjectRecord | None:
    """Return the live generation, or the one that is asked for unless it is soft-deleted."""
    if generation is None:
        return object_rows.find_live(connection, bucket, name)
    item = object_rows.find_generation(connection, bucket, name, generation)
    return None if item is None or item.state is ObjectState.SOFT_DELETED else item


def get_addressed(
    connection: sqlite3.Connection,
    bucket: str,
    name: str,
    generation: int | None,
    conditions: Preconditions,
    *,
    reading: bool,
) -> ObjectRecord:
    """Return the addressed generation if the preconditions hold for it.

    Raises:
        ApiError: 404, 412, or 304 when `reading`.
    """
    item = find_addressed(connection, bucket, name, generation)
    if item is None:
        raise no_such_object(bucket, name, generation)
    judge(conditions, item, reading=reading)
    return item


def judge(conditions: Preconditions, item: ObjectRecord | None, *, reading: bool) -> None:
    """Judge `conditions` for `item`, or for the absence of an object."""
    if item is None:
        conditions.judge(None, None, reading=reading)
    else:
        conditions.judge(item.generation, item.metageneration, reading=reading)


def update_metadata(change: Change, item: ObjectRecord, metadata: Json) -> ObjectRecord:
    """Give the generation other metadata and the next metageneration."""
    updated = replace(
        item,
        metadata=metadata,
        metageneration=item.metageneration + 1,
        updated_us=change.clock.now_us(),
    )
    object_rows.put_object(change.connection, updated)
    return updated


def delete_object(
    change: Change,
    bucket: BucketRecord,
    name: str,
    generation: int | None,
    conditions: Preconditions,
) -> None:
    """Delete the live generation (which versioning keeps), or the addressed one for good.

    Raises:
        ApiError: 404, 412 or 403.
    """
    item = get_addressed(
        change.connection, bucket.name, name, generation, conditions, reading=False
    )
    if generation is None:
        retire(change, bucket, item)
    else:
        remove(change, bucket, item)


def retire(change: Change, bucket: BucketRecord, live: ObjectRecord) -> None:
    """End the life of the live generation as the bucket wants it.

    Raises:
        ApiError: 403, it is held or retained.
    """
    if not bucket.versioning:
        remove(change, bucket, live)
        return
    now = change.clock.now_us()
    noncurrent = replace(live, state=ObjectState.NONCURRENT, deleted_us=now)
    object_rows.put_object(change.connection, noncurrent)


def remove(change: Change, bucket: BucketRecord, item: ObjectRecord) -> None:
    """Remove a generation, softly where the bucket has a soft delete policy.

    Raises:
        ApiError: 403, it is held or retained.
    """
    _refuse_held(bucket, item, change.clock.now_us())
    if not bucket.soft_delete_seconds:
        object_rows.delete_generation(change.connection, item)
        change.released.append(item.body_id)
        return
    now = change.clock.now_us()
    purge_expired(change)
    object_rows.put_object(
        change.connection,
        replace(
            item,
            state=ObjectState.SOFT_DELETED,
            deleted_us=now,
            hard_delete_us=now + bucket.soft_delete_seconds * MICROSECONDS,
        ),
    )


def purge_expired(change: Change) -> None:
    """Remove the generations whose time for being restored is over."""
    rows = change.connection.execute(
        "DELETE FROM objects WHERE state = 2 AND hard_delete_us <= ? RETURNING body_id",
        (change.clock.now_us(),),
    )
    change.released.extend(row[0] for row in rows.fetchall())


def restore_object(
    change: Change, bucket: BucketRecord, name: str, generation: int, conditions: Preconditions
) -> ObjectRecord:
    """Make a soft-deleted generation live again, under a new generation.

    Raises:
        ApiError: 404, it is not kept; 400, it is not soft-deleted; 412.
    """
    purge_expired(change)
    deleted = object_rows.find_generation(change.connection, bucket.name, name, generation)
    if deleted is None:
        raise no_such_object(bucket.name, name, generation)
    if deleted.state is not ObjectState.SOFT_DELETED:
        raise ApiError(400, "invalid", "The object generation is not soft-deleted.")
    live = object_rows.find_live(change.connection, bucket.name, name)
    judge(conditions, live, reading=False)
    if live is not None:
        retire(change, bucket, live)
    fresh = change.clock.next()
    restored = replace(
        deleted,
        generation=fresh,
        state=ObjectState.LIVE,
        metageneration=1,
        created_us=fresh,
        updated_us=fresh,
        deleted_us=None,
        hard_delete_us=None,
    )
    object_rows.put_object(change.connection, restored)
    return restored


def no_such_object(bucket: str, name: str, generation: int | None = None) -> ApiError:
    """Return the 404 of an object."""
    suffix = "" if generation is None else f"#{generation}"
    return ApiError(404, "notFound", f"No such object: {bucket}/{name}{suffix}")


def _refuse_held(bucket: BucketRecord, item: ObjectRecord, now_us: int) -> None:
    if item.metadata.get("temporaryHold") or item.metadata.get("eventBasedHold"):
        message = f"Object '{item.bucket}/{item.name}' is under active hold and cannot be deleted."
        raise ApiError(403, "forbidden", message)
    until = part(item.metadata, "retention").get("retainUntilTime")
    if until and datetime.fromisoformat(until).timestamp() * MICROSECONDS > now_us:
        message = f"Object '{item.bucket}/{item.name}' is retained until {until}."
        raise ApiError(403, "retentionPolicyNotMet", message)
    period = bucket.retention_seconds
    if period and item.created_us + period * MICROSECONDS > now_us:
        message = f"Object '{item.bucket}/{item.name}' is subject to bucket's retention policy."
        raise ApiError(403, "retentionPolicyNotMet", message)
