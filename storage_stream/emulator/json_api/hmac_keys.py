"""HMAC keys over the JSON API; signatures made with an active one count.

https://cloud.google.com/storage/docs/json_api/v1/projects/hmacKeys
"""

import base64
import secrets
from dataclasses import replace

from aiohttp import web

from storage_stream.emulator.json_api.answers import json_answer, no_content
from storage_stream.emulator.problems import ApiError
from storage_stream.emulator.store.changes import Change
from storage_stream.emulator.store.hmac_rows import (
    ACTIVE,
    DELETED,
    INACTIVE,
    HmacKey,
    find_key,
    list_keys,
    put_key,
)
from storage_stream.emulator.store.names import decode_path_part
from storage_stream.emulator.store.records import Json, rfc3339
from storage_stream.emulator.store.store import Store
from storage_stream.emulator.wire.query import read_query
from storage_stream.emulator.wire.request_reading import read_json
from storage_stream.emulator.wire.resources import etag

MAX_RESULTS = 250

_ID_CHARACTERS = 61
_SECRET_BYTES = 30
"""What the service's own ids and secrets measure."""


class HmacKeyHandlers:
    """The handlers of `/storage/v1/projects/{project}/hmacKeys`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def create(self, request: web.Request) -> web.StreamResponse:
        """`projects.hmacKeys.create`: the only answer that tells the secret."""
        query = read_query(request, ("serviceAccountEmail",))
        email = query.required("serviceAccountEmail")
        project = _project(request)
        access_id = "GOOG1E" + _random_id(_ID_CHARACTERS - len("GOOG1E"))
        secret = base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode("ascii")

        def work(change: Change) -> HmacKey:
            created = rfc3339(change.clock.now_us())
            resource: Json = {
                "kind": "storage#hmacKeyMetadata",
                "id": f"{project}/{access_id}",
                "accessId": access_id,
                "projectId": project,
                "serviceAccountEmail": email,
                "state": ACTIVE,
                "timeCreated": created,
                "updated": created,
                "etag": etag(change.clock.next(), 1),
            }
            key = HmacKey(access_id, project, secret, resource)
            put_key(change.connection, key)
            return key

        key = await self._store.change(work)
        content = {"kind": "storage#hmacKey", "metadata": _shown(request, key), "secret": secret}
        return json_answer(query, content)

    async def list(self, request: web.Request) -> web.StreamResponse:
        """`projects.hmacKeys.list`; the page token is the last access id of the page before."""
        allowed = ("maxResults", "pageToken", "serviceAccountEmail", "showDeletedKeys")
        query = read_query(request, allowed)
        limit = min(query.integer("maxResults", at_least=1) or MAX_RESULTS, MAX_RESULTS)
        email, deleted = query.text("serviceAccountEmail"), query.boolean("showDeletedKeys")
        found = [
            key
            for key in list_keys(self._store.reader, _project(request))
            if key.access_id > (query.text("pageToken") or "")
            and email in {None, key.resource["serviceAccountEmail"]}
            and (deleted or key.state != DELETED)
        ]
        content: Json = {"kind": "storage#hmacKeysMetadata"}
        if found:
            content["items"] = [_shown(request, key) for key in found[:limit]]
        if len(found) > limit:
            content["nextPageToken"] = found[limit - 1].access_id
        return json_answer(query, content)

    async def get(self, request: web.Request) -> web.StreamResponse:
        """`projects.hmacKeys.get`."""
        query = read_query(request)
        key = find_key(self._store.reader, _access_id(request))
        return json_answer(query, _shown(request, _existing(key, request)))

    async def update(self, request: web.Request) -> web.StreamResponse:
        """`projects.hmacKeys.update`: the state alone can be changed."""
        query = read_query(request)
        said = await read_json(request)
        state = said.get("state")
        if state not in {ACTIVE, INACTIVE}:
            raise ApiError(400, "invalid", "state must be ACTIVE or INACTIVE.", location="state")

        def work(change: Change) -> HmacKey:
            key = _existing(find_key(change.connection, _access_id(request)), request)
            if said.get("etag", key.resource["etag"]) != key.resource["etag"]:
                raise ApiError(412, "conditionNotMet", "The etag of the key is another by now.")
            if key.state == DELETED:
                raise ApiError(400, "invalid", "A deleted key cannot be changed.")
            return _changed(change, key, str(state))

        return json_answer(query, _shown(request, await self._store.change(work)))

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """`projects.hmacKeys.delete`: only an inactive key can be deleted."""
        read_query(request)

        def work(change: Change) -> None:
            key = _existing(find_key(change.connection, _access_id(request)), request)
            if key.state == DELETED:
                raise _not_found(key.access_id)
            if key.state == ACTIVE:
                raise ApiError(400, "invalid", "Cannot delete key in 'ACTIVE' state.")
            _changed(change, key, DELETED)

        await self._store.change(work)
        return no_content()


def _changed(change: Change, key: HmacKey, state: str) -> HmacKey:
    updated = {
        "state": state,
        "updated": rfc3339(change.clock.now_us()),
        "etag": etag(change.clock.next(), 1),
    }
    changed = replace(key, resource={**key.resource, **updated})
    put_key(change.connection, changed)
    return changed


def _existing(key: HmacKey | None, request: web.Request) -> HmacKey:
    if key is None or key.project != _project(request):
        raise _not_found(_access_id(request))
    return key


def _not_found(access_id: str) -> ApiError:
    return ApiError(404, "notFound", f"Access ID not found: {access_id}")


def _shown(request: web.Request, key: HmacKey) -> Json:
    path = f"/storage/v1/projects/{key.project}/hmacKeys/{key.access_id}"
    return {**key.resource, "selfLink": f"{request.scheme}://{request.host}{path}"}


def _project(request: web.Request) -> str:
    return decode_path_part(request.rel_url.raw_path.split("/")[4])


def _access_id(request: web.Request) -> str:
    return decode_path_part(request.rel_url.raw_path.split("/")[6])


def _random_id(length: int) -> str:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    return "".join(secrets.choice(alphabet) for _ in range(length))
