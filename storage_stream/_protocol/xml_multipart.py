"""Multipart uploads of the XML API, as values: parts in any order, joined by a last request.

https://cloud.google.com/storage/docs/multipart-uploads. Unlike everything else here this is not the
JSON API: paths, headers and documents are of another kind. There are no preconditions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from storage_stream._protocol.checksums import encode_crc32c, parse_hashes
from storage_stream._protocol.http import Content, Headers, Reply, parse_number
from storage_stream._protocol.names import check_bucket, check_object, gs_name, quote_name
from storage_stream._protocol.operation import Operation
from storage_stream._protocol.replies import parse_empty
from storage_stream._protocol.xml_documents import parse_xml
from storage_stream.errors import IntegrityError, ProtocolError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

__all__ = [
    "MultipartTarget",
    "PartsPage",
    "StartedUpload",
    "StoredPart",
    "abort_upload",
    "complete_upload",
    "list_parts",
    "start_upload",
    "upload_part",
]

_SERVICE = "storage.multipartUploads"
_XML = ("content-type", "application/xml")


@dataclass(frozen=True, slots=True)
class StartedUpload:
    """The answer to the start of an upload.

    Attributes:
        upload_id: What all further requests name.
        started: When, by the service's clock, to the second; None when it did not say.
    """

    upload_id: str
    started: datetime | None


@dataclass(frozen=True, slots=True)
class MultipartTarget:
    """What the requests of one upload have in common.

    Attributes:
        bucket: The bucket.
        name: The object.
        upload_id: The upload.
    """

    bucket: str
    name: str
    upload_id: str

    @property
    def subject(self) -> str:
        """The object's `gs://` name."""
        return gs_name(self.bucket, self.name)

    @property
    def path(self) -> str:
        """The object's path."""
        return _path(self.bucket, self.name)

    @property
    def query(self) -> tuple[tuple[str, str], ...]:
        """What names the upload."""
        return (("uploadId", self.upload_id),)


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A part that the service keeps.

    Attributes:
        number: Its place among the parts, from 1.
        etag: What the end of the upload names it by, as the service wrote it.
        size: Its bytes.
    """

    number: int
    etag: str
    size: int

    @property
    def md5_hex(self) -> str:
        """The tag without its quotes: the MD5, unless the part is encrypted with a key."""
        return self.etag.strip('"')


@dataclass(frozen=True, slots=True)
class PartsPage:
    """A page of the parts of an upload; the next begins behind `next_marker`, if there is one."""

    parts: tuple[StoredPart, ...]
    next_marker: int | None


def start_upload(
    bucket: str, name: str, headers: Iterable[tuple[str, str]]
) -> Operation[StartedUpload]:
    """`POST ?uploads`. A repeat starts another upload, which has no parts and costs nothing.

    Args:
        bucket: The bucket.
        name: The object.
        headers: Its metadata; see `xml_metadata`.

    Raises:
        InvalidName: One of the names cannot be.
    """
    return Operation(
        f"{_SERVICE}.create",
        "POST",
        f"{_path(bucket, name)}?uploads",  # without `=`, as the service documents it
        _started,
        gs_name(bucket, name),
        headers=Headers(headers),
    )


def upload_part(
    target: MultipartTarget, number: int, content: Content, crc32c: int
) -> Operation[str]:
    """`PUT ?partNumber=…&uploadId=…`; gives the part's tag. A repeat replaces the part.

    The service refuses a part that has not this checksum, and its answer is compared, too.
    """
    expected = encode_crc32c(crc32c)

    def parse(reply: Reply) -> str:
        actual = parse_hashes(reply.headers.get_all("x-goog-hash")).get("crc32c", expected)
        if actual != expected:
            raise IntegrityError(
                f"the service keeps another part {number}", expected=expected, actual=actual
            )
        return _etag(reply)

    return Operation(
        f"{_SERVICE}.uploadPart",
        "PUT",
        target.path,
        parse,
        target.subject,
        (("partNumber", str(number)), *target.query),
        Headers([("x-goog-hash", f"crc32c={expected}")]),
        content,
    )


def complete_upload(
    target: MultipartTarget, etags: Sequence[tuple[int, str]]
) -> Operation[int | None]:
    """`POST ?uploadId=…`: join the parts; gives the object's generation, if the answer says it.

    The service may take minutes. A repeat makes nothing twice: it finds no upload any more, which
    looks like the upload of somebody who aborted it.

    Args:
        target: The upload.
        etags: Numbers and tags of the parts, in order.
    """
    return Operation(
        f"{_SERVICE}.complete",
        "POST",
        target.path,
        _completed,
        target.subject,
        target.query,
        Headers([_XML]),
        _completion(etags),
    )


def abort_upload(target: MultipartTarget) -> Operation[None]:
    """`DELETE ?uploadId=…`: parts that are on their way fail, those that are kept are dropped."""
    return Operation(
        f"{_SERVICE}.abort", "DELETE", target.path, parse_empty, target.subject, target.query
    )


def list_parts(target: MultipartTarget, after: int | None = None) -> Operation[PartsPage]:
    """`GET ?uploadId=…`: one page of the parts that are kept, behind the part `after`."""
    marker = () if after is None else (("part-number-marker", str(after)),)
    return Operation(
        f"{_SERVICE}.listParts",
        "GET",
        target.path,
        _parts,
        target.subject,
        (*target.query, *marker),
    )


def _path(bucket: str, name: str) -> str:
    return f"/{quote_name(check_bucket(bucket))}/{quote_name(check_object(name))}"


def _started(reply: Reply) -> StartedUpload:
    document = parse_xml(reply.body, "InitiateMultipartUploadResult")
    return StartedUpload(document.required("UploadId"), _date(reply.headers.get("date")))


def _date(text: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text or "")
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _etag(reply: Reply) -> str:
    etag = reply.headers.get("etag")
    if not etag:
        raise ProtocolError("the service kept a part without telling its ETag")
    return etag


def _completion(etags: Sequence[tuple[int, str]]) -> bytes:
    root = ET.Element("CompleteMultipartUpload")
    for number, etag in etags:
        part = ET.SubElement(root, "Part")
        ET.SubElement(part, "PartNumber").text = str(number)
        ET.SubElement(part, "ETag").text = etag
    document: bytes = ET.tostring(root, encoding="utf-8")
    return document


def _completed(reply: Reply) -> int | None:
    parse_xml(reply.body, "CompleteMultipartUploadResult")
    return parse_number(reply.headers.get("x-goog-generation"))


def _parts(reply: Reply) -> PartsPage:
    document = parse_xml(reply.body, "ListPartsResult")
    parts = tuple(
        StoredPart(part.number("PartNumber"), part.required("ETag"), part.number("Size"))
        for part in document.children("Part")
    )
    is_cut = document.text("IsTruncated") == "true"
    return PartsPage(parts, document.number("NextPartNumberMarker") if is_cut else None)
