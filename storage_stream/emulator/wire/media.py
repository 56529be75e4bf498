"""Sending an object's bytes: whole, a range, or gunzipped on the way.

The same for the JSON and the XML API but for how the hashes and the entity tag are spelled.

https://cloud.google.com/storage/docs/transcoding
https://cloud.google.com/storage/docs/xml-api/reference-headers
"""

import asyncio
import enum
import re
import zlib
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

from aiohttp import web
from multidict import CIMultiDict

from storage_stream.emulator.store.checksums import encode, encode_crc32c
from storage_stream.emulator.store.encryption import encryption_headers
from storage_stream.emulator.store.object_rows import body_content
from storage_stream.emulator.store.records import ObjectRecord
from storage_stream.emulator.store.store import Store
from storage_stream.emulator.wire.body_streams import FileRange, send_body
from storage_stream.emulator.wire.ranges import parse_range
from storage_stream.emulator.wire.resources import etag

READ_BYTES = 256 * 1024
"""Bytes of a compressed file that are read and inflated at once."""

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110, section 5.6.2
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

GZIP_MAGIC = b"\x1f\x8b"

GUNZIPPED_BYTES = 1024 * 1024
"""Most bytes that come out at once: a small file can inflate a thousandfold."""


class Dialect(enum.Enum):
    """Which API asks."""

    JSON = "json"
    XML = "xml"


async def send_media(
    request: web.Request,
    store: Store,
    item: ObjectRecord,
    dialect: Dialect,
    *,
    instead: Mapping[str, str] | None = None,
) -> web.StreamResponse:
    """Answer with the bytes of `item`.

    Args:
        request: what is answered.
        store: where the bytes are.
        item: whose they are.
        dialect: of which API the headers are.
        instead: headers that the caller wants in place of the object's own.

    Raises:
        ApiError: 416.
    """
    headers = media_headers(item, dialect)
    headers.update(instead or {})
    content = body_content(store.reader, item.body_id)
    source = store.bodies.path(item.body_id) if content is None else content
    with store.bodies.reading(item.body_id):
        if _is_gunzipped(request, item, source):
            headers["Vary"] = "Accept-Encoding"
            headers["Warning"] = "214 UploadServer gunzipped"
            pieces = _gunzip(source)
            return await send_body(request, status=200, headers=headers, body=pieces, length=None)
        return await _send_as_stored(request, item, headers, source)


async def _send_as_stored(
    request: web.Request, item: ObjectRecord, headers: CIMultiDict[str], source: Path | bytes
) -> web.StreamResponse:
    if encoding := item.metadata.get("contentEncoding"):
        headers["Content-Encoding"] = encoding
    part = parse_range(request.headers.get("Range"), item.size)
    start, stop = part or (0, item.size)
    if part is not None:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{item.size}"
    return await send_body(
        request,
        status=200 if part is None else 206,
        headers=headers,
        body=source[start:stop] if isinstance(source, bytes) else FileRange(source, start, stop),
        length=stop - start,
    )


def media_headers(item: ObjectRecord, dialect: Dialect) -> CIMultiDict[str]:
    """Return the headers that describe `item`, without those of a range or an encoding."""
    metadata = item.metadata
    headers = CIMultiDict(
        {
            "Content-Type": metadata.get("contentType") or "application/octet-stream",
            "Last-Modified": http_date(item.updated_us),
            "x-goog-generation": str(item.generation),
            "x-goog-metageneration": str(item.metageneration),
            "x-goog-stored-content-encoding": metadata.get("contentEncoding") or "identity",
            "x-goog-stored-content-length": str(item.size),
            "x-goog-storage-class": metadata["storageClass"],
            "Accept-Ranges": "bytes",
            "Cache-Control": metadata.get("cacheControl") or "private, max-age=0",
        }
    )
    for field, name in (
        ("contentDisposition", "Content-Disposition"),
        ("contentLanguage", "Content-Language"),
    ):
        if field in metadata:
            headers[name] = metadata[field]
    headers.update(encryption_headers(item.key_sha256))
    _add_identity(headers, item, dialect)
    return headers


def http_date(time_us: int) -> str:
    """Return `time_us` as HTTP prints it."""
    return format_datetime(datetime.fromtimestamp(time_us / 1_000_000, UTC), usegmt=True)


def xml_etag(item: ObjectRecord) -> str:
    """Return the XML API's entity tag: the MD5 in hexadecimal.

    Something else for composites, which have none, and for objects with a key, which hide theirs.
    """
    if item.md5 is None or item.key_sha256 is not None:
        return f'"-{etag(item.generation, item.metageneration)}"'
    return f'"{item.md5.hex()}"'


def _add_identity(headers: CIMultiDict[str], item: ObjectRecord, dialect: Dialect) -> None:
    hashes = [f"crc32c={encode_crc32c(item.crc32c)}"]
    if item.md5 is not None:
        hashes.append(f"md5={encode(item.md5)}")
    if dialect is Dialect.JSON:
        headers["x-goog-hash"] = ",".join(hashes)
        headers["ETag"] = etag(item.generation, item.metageneration)
        return
    for line in hashes:
        headers.add("x-goog-hash", line)
    headers["ETag"] = xml_etag(item)
    if item.component_count is not None:
        headers["x-goog-component-count"] = str(item.component_count)
    for name, value in item.metadata.get("metadata", {}).items():
        if _TOKEN.fullmatch(name):  # JSON's keys may be anything, a header's name may not
            headers[f"x-goog-meta-{name}"] = _CONTROL.sub(" ", value)


def _is_gunzipped(request: web.Request, item: ObjectRecord, source: Path | bytes) -> bool:
    metadata = item.metadata
    return (
        metadata.get("contentEncoding") == "gzip"
        and _starts_as_gzip(source)
        and "no-transform" not in metadata.get("cacheControl", "").lower()
        and not _accepts_gzip(request.headers.getall("Accept-Encoding", []))
    )


def _starts_as_gzip(source: Path | bytes) -> bool:
    # What is only said to be gzip is served as it is: both criteria of the documentation count.
    if isinstance(source, bytes):
        return source.startswith(GZIP_MAGIC)
    with source.open("rb") as file:
        return file.read(len(GZIP_MAGIC)) == GZIP_MAGIC


def _accepts_gzip(lines: list[str]) -> bool:
    for word in ",".join(lines).split(","):
        coding, _, weight = word.strip().lower().partition(";")
        if coding.strip() == "gzip" and weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00"}:
            return True
    return False


async def _gunzip(source: Path | bytes) -> AsyncIterator[bytes]:
    inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    async for piece in _compressed_pieces(source):
        pending = piece
        while pending:
            yield await asyncio.to_thread(inflater.decompress, pending, GUNZIPPED_BYTES)
            pending = inflater.unconsumed_tail
            if inflater.eof and inflater.unused_data:  # a gzip file can have several members
                pending = inflater.unused_data
                inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)


async def _compressed_pieces(source: Path | bytes) -> AsyncIterator[bytes]:
    if isinstance(source, bytes):
        yield source
        return
    with source.open("rb", buffering=0) as file:
        while piece := await asyncio.to_thread(file.read, READ_BYTES):
            yield piece
