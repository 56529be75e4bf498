"""What the headers of a media answer say about the object and about the body that follows."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage_stream._protocol.checksums import parse_hashes
from storage_stream._protocol.http import parse_number

if TYPE_CHECKING:
    from storage_stream._protocol.http import ReplyHead

__all__ = ["Coding", "ObjectHead"]


class Coding(enum.Enum):
    """How the body that is sent relates to the bytes that are stored.

    https://cloud.google.com/storage/docs/transcoding
    """

    STORED = "the stored bytes"
    DECODED = "the service decompressed the stored gzip"
    ENCODED = "something compressed the stored bytes on the way"


@dataclass(frozen=True, slots=True)
class ObjectHead:
    """The facts about an object that stand in the headers of its media.

    Attributes:
        generation: The generation that is being read, or None when the server does not say.
        metageneration: The version of its metadata.
        size: Bytes that are stored, or None when the server does not say.
        content_type: MIME type.
        content_encoding: Encoding that is stored (`gzip`), or None for none.
        crc32c: crc32c of the stored bytes, base64.
        md5: MD5 of the stored bytes, base64; composite objects have none.
        etag: The entity tag.
        storage_class: `STANDARD`, `NEARLINE`, …
        last_modified: The header's text.
    """

    generation: int | None = None
    metageneration: int | None = None
    size: int | None = None
    content_type: str | None = None
    content_encoding: str | None = None
    crc32c: str | None = None
    md5: str | None = None
    etag: str | None = None
    storage_class: str | None = None
    last_modified: str | None = None

    @classmethod
    def of(cls, head: ReplyHead) -> ObjectHead:
        """Read the headers; what is missing or unreadable is None."""
        headers = head.headers
        hashes = parse_hashes(headers.get_all("x-goog-hash"))
        encoding = headers.get("x-goog-stored-content-encoding")
        if encoding is None:
            encoding = headers.get("content-encoding")
        return cls(
            generation=parse_number(headers.get("x-goog-generation")),
            metageneration=parse_number(headers.get("x-goog-metageneration")),
            size=parse_number(headers.get("x-goog-stored-content-length")),
            content_type=headers.get("content-type"),
            content_encoding=None if _is_identity(encoding) else encoding,
            crc32c=hashes.get("crc32c"),
            md5=hashes.get("md5"),
            etag=headers.get("etag"),
            storage_class=headers.get("x-goog-storage-class"),
            last_modified=headers.get("last-modified"),
        )


def coding_of(head: ReplyHead) -> Coding:
    """How the body that follows was coded on its way."""
    stored = head.headers.get("x-goog-stored-content-encoding")
    sent = head.headers.get("content-encoding")
    if stored is None or (_is_identity(stored) and _is_identity(sent)):
        return Coding.STORED
    if _is_identity(stored):
        return Coding.ENCODED
    return Coding.DECODED if _is_identity(sent) else Coding.STORED


def is_gzip(encoding: str | None) -> bool:
    """Whether a content encoding is exactly one layer of gzip."""
    return encoding is not None and encoding.strip().lower() in {"gzip", "x-gzip"}


def _is_identity(encoding: str | None) -> bool:
    return encoding is None or encoding.strip().lower() in {"", "identity"}
