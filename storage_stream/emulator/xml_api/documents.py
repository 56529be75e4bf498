"""Documents of the XML API.

https://cloud.google.com/storage/docs/xml-api/get-bucket-list
"""

import re
from collections.abc import Callable, Iterator
from urllib.parse import quote
from xml.sax import saxutils

from storage_stream.emulator.store.listing import MAX_RESULTS, ListPage
from storage_stream.emulator.store.records import ObjectRecord, ObjectState, rfc3339
from storage_stream.emulator.wire.media import xml_etag
from storage_stream.emulator.wire.query import Query
from storage_stream.emulator.xml_api.lists import is_second_version

HEAD = "<?xml version='1.0' encoding='UTF-8'?>"
_NAMESPACE = "http://doc.s3.amazonaws.com/2006-03-01"

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Spelling = Callable[[str], str]


def list_document(bucket: str, query: Query, page: ListPage) -> str:
    """Return the list of a bucket in the version and spelling that `query` wants."""
    url = query.text("encoding-type") == "url"
    spell = spelling(query)
    parts = [
        element("Name", escape(bucket)),
        element("Prefix", spell(query.text("prefix") or "")),
        element("Delimiter", spell(query.text("delimiter") or "")),
        element("MaxKeys", str(query.integer("max-keys") or MAX_RESULTS)),
        element("IsTruncated", "true" if page.next_page_token else "false"),
        *(element("EncodingType", "url") for _ in range(url)),
        *_continuation(query, page, spell),
        *(_contents(item, spell, versions="versions" in query) for item in page.items),
        *(element("CommonPrefixes", element("Prefix", spell(prefix))) for prefix in page.prefixes),
    ]
    return f"{HEAD}<ListBucketResult xmlns='{_NAMESPACE}'>{''.join(parts)}</ListBucketResult>"


def escape(text: str) -> str:
    """Return a text as XML can say it.

    Characters that XML 1.0 has no way to say (https://www.w3.org/TR/xml/#charsets) become U+FFFD:
    the document stays one. Who wants such names as they are asks for `encoding-type=url`.
    """
    return saxutils.escape(_NOT_XML.sub("\ufffd", text))


def spelling(query: Query) -> Spelling:
    """Return how names are written: as XML, or percent-encoded for `encoding-type=url`.

    Raises:
        ApiError: 400, another encoding is asked for.
    """
    if query.choice("encoding-type", ("url",)) is None:
        return escape
    return lambda name: quote(name, safe="/")


def copy_document(item: ObjectRecord) -> str:
    """Return the answer to a copy."""
    tag = element("ETag", escape(xml_etag(item)))
    changed = element("LastModified", rfc3339(item.updated_us))
    return f"{HEAD}<CopyObjectResult>{changed}{tag}</CopyObjectResult>"


def _continuation(query: Query, page: ListPage, spell: Spelling) -> Iterator[str]:
    if is_second_version(query):
        yield element("KeyCount", str(len(page)))
        if token := query.text("continuation-token"):
            yield element("ContinuationToken", escape(token))
        if start_after := query.text("start-after"):
            yield element("StartAfter", spell(start_after))
        if page.next_page_token:
            yield element("NextContinuationToken", escape(page.next_page_token))
        return
    yield element("Marker", spell(query.text("marker") or ""))
    if page.next_page_token:
        last = max([item.name for item in page.items[-1:]] + page.prefixes[-1:], key=str.encode)
        yield element("NextMarker", spell(last))


def _contents(item: ObjectRecord, spell: Spelling, *, versions: bool) -> str:
    parts = [
        element("Key", spell(item.name)),
        element("Generation", str(item.generation)),
        element("MetaGeneration", str(item.metageneration)),
        element("LastModified", rfc3339(item.updated_us)),
        element("ETag", escape(xml_etag(item))),
        element("Size", str(item.size)),
        element("StorageClass", escape(item.metadata["storageClass"])),
    ]
    if versions:
        latest = item.state is ObjectState.LIVE
        parts.append(element("IsLatest", "true" if latest else "false"))
    return element("Version" if versions else "Contents", "".join(parts))


def element(name: str, content: str) -> str:
    """Return an element; `content` is XML already."""
    return f"<{name}>{content}</{name}>"
