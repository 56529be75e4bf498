"""What the handlers of the XML API read and answer in the same way."""

from aiohttp import web
from multidict import CIMultiDict

from storage_stream.emulator.problems import ApiError
from storage_stream.emulator.store.names import check_object_name, decode_path_part
from storage_stream.emulator.store.records import ObjectRecord
from storage_stream.emulator.wire.media import Dialect, media_headers, xml_etag

RESERVED = frozenset(
    {"_emulator", "batch", "download", "resumable", "retry_test", "storage", "upload"}
)
"""First parts of a path that are never buckets here: a mistyped JSON path is not an object."""


def xml_names(request: web.Request) -> tuple[str, str]:
    """Return bucket and object of the path: all after the bucket's slash is the object.

    Raises:
        ApiError: 404, no bucket can be named so; 400, no object can.
    """
    raw_name = request.rel_url.raw_path[1:].partition("/")[2]
    return bucket_part(request), check_object_name(decode_path_part(raw_name))


def bucket_part(request: web.Request) -> str:
    """Return the bucket of the path.

    Raises:
        ApiError: 404, no bucket can be named so.
    """
    name = decode_path_part(request.rel_url.raw_path[1:].partition("/")[0])
    if name in RESERVED:
        raise ApiError(404, "notFound", "There is no such method in the JSON API.")
    return name


def stored_headers(item: ObjectRecord) -> CIMultiDict[str]:
    """Return the headers that tell what was stored."""
    described = media_headers(item, Dialect.XML)
    headers = CIMultiDict(
        (name, value) for name, value in described.items() if name.lower().startswith("x-goog-")
    )
    headers["ETag"] = xml_etag(item)
    return headers


def xml_answer(document: str) -> web.Response:
    """Return `document` as an answer."""
    return web.Response(
        body=document.encode(), headers={"Content-Type": "application/xml; charset=UTF-8"}
    )
