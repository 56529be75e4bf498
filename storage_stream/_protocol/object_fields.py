# ruff: noqa: N815 - the service's names
"""The fields of an object's resource as attributes, for type checkers.

Nothing is set here: a field that the service did not send is no attribute.
https://cloud.google.com/storage/docs/json_api/v1/objects
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

__all__ = ["ObjectFields"]


class ObjectFields:
    """`ObjectResource` but for its `name`, `bucket` and `size`, which handles have as their own."""

    kind: str
    id: str
    selfLink: str
    mediaLink: str
    generation: str
    metageneration: str
    contentType: str
    contentEncoding: str
    contentDisposition: str
    contentLanguage: str
    cacheControl: str
    storageClass: str
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
