"""Records as the resources of the JSON API.

https://cloud.google.com/storage/docs/json_api/v1/objects#resource
https://cloud.google.com/storage/docs/json_api/v1/buckets#resource
"""

import base64
from urllib.parse import quote

from storage_stream.emulator.store.checksums import encode, encode_crc32c
from storage_stream.emulator.store.encryption import customer_encryption
from storage_stream.emulator.store.records import (
    BucketRecord,
    Json,
    ObjectRecord,
    ObjectState,
    rfc3339,
)

OBJECT_SETTABLE = frozenset(
    {
        "acl",
        "cacheControl",
        "contentDisposition",
        "contentEncoding",
        "contentLanguage",
        "contentType",
        "contexts",
        "customTime",
        "eventBasedHold",
        "kmsKeyName",
        "metadata",
        "retention",
        "storageClass",
        "temporaryHold",
    }
)
"""What a caller may say about an object; the service ignores the rest of a resource."""

BUCKET_SETTABLE = frozenset(
    {
        "acl",
        "autoclass",
        "billing",
        "cors",
        "customPlacementConfig",
        "defaultEventBasedHold",
        "defaultObjectAcl",
        "encryption",
        "hierarchicalNamespace",
        "iamConfiguration",
        "ipFilter",
        "labels",
        "lifecycle",
        "location",
        "logging",
        "objectRetention",
        "retentionPolicy",
        "rpo",
        "softDeletePolicy",
        "storageClass",
        "versioning",
        "website",
    }
)

_ACCESS_LISTS = ("acl", "defaultObjectAcl", "owner")


class Resources:
    """Makes resources whose links lead back to this server.

    Args:
        base_url: scheme and authority, without a slash at the end.
        project_number: the owner of everything.
        full: whether access lists are shown (`projection=full`).
    """

    def __init__(self, base_url: str, project_number: str, *, full: bool) -> None:
        self._base_url = base_url
        self._project_number = project_number
        self._full = full

    def object(self, item: ObjectRecord, *, hashes: bool = True) -> Json:
        """Return the resource of one generation.

        Args:
            item: whose.
            hashes: whether the checksums are told, which a missing encryption key forbids.
        """
        path = f"b/{quote(item.bucket, safe='')}/o/{quote(item.name, safe='')}"
        created = rfc3339(item.created_us)
        resource: Json = {
            "kind": "storage#object",
            "id": f"{item.bucket}/{item.name}/{item.generation}",
            "selfLink": f"{self._base_url}/storage/v1/{path}",
            "mediaLink": (
                f"{self._base_url}/download/storage/v1/{path}"
                f"?generation={item.generation}&alt=media"
            ),
            "name": item.name,
            "bucket": item.bucket,
            "generation": str(item.generation),
            "metageneration": str(item.metageneration),
            "size": str(item.size),
            "etag": etag(item.generation, item.metageneration),
            "timeCreated": created,
            "updated": rfc3339(item.updated_us),
            "timeStorageClassUpdated": created,
            "timeFinalized": created,
        }
        resource |= _object_extras(item)
        if hashes:
            resource |= _hashes(item)
        resource |= item.metadata
        self._show_access(resource)
        return resource

    def bucket(self, bucket: BucketRecord) -> Json:
        """Return the resource of a bucket."""
        resource: Json = {
            "kind": "storage#bucket",
            "id": bucket.name,
            "selfLink": f"{self._base_url}/storage/v1/b/{quote(bucket.name, safe='')}",
            "name": bucket.name,
            "projectNumber": self._project_number,
            "generation": str(bucket.generation),
            "metageneration": str(bucket.metageneration),
            "etag": etag(bucket.generation, bucket.metageneration),
            "timeCreated": rfc3339(bucket.created_us),
            "updated": rfc3339(bucket.updated_us),
            "locationType": "multi-region",
        }
        resource |= bucket.metadata
        self._show_access(resource)
        return resource

    def _show_access(self, resource: Json) -> None:
        if not self._full:
            for name in _ACCESS_LISTS:
                resource.pop(name, None)
            return
        owner = f"project-owners-{self._project_number}"
        resource["owner"] = {"entity": owner}
        resource.setdefault("acl", [{"entity": owner, "role": "OWNER"}])


def etag(generation: int, metageneration: int) -> str:
    """Return the JSON API's entity tag: a protocol buffer of both numbers, in base64."""
    message = b"\x08" + _varint(generation) + b"\x10" + _varint(metageneration)
    return base64.b64encode(message).decode("ascii")


def _object_extras(item: ObjectRecord) -> Json:
    extras: Json = {}
    if item.key_sha256 is not None:
        extras["customerEncryption"] = customer_encryption(item.key_sha256)
    if item.component_count is not None:
        extras["componentCount"] = item.component_count
    if item.state is ObjectState.NONCURRENT and item.deleted_us is not None:
        extras["timeDeleted"] = rfc3339(item.deleted_us)
    if item.state is ObjectState.SOFT_DELETED and item.deleted_us and item.hard_delete_us:
        extras["softDeleteTime"] = rfc3339(item.deleted_us)
        extras["hardDeleteTime"] = rfc3339(item.hard_delete_us)
    return extras


def _hashes(item: ObjectRecord) -> Json:
    hashes: Json = {"crc32c": encode_crc32c(item.crc32c)}
    if item.md5 is not None:
        hashes["md5Hash"] = encode(item.md5)
    return hashes


def _varint(value: int) -> bytes:
    digits = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - seven bits a byte
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    digits.append(value)
    return bytes(digits)
