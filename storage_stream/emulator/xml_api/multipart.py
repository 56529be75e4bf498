"""Multipart uploads over the XML API: start, parts, end, abort, lists.

https://cloud.google.com/storage/docs/multipart-uploads
"""

from aiohttp import web

from storage_stream.emulator.problems import ApiError
from storage_stream.emulator.store import multipart_rows
from storage_stream.emulator.store.checksums import encode, encode_crc32c
from storage_stream.emulator.store.encryption import encryption_headers, key_of
from storage_stream.emulator.store.multipart_uploads import MultipartUploads, check_part
from storage_stream.emulator.store.records import MultipartUpload
from storage_stream.emulator.store.store import Store
from storage_stream.emulator.wire.body_streams import read_body, read_whole
from storage_stream.emulator.wire.query import Query
from storage_stream.emulator.wire.request_reading import require_payer
from storage_stream.emulator.wire.uploads import expected_checksums, receive
from storage_stream.emulator.xml_api.answers import (
    bucket_part,
    stored_headers,
    xml_answer,
    xml_names,
)
from storage_stream.emulator.xml_api.headers import put_metadata
from storage_stream.emulator.xml_api.multipart_documents import (
    UploadsPage,
    completed_document,
    initiated_document,
    named_parts,
    parts_document,
    uploads_document,
)
from storage_stream.emulator.xml_api.queries import read_xml_query

LIMIT = 1000
"""Parts or uploads in one page."""

DOCUMENT_LIMIT_BYTES = 4 * 1024 * 1024
"""Ten thousand parts take less than half of it."""

_PARTS_QUERY = ("uploadId", "max-parts", "part-number-marker", "encoding-type")
_UPLOADS_QUERY = (
    *("uploads", "delimiter", "encoding-type", "key-marker"),
    *("max-uploads", "prefix", "upload-id-marker"),
)


class MultipartHandlers:
    """The handlers of `?uploads` and `?uploadId=…`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._uploads = MultipartUploads(store)

    async def start(self, request: web.Request) -> web.StreamResponse:
        """`POST /bucket/object?uploads`."""
        query = read_xml_query(request, ("uploads",))
        _refuse_conditions(request)
        bucket, name = xml_names(request)
        require_payer(request, query, await self._store.bucket(bucket))
        metadata, key_sha256 = put_metadata(request.headers), key_of(request.headers)
        upload = await self._uploads.start(bucket, name, metadata, key_sha256)
        answer = xml_answer(initiated_document(upload))
        answer.headers.update(encryption_headers(key_sha256))
        return answer

    async def put_part(self, request: web.Request) -> web.StreamResponse:
        """`PUT /bucket/object?uploadId=…&partNumber=…`: the bytes of one part."""
        query = read_xml_query(request, ("uploadId", "partNumber"))
        upload = await self._upload(request, query)
        query.required("partNumber")
        number = query.integer("partNumber") or 0
        check_part(upload, number, key_of(request.headers))
        expected = expected_checksums(request, {})
        body = await receive(self._store, read_body(request), expected)
        part = await self._uploads.keep_part(upload, number, body)
        headers = encryption_headers(upload.key_sha256) | {"ETag": f'"{part.md5.hex()}"'}
        answer = web.Response(headers=headers)
        for line in (f"crc32c={encode_crc32c(part.crc32c)}", f"md5={encode(part.md5)}"):
            answer.headers.add("x-goog-hash", line)
        return answer

    async def complete(self, request: web.Request) -> web.StreamResponse:
        """`POST /bucket/object?uploadId=…`: the parts named become the object."""
        query = read_xml_query(request, ("uploadId",))
        _refuse_conditions(request)
        upload = await self._upload(request, query)
        document = await read_whole(request, limit_bytes=DOCUMENT_LIMIT_BYTES)
        item = await self._uploads.complete(upload, named_parts(document))
        url = f"{request.scheme}://{request.host}{request.rel_url.raw_path}"
        answer = xml_answer(completed_document(item, url))
        answer.headers.extend(stored_headers(item))
        return answer

    async def abort(self, request: web.Request) -> web.StreamResponse:
        """`DELETE /bucket/object?uploadId=…`."""
        query = read_xml_query(request, ("uploadId",))
        await self._uploads.abort(await self._upload(request, query))
        return web.Response(status=204)

    async def list_parts(self, request: web.Request) -> web.StreamResponse:
        """`GET /bucket/object?uploadId=…`."""
        query = read_xml_query(request, _PARTS_QUERY)
        upload = await self._upload(request, query)
        limit = min(query.integer("max-parts", at_least=1) or LIMIT, LIMIT)
        after = query.integer("part-number-marker") or 0
        parts = multipart_rows.list_parts(
            self._store.reader, upload.upload_id, after=after, limit=limit + 1
        )
        return xml_answer(parts_document(upload, query, parts, limit))

    async def list_uploads(self, request: web.Request) -> web.StreamResponse:
        """`GET /bucket?uploads`."""
        query = read_xml_query(request, _UPLOADS_QUERY)
        bucket = bucket_part(request)
        require_payer(request, query, await self._store.bucket(bucket))
        limit = min(query.integer("max-uploads", at_least=1) or LIMIT, LIMIT)
        page = self._page(bucket, query, limit)
        return xml_answer(uploads_document(bucket, query, page, limit))

    async def _upload(self, request: web.Request, query: Query) -> MultipartUpload:
        bucket, name = xml_names(request)
        require_payer(request, query, await self._store.bucket(bucket))
        return self._uploads.get(bucket, name, query.required("uploadId"))

    def _page(self, bucket: str, query: Query, limit: int) -> UploadsPage:
        prefix, delimiter = query.text("prefix") or "", query.text("delimiter") or ""
        marker, id_marker = query.text("key-marker") or "", query.text("upload-id-marker")
        page = UploadsPage()
        # Without the id of an upload, all uploads of the marked name are behind us.
        after = (marker.encode(), id_marker if id_marker is not None else "~")
        found = multipart_rows.list_uploads(
            self._store.reader, bucket, prefix=prefix.encode(), after=after
        )
        for upload in found:
            common = _common_prefix(upload.name, prefix, delimiter)
            if common is not None and (common in page.prefixes[-1:] or common == marker):
                continue
            if len(page) == limit:
                page.truncated = True
                return page
            if common is None:
                page.uploads.append(upload)
            else:
                page.prefixes.append(common)
        return page


def _refuse_conditions(request: web.Request) -> None:
    # The service has no preconditions for these uploads; to ignore one would lose an object.
    for name in request.headers:
        if name.lower().startswith("x-goog-if-"):
            message = "Multipart uploads do not support preconditions."
            raise ApiError(400, "invalid", message, location=name)


def _common_prefix(name: str, prefix: str, delimiter: str) -> str | None:
    at = name.find(delimiter, len(prefix)) if delimiter else -1
    return None if at < 0 else name[: at + len(delimiter)]
