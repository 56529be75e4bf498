"""Objects over the JSON API: everything that moves no bytes.

https://cloud.google.com/storage/docs/json_api/v1/objects
"""

from aiohttp import web

from storage_stream.emulator.clock import Clock
from storage_stream.emulator.json_api.answers import json_answer, no_content
from storage_stream.emulator.problems import ApiError
from storage_stream.emulator.settings import Settings
from storage_stream.emulator.store import bucket_rows, object_rows
from storage_stream.emulator.store.changes import (
    Change,
    delete_object,
    get_addressed,
    no_such_object,
    restore_object,
    update_metadata,
)
from storage_stream.emulator.store.encryption import key_of, shows_hashes
from storage_stream.emulator.store.globs import compile_glob
from storage_stream.emulator.store.listing import MAX_RESULTS, ListRequest, list_objects
from storage_stream.emulator.store.records import Json, ObjectRecord, ObjectState
from storage_stream.emulator.store.store import Store
from storage_stream.emulator.wire.object_metadata import check_custom_time, merge_metadata
from storage_stream.emulator.wire.query import CONDITIONS, Query, read_query
from storage_stream.emulator.wire.request_reading import (
    bucket_name,
    conditions,
    object_names,
    read_json,
    require_payer,
    resources,
)

OBJECT_GET_QUERY = (*CONDITIONS, "generation", "projection", "softDeleted", "restoreToken")

_LIST_QUERY = (
    "delimiter",
    "endOffset",
    "filter",
    "includeFoldersAsPrefixes",
    "includeTrailingDelimiter",
    "matchGlob",
    "maxResults",
    "pageToken",
    "prefix",
    "projection",
    "softDeleted",
    "startOffset",
    "versions",
)
_CHANGE_QUERY = (
    *CONDITIONS,
    "generation",
    "overrideUnlockedRetention",
    "predefinedAcl",
    "projection",
)
_UNSUPPORTED_LIST_QUERY = ("filter", "includeFoldersAsPrefixes")


