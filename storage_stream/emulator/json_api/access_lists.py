"""Access control lists as resources of their own: shown, never enforced, changed by a patch.

https://cloud.google.com/storage/docs/json_api/v1/bucketAccessControls
https://cloud.google.com/storage/docs/json_api/v1/objectAccessControls
"""

from typing import Any

from aiohttp import web

from storage_stream.emulator.json_api.answers import json_answer
from storage_stream.emulator.problems import ApiError
from storage_stream.emulator.settings import Settings
from storage_stream.emulator.store.changes import get_addressed
from storage_stream.emulator.store.names import decode_path_part
from storage_stream.emulator.store.preconditions import NO_PRECONDITIONS
from storage_stream.emulator.store.records import Json
from storage_stream.emulator.store.store import Store
from storage_stream.emulator.wire.query import Query, read_query
from storage_stream.emulator.wire.request_reading import (
    bucket_name,
    object_names,
    require_payer,
    resources,
)

BUCKET, OBJECT = "storage#bucketAccessControl", "storage#objectAccessControl"


class AccessHandlers:
    """The handlers of `…/acl` and `…/defaultObjectAcl` with `GET`."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings

    async def of_bucket(self, request: web.Request) -> web.StreamResponse:
        """`bucketAccessControls.list` and `get`."""
        query = read_query(request)
        resource = await self._bucket(request, query)
        return _answer(request, query, BUCKET, resource["acl"], "acl")

    async def default(self, request: web.Request) -> web.StreamResponse:
        """`defaultObjectAccessControls.list` and `get`."""
        query = read_query(request, ("ifMetagenerationMatch", "ifMetagenerationNotMatch"))
        resource = await self._bucket(request, query)
        entries = resource.get("defaultObjectAcl", [])
        return _answer(request, query, OBJECT, entries, "defaultObjectAcl")

    async def of_object(self, request: web.Request) -> web.StreamResponse:
        """`objectAccessControls.list` and `get`."""
        query = read_query(request, ("generation",))
        names = object_names(request)
        require_payer(request, query, await self._store.bucket(names[0]))
        generation = query.integer("generation")
        item = get_addressed(self._store.reader, *names, generation, NO_PRECONDITIONS, reading=True)
        make = resources(request, query, self._settings, default="full")
        return _answer(request, query, OBJECT, make.object(item)["acl"], "acl")

    async def _bucket(self, request: web.Request, query: Query) -> Json:
        bucket = await self._store.bucket(bucket_name(request))
        require_payer(request, query, bucket)
        return resources(request, query, self._settings, default="full").bucket(bucket)


def _answer(
    request: web.Request, query: Query, kind: str, entries: list[Any], marker: str
) -> web.Response:
    items = [{"kind": kind, **entry} for entry in entries]
    *_, before, last = request.rel_url.raw_path.split("/")
    if before != marker:
        return json_answer(query, {"kind": f"{kind}s"} | ({"items": items} if items else {}))
    entity = decode_path_part(last)
    for item in items:
        if item.get("entity") == entity:
            return json_answer(query, item)
    raise ApiError(404, "notFound", f"The entity '{entity}' is in no entry of the list.")
