"""Notification configurations of buckets: kept and given back, never sent.

https://cloud.google.com/storage/docs/json_api/v1/notifications
"""

import json
from urllib.parse import quote

from aiohttp import web

from storage_stream.emulator.integers import is_number
from storage_stream.emulator.json_api.answers import json_answer, no_content
from storage_stream.emulator.problems import ApiError
from storage_stream.emulator.store import notification_rows
from storage_stream.emulator.store.changes import Change
from storage_stream.emulator.store.names import decode_path_part
from storage_stream.emulator.store.records import BucketRecord, Json
from storage_stream.emulator.store.store import Store
from storage_stream.emulator.wire.query import Query, read_query
from storage_stream.emulator.wire.request_reading import bucket_name, read_json, require_payer

EVENT_TYPES = frozenset(
    {"OBJECT_FINALIZE", "OBJECT_METADATA_UPDATE", "OBJECT_DELETE", "OBJECT_ARCHIVE"}
)
PAYLOAD_FORMATS = frozenset({"JSON_API_V1", "NONE"})

_SETTABLE = ("topic", "payload_format", "event_types", "custom_attributes", "object_name_prefix")


class NotificationHandlers:
    """The handlers of `/storage/v1/b/{bucket}/notificationConfigs`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def insert(self, request: web.Request) -> web.StreamResponse:
        """`notifications.insert`."""
        query = read_query(request)
        bucket = await self._bucket(request, query)
        said = await read_json(request)
        resource: Json = {name: said[name] for name in _SETTABLE if name in said}
        _check(resource)

        def work(change: Change) -> int:
            return notification_rows.add(change.connection, bucket.name, resource)

        number = await self._store.change(work)
        return json_answer(query, _shown(request, bucket.name, number, resource))

    async def list(self, request: web.Request) -> web.StreamResponse:
        """`notifications.list`."""
        query = read_query(request)
        bucket = await self._bucket(request, query)
        found = notification_rows.list_of(self._store.reader, bucket.name)
        content: Json = {"kind": "storage#notifications"}
        if found:
            content["items"] = [_shown(request, bucket.name, *each) for each in found]
        return json_answer(query, content)

    async def get(self, request: web.Request) -> web.StreamResponse:
        """`notifications.get`."""
        query = read_query(request)
        bucket = await self._bucket(request, query)
        number = _number(request)
        for found, resource in notification_rows.list_of(self._store.reader, bucket.name):
            if found == number:
                return json_answer(query, _shown(request, bucket.name, number, resource))
        raise _not_found(number)

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """`notifications.delete`."""
        bucket = await self._bucket(request, read_query(request))
        number = _number(request)

        def work(change: Change) -> None:
            if not notification_rows.delete(change.connection, bucket.name, number):
                raise _not_found(number)

        await self._store.change(work)
        return no_content()

    async def _bucket(self, request: web.Request, query: Query) -> BucketRecord:
        bucket = await self._store.bucket(bucket_name(request))
        require_payer(request, query, bucket)
        return bucket


def _check(resource: Json) -> None:
    if not isinstance(resource.get("topic"), str):
        raise ApiError(400, "required", "Required parameter: topic", location="topic")
    if resource.get("payload_format") not in PAYLOAD_FORMATS:
        message = f"payload_format must be one of {', '.join(sorted(PAYLOAD_FORMATS))}."
        raise ApiError(400, "invalid", message, location="payload_format")
    unknown = set(map(str, resource.get("event_types", []))) - EVENT_TYPES
    if unknown:
        message = f"Invalid event type: {', '.join(sorted(unknown))}"
        raise ApiError(400, "invalid", message, location="event_types")


def _shown(request: web.Request, bucket: str, number: int, resource: Json) -> Json:
    path = f"/storage/v1/b/{quote(bucket, safe='')}/notificationConfigs/{number}"
    return {
        "kind": "storage#notification",
        "id": str(number),
        "etag": str(number),
        "selfLink": f"{request.scheme}://{request.host}{path}",
        **resource,
    }


def _number(request: web.Request) -> int:
    text = decode_path_part(request.rel_url.raw_path.rpartition("/")[2])
    if not is_number(text):
        raise ApiError(404, "notFound", f"Notification {json.dumps(text)} not found.")
    return int(text)


def _not_found(number: int) -> ApiError:
    return ApiError(404, "notFound", f"Notification {number} not found.")
