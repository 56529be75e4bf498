"""An object's bytes over the JSON API: `alt=media`.

https://cloud.google.com/storage/docs/json_api/v1/objects/get
"""

from aiohttp import web

from storage_stream.emulator.json_api.objects import OBJECT_GET_QUERY
from storage_stream.emulator.store.changes import get_addressed
from storage_stream.emulator.store.encryption import check_key, key_of
from storage_stream.emulator.store.store import Store
from storage_stream.emulator.wire.media import Dialect, send_media
from storage_stream.emulator.wire.query import read_query
from storage_stream.emulator.wire.request_reading import conditions, object_names, require_payer


class MediaHandlers:
    """The handler of `/download/storage/v1` and of `/storage/v1/…?alt=media`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, request: web.Request) -> web.StreamResponse:
        """`objects.get` with `alt=media`."""
        query = read_query(request, OBJECT_GET_QUERY)
        names = object_names(request)
        bucket = await self._store.bucket(names[0])
        require_payer(request, query, bucket)
        generation = query.integer("generation")
        item = get_addressed(
            self._store.reader, *names, generation, conditions(query), reading=True
        )
        check_key(item, key_of(request.headers))
        return await send_media(request, self._store, item, Dialect.JSON)
