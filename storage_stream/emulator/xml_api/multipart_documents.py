"""Documents of multipart uploads, made and read.

https://cloud.google.com/storage/docs/xml-api/get-bucket-uploads
https://cloud.google.com/storage/docs/xml-api/get-object-multipart
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

from storage_stream.emulator.integers import is_number
from storage_stream.emulator.problems import ApiError
from storage_stream.emulator.store.multipart_uploads import NamedPart
from storage_stream.emulator.store.records import (
    MultipartPart,
    MultipartUpload,
    ObjectRecord,
    rfc3339,
)
from storage_stream.emulator.wire.media import xml_etag
from storage_stream.emulator.wire.query import Query
from storage_stream.emulator.xml_api.documents import HEAD, element, escape, spelling

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


@dataclass(slots=True)
class UploadsPage:
    """One page of a bucket's uploads; `truncated` if there are more."""

    uploads: list[MultipartUpload] = field(default_factory=list[MultipartUpload])
    prefixes: list[str] = field(default_factory=list[str])
    truncated: bool = False

    def __len__(self) -> int:
        return len(self.uploads) + len(self.prefixes)


def initiated_document(upload: MultipartUpload) -> str:
    """Return the answer to the start of an upload."""
    return _document("InitiateMultipartUploadResult", _names(upload), _id(upload))


def completed_document(item: ObjectRecord, url: str) -> str:
    """Return the answer to the end of an upload."""
    return _document(
        "CompleteMultipartUploadResult",
        element("Location", escape(url)),
        element("Bucket", escape(item.bucket)),
        element("Key", escape(item.name)),
        element("ETag", escape(xml_etag(item))),
    )


def parts_document(
    upload: MultipartUpload, query: Query, parts: Sequence[MultipartPart], limit: int
) -> str:
    """Return the list of an upload's parts.

    Args:
        upload: whose.
        query: what was asked.
        parts: one more than `limit` when there are more.
        limit: how many are shown.
    """
    shown, truncated = parts[:limit], len(parts) > limit
    last = shown[-1].number if shown else 0
    return _document(
        "ListPartsResult",
        element("Bucket", escape(upload.bucket)),
        element("Key", spelling(query)(upload.name)),
        _id(upload),
        element("StorageClass", escape(upload.metadata.get("storageClass", "STANDARD"))),
        element("PartNumberMarker", str(query.integer("part-number-marker") or 0)),
        *(element("NextPartNumberMarker", str(last)) for _ in range(truncated)),
        element("MaxParts", str(limit)),
        element("IsTruncated", "true" if truncated else "false"),
        *(_part(part) for part in shown),
    )


def uploads_document(bucket: str, query: Query, page: UploadsPage, limit: int) -> str:
    """Return the list of a bucket's uploads."""
    spell = spelling(query)
    parts = [
        element("Bucket", escape(bucket)),
        element("KeyMarker", spell(query.text("key-marker") or "")),
        element("UploadIdMarker", escape(query.text("upload-id-marker") or "")),
        element("Prefix", spell(query.text("prefix") or "")),
        element("Delimiter", spell(query.text("delimiter") or "")),
        element("MaxUploads", str(limit)),
        element("IsTruncated", "true" if page.truncated else "false"),
    ]
    if page.truncated:
        last = page.uploads[-1] if page.uploads else None
        names = [last.name] if last else []
        marker = max(names + page.prefixes[-1:], key=str.encode)
        parts.append(element("NextKeyMarker", spell(marker)))
        if last is not None and marker == last.name:
            parts.append(element("NextUploadIdMarker", last.upload_id))
    for upload in page.uploads:
        started = element("Initiated", rfc3339(upload.started_us))
        storage_class = escape(upload.metadata.get("storageClass", "STANDARD"))
        said = element("Key", spell(upload.name)) + _id(upload)
        parts.append(element("Upload", said + element("StorageClass", storage_class) + started))
    parts.extend(
        element("CommonPrefixes", element("Prefix", spell(prefix))) for prefix in page.prefixes
    )
    return _document("ListMultipartUploadsResult", *parts)


def named_parts(document: bytes) -> list[NamedPart]:
    """Return the parts that the end of an upload names.

    Raises:
        ApiError: 400, it is not such a document.
    """
    try:
        root = ET.fromstring(document)  # noqa: S314 - expat itself limits what entities expand to
    except ET.ParseError as error:
        raise _malformed(str(error)) from error
    if _local(root) != "CompleteMultipartUpload":
        raise _malformed("the document is not a CompleteMultipartUpload")
    return [_named(part) for part in root if _local(part) == "Part"]


def _named(part: ET.Element) -> NamedPart:
    said = {_local(child): (child.text or "").strip() for child in part}
    number, etag = said.get("PartNumber", ""), said.get("ETag", "").strip('"')
    if not is_number(number) or not etag:
        raise _malformed("a Part needs a PartNumber and an ETag")
    return NamedPart(int(number), etag)


def _local(tag: ET.Element) -> str:
    return tag.tag.rpartition("}")[2]  # with and without a namespace, as the service takes it


def _part(part: MultipartPart) -> str:
    return element(
        "Part",
        element("PartNumber", str(part.number))
        + element("LastModified", rfc3339(part.stored_us))
        + element("ETag", escape(f'"{part.md5.hex()}"'))
        + element("Size", str(part.size)),
    )


def _names(upload: MultipartUpload) -> str:
    return element("Bucket", escape(upload.bucket)) + element("Key", escape(upload.name))


def _id(upload: MultipartUpload) -> str:
    return element("UploadId", upload.upload_id)


def _document(name: str, *parts: str) -> str:
    return f"{HEAD}<{name} xmlns='{_NAMESPACE}'>{''.join(parts)}</{name}>"


def _malformed(why: str) -> ApiError:
    return ApiError(400, "malformedXml", f"The XML was not well-formed or not as expected: {why}.")