class ObjectHandlers:
    """The handlers of `/storage/v1/b/{bucket}/o` without the bodies."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings

    async def list(self, request: web.Request) -> web.StreamResponse:
        """`objects.list`."""
        query = read_query(request, _LIST_QUERY)
        bucket = await self._store.bucket(bucket_name(request))
        require_payer(request, query, bucket)
        make = resources(request, query, self._settings)
        page = await list_objects(
            self._store.reader, list_request(bucket.name, query, self._store.clock)
        )
        content: Json = {"kind": "storage#objects"}
        if page.next_page_token is not None:
            content["nextPageToken"] = page.next_page_token
        if page.prefixes:
            content["prefixes"] = page.prefixes
        if page.items:
            content["items"] = [
                make.object(item, hashes=item.key_sha256 is None) for item in page.items
            ]
        return json_answer(query, content)

    async def get(self, request: web.Request) -> web.StreamResponse:
        """`objects.get` of the metadata."""
        query = read_query(request, OBJECT_GET_QUERY)
        names = object_names(request)
        bucket = await self._store.bucket(names[0])
        require_payer(request, query, bucket)
        item = self._find(names, query)
        make = resources(request, query, self._settings)
        resource = make.object(item, hashes=shows_hashes(item, key_of(request.headers)))
        return json_answer(query, resource, etag=resource["etag"])

    async def patch(self, request: web.Request) -> web.StreamResponse:
        """`objects.patch`: maps are merged, null deletes."""
        return await self._change_metadata(request, keep=True)

    async def update(self, request: web.Request) -> web.StreamResponse:
        """`objects.update`: what is not sent is reset."""
        return await self._change_metadata(request, keep=False)

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """`objects.delete`."""
        query = read_query(request, (*CONDITIONS, "generation"))
        name, wanted = object_names(request), conditions(query)
        generation = query.integer("generation")

        def work(change: Change) -> None:
            bucket = bucket_rows.get_bucket(change.connection, name[0])
            require_payer(request, query, bucket)
            delete_object(change, bucket, name[1], generation, wanted)

        await self._store.bucket(name[0])
        await self._store.change(work)
        return no_content()

    async def restore(self, request: web.Request) -> web.StreamResponse:
        """`objects.restore` of a soft-deleted generation."""
        allowed = (*CONDITIONS, "copySourceAcl", "generation", "projection", "restoreToken")
        query = read_query(request, allowed)
        name, wanted = object_names(request), conditions(query)
        query.required("generation")
        generation = query.integer("generation") or 0

        def work(change: Change) -> ObjectRecord:
            bucket = bucket_rows.get_bucket(change.connection, name[0])
            require_payer(request, query, bucket)
            return restore_object(change, bucket, name[1], generation, wanted)

        item = await self._store.change(work)
        make = resources(request, query, self._settings)
        return json_answer(query, make.object(item, hashes=item.key_sha256 is None))

    def _find(self, names: tuple[str, str], query: Query) -> ObjectRecord:
        generation = query.integer("generation")
        reader, wanted = self._store.reader, conditions(query)
        if not query.boolean("softDeleted"):
            return get_addressed(reader, *names, generation, wanted, reading=True)
        if generation is None:
            raise ApiError(400, "required", "Required parameter: generation", location="generation")
        item = object_rows.find_generation(reader, *names, generation)
        if item is None or not _can_be_restored(item, self._store.clock):
            raise no_such_object(*names, generation)
        return item

    async def _change_metadata(self, request: web.Request, *, keep: bool) -> web.StreamResponse:
        query = read_query(request, _CHANGE_QUERY)
        names, wanted = object_names(request), conditions(query)
        generation = query.integer("generation")
        await self._store.bucket(names[0])
        resource = await read_json(request)

        def work(change: Change) -> ObjectRecord:
            require_payer(request, query, bucket_rows.get_bucket(change.connection, names[0]))
            item = get_addressed(change.connection, *names, generation, wanted, reading=False)
            current = item.metadata if keep else {"storageClass": item.metadata["storageClass"]}
            metadata = merge_metadata(current, resource)
            check_custom_time(item.metadata.get("customTime"), metadata.get("customTime"))
            return update_metadata(change, item, metadata)

        item = await self._store.change(work)
        make = resources(request, query, self._settings)
        return json_answer(query, make.object(item, hashes=item.key_sha256 is None))


def _can_be_restored(item: ObjectRecord, clock: Clock) -> bool:
    ends_us = item.hard_delete_us
    soft_deleted = item.state is ObjectState.SOFT_DELETED
    return soft_deleted and ends_us is not None and ends_us > clock.now_us()


def list_request(bucket: str, query: Query, clock: Clock) -> ListRequest:
    """Return what `query` asks to be listed.

    Raises:
        ApiError: 400, a parameter is not understood, or not supported here.
    """
    for name in _UNSUPPORTED_LIST_QUERY:
        if query.text(name) not in {None, "false", ""}:
            raise ApiError(400, "invalid", f"'{name}' is not supported.", location=name)
    versions, soft_deleted = query.boolean("versions"), query.boolean("softDeleted")
    if versions and soft_deleted:
        raise ApiError(400, "invalid", "versions and softDeleted cannot be combined.")
    glob, end_offset = query.text("matchGlob"), query.text("endOffset")
    return ListRequest(
        bucket=bucket,
        prefix=(query.text("prefix") or "").encode(),
        delimiter=(query.text("delimiter") or "").encode(),
        start_offset=(query.text("startOffset") or "").encode(),
        end_offset=end_offset.encode() if end_offset else None,
        include_trailing_delimiter=query.boolean("includeTrailingDelimiter"),
        versions=versions,
        soft_deleted=soft_deleted,
        now_us=clock.now_us(),
        glob=compile_glob(glob) if glob else None,
        max_results=query.integer("maxResults", at_least=1) or MAX_RESULTS,
        page_token=query.text("pageToken") or None,
    )
