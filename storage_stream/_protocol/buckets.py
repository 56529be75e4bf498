"""Operations on buckets, as values. https://cloud.google.com/storage/docs/json_api/v1/buckets."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from storage_stream._protocol.arguments import check_mapping, page_size_text
from storage_stream._protocol.generations import named_generation
from storage_stream._protocol.http import Headers
from storage_stream._protocol.names import check_bucket, gs_name, quote_name
from storage_stream._protocol.operation import Idempotence, Operation
from storage_stream._protocol.pages import Page, page_query, parse_page
from storage_stream._protocol.replies import parse_empty, parse_json
from storage_stream.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Mapping

    from storage_stream._protocol.resources import BucketResource

__all__ = [
    "JSON_HEADERS",
    "bucket_path",
    "delete_bucket",
    "get_bucket",
    "insert_bucket",
    "list_buckets",
    "lock_retention_policy",
    "patch_bucket",
    "update_bucket",
]

_ROOT = "/storage/v1/b"
JSON_HEADERS = Headers((("content-type", "application/json; charset=UTF-8"),))


def bucket_path(bucket: str) -> str:
    """The path of a bucket, its name checked.

    Raises:
        InvalidName: It is no bucket's name.
    """
    if type(bucket) is not str:  # what has a hash of its own is not looked up by it
        check_bucket(bucket)
    return _bucket_path(bucket)


@lru_cache(maxsize=256)
def _bucket_path(bucket: str) -> str:
    """Kept, because every request of an object's begins with it."""
    return f"{_ROOT}/{quote_name(check_bucket(bucket))}"


def get_bucket(bucket: str) -> Operation[BucketResource]:
    """`storage.buckets.get`."""
    return Operation("storage.buckets.get", "GET", bucket_path(bucket), parse_json, gs_name(bucket))


def list_buckets(
    project: str,
    page_token: str | None = None,
    *,
    prefix: str = "",
    soft_deleted: bool = False,
    page_size: int | None = None,
) -> Operation[Page[BucketResource]]:
    """`storage.buckets.list`: one page.

    Args:
        project: Whose buckets.
        page_token: Of the page; None for the first.
        prefix: Only names that begin so.
        soft_deleted: The soft-deleted buckets, and nothing else.
        page_size: Buckets a page; None for the service's choice.

    Raises:
        InvalidArgument: No project, or a page without room.
    """
    if not project:
        raise InvalidArgument("buckets are listed by project, and the project is empty")
    chosen: dict[str, str | bool] = {
        "project": project,
        "prefix": prefix,
        "softDeleted": soft_deleted,
        "maxResults": page_size_text(page_size),
    }
    query = page_query(chosen, page_token)
    return Operation("storage.buckets.list", "GET", _ROOT, parse_page, project, query)


def insert_bucket(
    bucket: str, project: str, resource: Mapping[str, Any]
) -> Operation[BucketResource]:
    """`storage.buckets.insert`. The service takes a repeat for a conflict: always safe.

    Raises:
        InvalidName: It is no bucket's name.
        InvalidArgument: No project.
    """
    check_bucket(bucket)
    if not project:
        raise InvalidArgument("a bucket is made in a project, and the project is empty")
    body = json.dumps({**check_mapping("resource", resource), "name": bucket}).encode()
    return Operation(
        "storage.buckets.insert",
        "POST",
        _ROOT,
        parse_json,
        gs_name(bucket),
        (("project", project),),
        JSON_HEADERS,
        body,
    )


def delete_bucket(bucket: str) -> Operation[None]:
    """`storage.buckets.delete`. A repeat finds nothing: always safe."""
    return Operation(
        "storage.buckets.delete",
        "DELETE",
        bucket_path(bucket),
        parse_empty,
        gs_name(bucket),
        idempotence=Idempotence.ALWAYS,
    )


def patch_bucket(bucket: str, changes: Mapping[str, Any]) -> Operation[BucketResource]:
    """`storage.buckets.patch`: merge the changes into the resource; None deletes a key."""
    return _change("storage.buckets.patch", "PATCH", bucket, changes)


def update_bucket(bucket: str, resource: Mapping[str, Any]) -> Operation[BucketResource]:
    """`storage.buckets.update`: the resource becomes this; what is not said is reset."""
    return _change("storage.buckets.update", "PUT", bucket, resource)


def _change(
    name: str, method: str, bucket: str, content: Mapping[str, Any]
) -> Operation[BucketResource]:
    return Operation(
        name,
        method,
        bucket_path(bucket),
        parse_json,
        gs_name(bucket),
        headers=JSON_HEADERS,
        body=json.dumps(dict(check_mapping("a bucket's resource", content))).encode(),
        idempotence=Idempotence.IF_METAGENERATION,
    )


def lock_retention_policy(bucket: str, metageneration: int) -> Operation[BucketResource]:
    """`storage.buckets.lockRetentionPolicy`: for ever. A repeat changes nothing: always safe."""
    return Operation(
        "storage.buckets.lockRetentionPolicy",
        "POST",
        f"{bucket_path(bucket)}/lockRetentionPolicy",
        parse_json,
        gs_name(bucket),
        (("ifMetagenerationMatch", str(named_generation(metageneration, "metageneration"))),),
    )
