"""Objects over the XML API: GET, HEAD, PUT, DELETE, and a bucket's list.

The same store and the same rules as the JSON API's; other headers, other documents.

https://cloud.google.com/storage/docs/xml-api/overview
"""

from aiohttp import web

from storage_stream.emulator.store import bucket_rows
from storage_stream.emulator.store.changes import Change, delete_object, get_addressed
from storage_stream.emulator.store.copies import Source, Target, copy_object, find_source
from storage_stream.emulator.store.encryption import check_key, key_of
from storage_stream.emulator.store.listing import list_objects
from storage_stream.emulator.store.records import ObjectRecord
from storage_stream.emulator.store.store import Store
from storage_stream.emulator.wire.body_streams import read_body
from storage_stream.emulator.wire.media import Dialect, send_media, xml_etag
from storage_stream.emulator.wire.request_reading import require_payer
from storage_stream.emulator.wire.uploads import commit_upload, expected_checksums, receive
from storage_stream.emulator.xml_api.answers import (
    bucket_part,
    stored_headers,
    xml_answer,
    xml_names,
)
from storage_stream.emulator.xml_api.documents import copy_document, list_document
from storage_stream.emulator.xml_api.headers import (
    copied_metadata,
    copy_source,
    judge_entity_tags,
    put_metadata,
    xml_conditions,
)
from storage_stream.emulator.xml_api.lists import LIST_QUERY, xml_list_request
from storage_stream.emulator.xml_api.queries import read_xml_query

_ANSWER_HEADERS = {
    "response-content-disposition": "Content-Disposition",
    "response-content-type": "Content-Type",
}
_GET_QUERY = ("generation", *_ANSWER_HEADERS)


class XmlHandlers:
    """The handlers of `/{bucket}` and `/{bucket}/{object}`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, request: web.Request) -> web.StreamResponse:
        """`GET` and `HEAD` of an object."""
        query = read_xml_query(request, _GET_QUERY)
        names = xml_names(request)
        require_payer(request, query, await self._store.bucket(names[0]))
        item = get_addressed(
            self._store.reader,
            *names,
            query.integer("generation"),
            xml_conditions(request.headers),
            reading=True,
        )
        check_key(item, key_of(request.headers))
        judge_entity_tags(request.headers, xml_etag(item), item.updated_us)
        instead = query.subset(_ANSWER_HEADERS)
        headers = {_ANSWER_HEADERS[name]: value for name, value in instead.items()}
        return await send_media(request, self._store, item, Dialect.XML, instead=headers)

    async def put(self, request: web.Request) -> web.StreamResponse:
        """`PUT` of an object: an upload, or a copy with `x-goog-copy-source`."""
        query = read_xml_query(request)
        bucket_name, name = xml_names(request)
        bucket = await self._store.bucket(bucket_name)
        require_payer(request, query, bucket)
        wanted, metadata = xml_conditions(request.headers), put_metadata(request.headers)
        key_sha256 = key_of(request.headers)
        if "x-goog-copy-source" in request.headers:
            said = copied_metadata(request.headers, metadata)
            return await self._copy(request, Target(bucket_name, name, wanted, said, key_sha256))
        expected = expected_checksums(request, {})
        body = await receive(self._store, read_body(request), expected)
        item = await commit_upload(
            self._store, bucket_name, name, body, metadata, wanted, key_sha256=key_sha256
        )
        return web.Response(headers=stored_headers(item))

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """`DELETE` of an object."""
        query = read_xml_query(request, ("generation",))
        bucket_name, name = xml_names(request)
        generation, wanted = query.integer("generation"), xml_conditions(request.headers)
        require_payer(request, query, await self._store.bucket(bucket_name))

        def work(change: Change) -> None:
            bucket = bucket_rows.get_bucket(change.connection, bucket_name)
            delete_object(change, bucket, name, generation, wanted)

        await self._store.change(work)
        return web.Response(status=204)

    async def list(self, request: web.Request) -> web.StreamResponse:
        """`GET` of a bucket: its objects, as version 1 or 2 of the list."""
        query = read_xml_query(request, LIST_QUERY)
        bucket_name = bucket_part(request)
        require_payer(request, query, await self._store.bucket(bucket_name))
        page = await list_objects(self._store.reader, xml_list_request(bucket_name, query))
        return xml_answer(list_document(bucket_name, query, page))

    async def _copy(self, request: web.Request, target: Target) -> web.StreamResponse:
        source: Source = copy_source(request.headers)
        await self._store.bucket(source.bucket)

        def work(change: Change) -> ObjectRecord:
            return copy_object(change, find_source(change, source), target)

        item = await self._store.change(work)
        answer = xml_answer(copy_document(item))
        answer.headers.extend(stored_headers(item))
        return answer
