"""Buckets over the JSON API.

https://cloud.google.com/storage/docs/json_api/v1/buckets
"""

from dataclasses import replace

from aiohttp import web

from storage_stream.emulator.json_api.answers import json_answer, no_content
from storage_stream.emulator.problems import ApiError
from storage_stream.emulator.settings import Settings
from storage_stream.emulator.store import (
    bucket_rows,
    multipart_rows,
    notification_rows,
    object_rows,
)
from storage_stream.emulator.store.changes import Change
from storage_stream.emulator.store.names import check_bucket_name
from storage_stream.emulator.store.preconditions import Preconditions
from storage_stream.emulator.store.records import BucketRecord, Json, rfc3339
from storage_stream.emulator.store.store import Store
from storage_stream.emulator.wire.bucket_metadata import check_bucket_metadata
from storage_stream.emulator.wire.object_metadata import merge_map
from storage_stream.emulator.wire.query import read_query
from storage_stream.emulator.wire.request_reading import (
    bucket_name,
    conditions,
    read_json,
    require_payer,
    resources,
)
from storage_stream.emulator.wire.resources import BUCKET_SETTABLE

MAX_RESULTS = 1000

_CONDITIONS = ("ifMetagenerationMatch", "ifMetagenerationNotMatch")
_ACCESS = ("predefinedAcl", "predefinedDefaultObjectAcl", "projection")


