"""Uploading an object in one request over the JSON API: `uploadType` media and multipart.

The body goes through to the store piece by piece; nothing is visible until it was whole, its
checksums were right and the preconditions held.

https://cloud.google.com/storage/docs/json_api/v1/objects/insert
"""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from aiohttp import web

from storage_stream.emulator.json_api.answers import json_answer
from storage_stream.emulator.problems import ApiError
from storage_stream.emulator.settings import Settings
from storage_stream.emulator.store.encryption import key_of
from storage_stream.emulator.store.names import check_object_name
from storage_stream.emulator.store.records import Body, BucketRecord, Json
from storage_stream.emulator.store.store import Store
from storage_stream.emulator.wire.body_streams import object_bytes, read_body, read_frame
from storage_stream.emulator.wire.multipart_related import RelatedBody, boundary_of
from storage_stream.emulator.wire.object_metadata import settable_metadata
from storage_stream.emulator.wire.query import CONDITIONS, Query, read_query
from storage_stream.emulator.wire.request_reading import (
    bucket_name,
    conditions,
    parse_json,
    read_json,
    require_payer,
    resources,
)
from storage_stream.emulator.wire.uploads import commit_upload, expected_checksums, receive

INSERT_QUERY = (
    *CONDITIONS,
    "contentEncoding",
    "kmsKeyName",
    "name",
    "predefinedAcl",
    "projection",
)


class InsertHandlers:
    """The handlers of `POST /upload/storage/v1/b/{bucket}/o` in one request."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings

    async def media(self, request: web.Request) -> web.StreamResponse:
        """`uploadType=media`: the body is the object."""
        query = read_query(request, INSERT_QUERY)
        bucket = await open_bucket(self._store, request, query)
        name = check_object_name(query.required("name"))
        resource = {"contentType": request.headers.get("Content-Type")}
        metadata = upload_metadata(query, resource)
        expected = expected_checksums(request, {})
        key_of(request.headers)  # before the bytes: a malformed key ends the upload at once
        body = await receive(self._store, read_body(request), expected)
        return await self._insert(request, query, bucket, name, body, metadata)

    async def multipart(self, request: web.Request) -> web.StreamResponse:
        """`uploadType=multipart`: metadata and bytes in one body."""
        query = read_query(request, INSERT_QUERY)
        bucket = await open_bucket(self._store, request, query)
        boundary = boundary_of(request.headers.get("Content-Type", ""))
        async with aclosing(read_frame(request)) as pieces:
            related = RelatedBody(pieces, boundary)
            resource = parse_json(await related.json_part())
            name = upload_name(query, resource)
            headers = await related.media_headers()
            resource.setdefault("contentType", headers.get("Content-Type"))
            metadata = upload_metadata(query, resource)
            expected = expected_checksums(request, resource)
            key_of(request.headers)
            body = await receive(self._store, object_bytes(request, related.media()), expected)
        return await self._insert(request, query, bucket, name, body, metadata)

    async def metadata_only(self, request: web.Request) -> web.StreamResponse:
        """`POST /storage/v1/b/{bucket}/o`: an empty object with this metadata."""
        query = read_query(request, INSERT_QUERY)
        bucket = await open_bucket(self._store, request, query)
        resource = await read_json(request)
        name = upload_name(query, resource)
        metadata = upload_metadata(query, resource)
        body = await receive(self._store, _nothing(), expected_checksums(request, resource))
        return await self._insert(request, query, bucket, name, body, metadata)

    async def _insert(
        self,
        request: web.Request,
        query: Query,
        bucket: BucketRecord,
        name: str,
        body: Body,
        metadata: Json,
    ) -> web.StreamResponse:
        wanted = conditions(query)
        key_sha256 = key_of(request.headers)
        item = await commit_upload(
            self._store, bucket.name, name, body, metadata, wanted, key_sha256=key_sha256
        )
        resource = resources(request, query, self._settings).object(item)
        return json_answer(query, resource, etag=resource["etag"])


async def _nothing() -> AsyncIterator[bytes]:
    yield b""


async def open_bucket(store: Store, request: web.Request, query: Query) -> BucketRecord:
    """Return the bucket that an upload goes to.

    Raises:
        ApiError: 404, or 400 when nobody pays.
    """
    bucket = await store.bucket(bucket_name(request))
    require_payer(request, query, bucket)
    return bucket


def upload_name(query: Query, resource: Json) -> str:
    """Return the object's name, from the query or the metadata.

    Raises:
        ApiError: 400, there is none, or they differ, or no object can have it.
    """
    said: Any = resource.get("name")
    in_query = query.text("name")
    if in_query is not None and said is not None and in_query != said:
        message = f"The name in the query, '{in_query}', is not that in the metadata, '{said}'."
        raise ApiError(400, "invalid", message, location="name")
    name = in_query if in_query is not None else said
    if not isinstance(name, str):
        raise ApiError(400, "required", "Required parameter: name", location="name")
    return check_object_name(name)


def upload_metadata(query: Query, resource: Json) -> Json:
    """Return the settable metadata of an upload, those in the query included.

    Raises:
        ApiError: 400, a value is of the wrong kind.
    """
    return settable_metadata({**resource, **query.subset(("contentEncoding", "kmsKeyName"))})
