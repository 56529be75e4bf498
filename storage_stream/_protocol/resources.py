"""The service's resources as they travel: JSON objects, numbers of 64 bits as text.

Only what the service documents; every key but the name may be missing. https://cloud.google.com/storage/docs/json_api/v1/objects
and https://cloud.google.com/storage/docs/json_api/v1/buckets.
"""

from __future__ import annotations

from typing import Any, TypedDict

__all__ = [
    "BucketResource",
    "HmacKeyCreated",
    "HmacKeyResource",
    "IamPolicy",
    "ListObjectsResponse",
    "NotificationResource",
    "ObjectResource",
    "RewriteResponse",
]


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


class RewriteResponse(TypedDict, total=False):
    """One answer to a rewrite; the last has the copy as its `resource`."""

    kind: str
    totalBytesRewritten: str
    objectSize: str
    done: bool
    rewriteToken: str
    resource: ObjectResource


class IamPolicy(TypedDict, total=False):
    """Who may do what with a bucket. https://cloud.google.com/storage/docs/json_api/v1/buckets/getIamPolicy."""

    kind: str
    resourceId: str
    version: int
    etag: str
    bindings: list[dict[str, Any]]


class NotificationResource(TypedDict, total=False):
    """A topic that is told of changes. https://cloud.google.com/storage/docs/json_api/v1/notifications."""

    kind: str
    id: str
    selfLink: str
    etag: str
    topic: str
    payload_format: str
    event_types: list[str]
    object_name_prefix: str
    custom_attributes: dict[str, str]


class HmacKeyResource(TypedDict, total=False):
    """A key for the XML API, without its secret. https://cloud.google.com/storage/docs/json_api/v1/projects/hmacKeys."""

    kind: str
    id: str
    selfLink: str
    accessId: str
    projectId: str
    serviceAccountEmail: str
    state: str
    timeCreated: str
    updated: str
    etag: str


class HmacKeyCreated(TypedDict):
    """A new key with its secret, which the service shows this once."""

    kind: str
    metadata: HmacKeyResource
    secret: str