class BucketHandlers:
    """The handlers of `/storage/v1/b` and `/storage/v1/b/{bucket}`."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings

    async def insert(self, request: web.Request) -> web.StreamResponse:
        """`buckets.insert`: 409 when the name is taken."""
        query = read_query(request, (*_ACCESS, "project", "enableObjectRetention"))
        query.required("project")
        resource = await read_json(request)
        name = resource.get("name")
        if not isinstance(name, str):
            raise ApiError(400, "required", "Required parameter: name", location="name")
        check_bucket_name(name)
        metadata = merge_bucket({}, resource, self._store.clock.now_us())

        def work(change: Change) -> BucketRecord:
            if bucket_rows.find_bucket(change.connection, name) is not None:
                raise ApiError(409, "conflict", "You already own this bucket.")
            return self._store.new_bucket(change, name, metadata)

        bucket = await self._store.change(work)
        return json_answer(query, resources(request, query, self._settings).bucket(bucket))

    async def get(self, request: web.Request) -> web.StreamResponse:
        """`buckets.get`."""
        query = read_query(request, (*_CONDITIONS, "projection", "generation", "softDeleted"))
        bucket = await self._store.bucket(bucket_name(request))
        require_payer(request, query, bucket)
        conditions(query).judge(None, bucket.metageneration, reading=True)
        return json_answer(query, resources(request, query, self._settings).bucket(bucket))

    async def list(self, request: web.Request) -> web.StreamResponse:
        """`buckets.list`; the page token is the last name of the page before."""
        allowed = ("maxResults", "pageToken", "prefix", "project", "projection")
        query = read_query(request, (*allowed, "softDeleted", "returnPartialSuccess"))
        query.required("project")
        limit = min(query.integer("maxResults", at_least=1) or MAX_RESULTS, MAX_RESULTS)
        found = bucket_rows.list_buckets(
            self._store.reader,
            prefix=query.text("prefix") or "",
            after=query.text("pageToken") or "",
            limit=limit + 1,
        )
        make = resources(request, query, self._settings)
        content: Json = {"kind": "storage#buckets"}
        if found:
            content["items"] = [make.bucket(bucket) for bucket in found[:limit]]
        if len(found) > limit:
            content["nextPageToken"] = found[limit - 1].name
        return json_answer(query, content)

    async def patch(self, request: web.Request) -> web.StreamResponse:
        """`buckets.patch`: maps are merged, null deletes."""
        return await self._change_metadata(request, keep=True)

    async def update(self, request: web.Request) -> web.StreamResponse:
        """`buckets.update`: what is not sent is reset."""
        return await self._change_metadata(request, keep=False)

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """`buckets.delete`: 409 unless it is empty."""
        query = read_query(request, _CONDITIONS)
        name, wanted = bucket_name(request), conditions(query)

        def work(change: Change) -> None:
            bucket = bucket_rows.get_bucket(change.connection, name)
            require_payer(request, query, bucket)
            wanted.judge(None, bucket.metageneration, reading=False)
            if object_rows.any_object(change.connection, name):
                message = "The bucket you tried to delete is not empty."
                raise ApiError(409, "bucketNotEmpty", message)
            object_rows.delete_soft_deleted(change.connection, name, change.released)
            change.released.extend(multipart_rows.delete_uploads_of(change.connection, name))
            notification_rows.delete_of(change.connection, name)
            bucket_rows.delete_bucket(change.connection, name)

        await self._store.change(work)
        return no_content()

    async def lock_retention_policy(self, request: web.Request) -> web.StreamResponse:
        """`buckets.lockRetentionPolicy`: for good; the metageneration has to be named."""
        query = read_query(request, ("ifMetagenerationMatch",))
        query.required("ifMetagenerationMatch")
        name, wanted = bucket_name(request), conditions(query)

        def work(change: Change) -> BucketRecord:
            bucket = bucket_rows.get_bucket(change.connection, name)
            require_payer(request, query, bucket)
            policy = bucket.metadata.get("retentionPolicy")
            if not policy:
                raise ApiError(400, "invalid", "The bucket has no retention policy.")
            locked = {**bucket.metadata, "retentionPolicy": {**policy, "isLocked": True}}
            return _put(change, bucket, locked, wanted)

        bucket = await self._store.change(work)
        return json_answer(query, resources(request, query, self._settings).bucket(bucket))

    async def _change_metadata(self, request: web.Request, *, keep: bool) -> web.StreamResponse:
        query = read_query(request, (*_CONDITIONS, *_ACCESS))
        name, wanted = bucket_name(request), conditions(query)
        await self._store.bucket(name)
        resource = await read_json(request)

        def work(change: Change) -> BucketRecord:
            bucket = bucket_rows.get_bucket(change.connection, name)
            require_payer(request, query, bucket)
            return _changed(change, bucket, resource, wanted, keep=keep)

        bucket = await self._store.change(work)
        return json_answer(query, resources(request, query, self._settings).bucket(bucket))


def _changed(
    change: Change, bucket: BucketRecord, resource: Json, wanted: Preconditions, *, keep: bool
) -> BucketRecord:
    permanent = {name: bucket.metadata[name] for name in ("location", "storageClass")}
    now_us = change.clock.now_us()
    metadata = merge_bucket(bucket.metadata if keep else permanent, resource, now_us)
    if metadata.get("location") != bucket.metadata["location"]:
        raise ApiError(400, "invalid", "The bucket's location cannot be changed.")
    _check_lock(bucket.metadata.get("retentionPolicy", {}), metadata.get("retentionPolicy", {}))
    return _put(change, bucket, permanent | metadata, wanted)


def _check_lock(current: Json, new: Json) -> None:
    """A locked retention policy can be made longer, and nothing else.

    https://cloud.google.com/storage/docs/bucket-lock#policy-locks
    """
    period = "retentionPeriod"
    if current.get("isLocked") and int(new.get(period, 0)) < int(current[period]):
        message = "A locked retention policy cannot be removed or made shorter."
        raise ApiError(403, "forbidden", message)


def _put(
    change: Change, bucket: BucketRecord, metadata: Json, wanted: Preconditions
) -> BucketRecord:
    wanted.judge(None, bucket.metageneration, reading=False)
    updated = replace(
        bucket,
        metadata=metadata,
        metageneration=bucket.metageneration + 1,
        updated_us=change.clock.now_us(),
    )
    bucket_rows.put_bucket(change.connection, updated)
    return updated


def merge_bucket(current: Json, resource: Json, now_us: int) -> Json:
    """A bucket's metadata with what a caller sets of it.

    Raises:
        ApiError: 400, a value is of the wrong kind.
    """
    settable = {name: value for name, value in resource.items() if name in BUCKET_SETTABLE}
    merged = merge_map(current, settable)
    check_bucket_metadata(merged, settable)
    policy, was_locked = merged.get("retentionPolicy"), current.get("retentionPolicy", {})
    if policy:  # only lockRetentionPolicy locks, and nothing unlocks
        merged["retentionPolicy"] = {**policy, "isLocked": bool(was_locked.get("isLocked"))}
    if "softDeletePolicy" in settable and "softDeletePolicy" in merged:
        merged["softDeletePolicy"].setdefault("effectiveTime", rfc3339(now_us))
    return merged
