"""Which upload a journal is of: what must be the same for one process to go on with another's.

Whatever would make another object counts. It is kept as a checksum: a journal holds no key, and
no metadata of the caller.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage_stream._protocol.options import RequestOptions
    from storage_stream._transfer.new_object import NewObject

__all__ = ["UploadIdentity"]

# Who asks, who pays, how it is traced, and what the answer looks like: none of it is the object's.
_OTHER_HEADERS = frozenset(
    {
        *("authorization", "user-agent", "x-goog-user-project", "x-goog-api-client"),
        *("x-goog-request-reason", "x-goog-gcs-idempotency-token", "x-cloud-trace-context"),
        *("traceparent", "tracestate", "baggage"),
    }
)
_OTHER_PARAMETERS = frozenset({"userProject", "quotaUser", "fields", "prettyPrint", "projection"})
_KEY = "x-goog-encryption-key"  # its checksum stands for it, whether or not the caller sends that
_KEY_CHECKSUM = "x-goog-encryption-key-sha256"


@dataclass(frozen=True, slots=True)
class UploadIdentity:
    """What must be the same for one process to go on with another's upload.

    Attributes:
        method: `multipart` or `composite`.
        bucket: The bucket.
        name: The object.
        size: Bytes of the source.
        part_bytes: As the caller gave them.
        metadata: A checksum of the object's metadata and of what else the caller asked for.
    """

    method: str
    bucket: str
    name: str
    size: int
    part_bytes: int
    metadata: str

    @classmethod
    def of(
        cls, method: str, target: NewObject, options: RequestOptions, size: int, part_bytes: int
    ) -> UploadIdentity:
        """Of an upload that is to be made."""
        metadata = _fingerprint(target, options)
        return cls(method, target.bucket, target.name, size, part_bytes, metadata)


def _fingerprint(target: NewObject, options: RequestOptions) -> str:
    """A checksum of all that makes two calls mean another object."""
    headers = {name.lower(): value for name, value in options.headers}
    key = headers.pop(_KEY, None)
    if key is not None:
        headers[_KEY_CHECKSUM] = hashlib.sha256(key.encode()).hexdigest()
    said = [
        target.resolved_type(),
        target.resource(),
        {name: value for name, value in options.params if name not in _OTHER_PARAMETERS},
        {name: value for name, value in headers.items() if name not in _OTHER_HEADERS},
    ]
    text = json.dumps(said, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
