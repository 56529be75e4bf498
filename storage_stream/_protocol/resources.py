"""The service's resources as they travel: JSON objects, numbers of 64 bits as text.

Only what the service documents; every key but the name may be missing. https://cloud.google.com/storage/docs/json_api/v1/objects
and https://cloud.google.com/storage/docs/json_api/v1/buckets.
"""

from __future__ import annotations

from typing import Any, TypedDict

__all__ = ["BucketResource", "ListObjectsResponse", "ObjectResource"]


class _Named(TypedDict):
    """What every resource has."""

    name: str


class ObjectResource(_Named, total=False):
    """One object. Sizes and generations are decimal text; times are RFC 3339 text."""

    kind: str
    id: str
    selfLink: str
    mediaLink: str
    bucket: str
    generation: str
    metageneration: str
    contentType: str
    contentEncoding: str
    contentDisposition: str
    contentLanguage: str
    cacheControl: str
    storageClass: str
    size: str
    md5Hash: str
    crc32c: str
    etag: str
    componentCount: int
    timeCreated: str
    updated: str
    timeDeleted: str
    timeStorageClassUpdated: str
    customTime: str
    temporaryHold: bool
    eventBasedHold: bool
    retentionExpirationTime: str
    softDeleteTime: str
    hardDeleteTime: str
    kmsKeyName: str
    customerEncryption: dict[str, str]
    metadata: dict[str, str]
    owner: dict[str, str]
    acl: list[dict[str, Any]]
    retention: dict[str, Any]
    contexts: dict[str, Any]


class BucketResource(_Named, total=False):
    """One bucket."""

    kind: str
    id: str
    selfLink: str
    projectNumber: str
    metageneration: str
    location: str
    locationType: str
    storageClass: str
    etag: str
    timeCreated: str
    updated: str
    labels: dict[str, str]
    versioning: dict[str, bool]
    lifecycle: dict[str, Any]
    billing: dict[str, bool]
    softDeletePolicy: dict[str, Any]
    iamConfiguration: dict[str, Any]
    encryption: dict[str, str]
    retentionPolicy: dict[str, Any]
    website: dict[str, str]
    cors: list[dict[str, Any]]
    rpo: str


class ListObjectsResponse(TypedDict, total=False):
    """One page of objects, as the service sends it."""

    kind: str
    items: list[ObjectResource]
    prefixes: list[str]
    nextPageToken: str
