"""What the store keeps, as values: buckets, object generations, resumable sessions.

It refuses to know SQL and the wire's spelling.
"""

import enum
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]


class ObjectState(enum.IntEnum):
    """Where a generation stands; the numbers are stored."""

    LIVE = 0
    NONCURRENT = 1
    SOFT_DELETED = 2


class SessionState(enum.IntEnum):
    """Where a resumable session stands; the numbers are stored."""

    OPEN = 0
    FINISHED = 1
    CANCELLED = 2
    REFUSED = 3


@dataclass(frozen=True, slots=True)
class BucketRecord:
    """One bucket. `metadata` holds what callers may set, in the service's spelling."""

    name: str
    generation: int
    metageneration: int
    created_us: int
    updated_us: int
    metadata: Json
    policy: Json
    policy_version: int

    @property
    def versioning(self) -> bool:
        """Whether an overwritten generation is kept as noncurrent."""
        return bool(part(self.metadata, "versioning").get("enabled"))

    @property
    def requester_pays(self) -> bool:
        """Whether requests must name a `userProject`."""
        return bool(part(self.metadata, "billing").get("requesterPays"))

    @property
    def soft_delete_seconds(self) -> int:
        """How long a deleted generation can be restored; 0 when it cannot."""
        return int(part(self.metadata, "softDeletePolicy").get("retentionDurationSeconds") or 0)

    @property
    def retention_seconds(self) -> int:
        """How long after its creation an object cannot be deleted or replaced."""
        return int(part(self.metadata, "retentionPolicy").get("retentionPeriod") or 0)


@dataclass(frozen=True, slots=True)
class Body:
    """A finished body: where its bytes are, and what they hash to.

    Attributes:
        content: the bytes themselves when they are few; `None` when they are a file.
        md5: `None` for a composite, as the service does not compute one.
    """

    id: int
    size: int
    crc32c: int
    md5: bytes | None
    content: bytes | None


@dataclass(frozen=True, slots=True)
class ObjectRecord:
    """One generation of one object.

    Attributes:
        metadata: what callers may set.
        key_sha256: of the caller's own encryption key, in base64; `None` when there is none.
    """

    bucket: str
    name: str
    generation: int
    state: ObjectState
    metageneration: int
    body_id: int
    size: int
    crc32c: int
    md5: bytes | None
    component_count: int | None
    created_us: int
    updated_us: int
    deleted_us: int | None
    hard_delete_us: int | None
    metadata: Json
    key_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """One resumable upload session.

    Attributes:
        request: what the initiating request said and the last one is judged by.
        generation: that of the finished object.
    """

    upload_id: str
    bucket: str
    name: str
    state: SessionState
    body_id: int
    received_bytes: int
    total_bytes: int | None
    started_us: int
    request: Json
    generation: int | None


@dataclass(frozen=True, slots=True)
class MultipartUpload:
    """One multipart upload of the XML API that is under way."""

    upload_id: str
    bucket: str
    name: str
    started_us: int
    metadata: Json
    key_sha256: str | None


@dataclass(frozen=True, slots=True)
class MultipartPart:
    """One part of a multipart upload."""

    number: int
    body_id: int
    size: int
    crc32c: int
    md5: bytes
    stored_us: int


def part(resource: Json, name: str) -> Json:
    """Return the map `name` in `resource`, an empty one when it is absent."""
    found: Json = resource.get(name) or {}
    return found


def rfc3339(time_us: int) -> str:
    """Return `time_us` as the JSON API prints it: UTC with milliseconds."""
    moment = datetime.fromtimestamp(time_us / 1_000_000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
