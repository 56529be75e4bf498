"""What uploads take by keyword: one list, of which each way to upload has what it can do.

It knows the names and types alone; what they mean to a request stands where it is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from storage_stream._protocol.options import RequestKeywords

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["NewObjectKeywords", "SourceKeywords", "UploadKeywords"]


class NewObjectKeywords(TypedDict, total=False):
    """What every way to make an object takes, besides its content type."""

    metadata: Mapping[str, Any] | None
    chunk_bytes: int
    kms_key_name: str | None


class SourceKeywords(NewObjectKeywords, total=False):
    """What is to be said, besides, where all that is to be sent is given at once."""

    parameters: Mapping[str, Any] | None
    force_resumable_upload: bool | None
    zipped: bool


class UploadKeywords(RequestKeywords, SourceKeywords, total=False):
    """Keywords of `Storage.upload`, besides those of every request.

    content_type: MIME type; None guesses it from the name.
    metadata: Other fields of the object resource; custom ones in its `metadata`.
    parameters: Query parameters, as `params` elsewhere (gcloud-aio-storage's name).
    force_resumable_upload: True for a session always, False for one request where the length is
        known; None (the default) decides by the length.
    zipped: Compress with gzip on the way; the object says so in its content encoding.
    chunk_bytes: Up to as many bytes go out in one request; also the most that is held in memory
        of a source that cannot be read again. A multiple of 256 KiB.
    kms_key_name: The Cloud KMS key (CMEK) the object is encrypted with; None for the bucket's.
    """

    content_type: str | None
