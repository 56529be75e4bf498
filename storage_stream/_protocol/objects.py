"""Operations on objects, as values. https://cloud.google.com/storage/docs/json_api/v1/objects."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from storage_stream._protocol.arguments import check_mapping, fields_of
from storage_stream._protocol.buckets import JSON_HEADERS, bucket_path
from storage_stream._protocol.generations import generation_number
from storage_stream._protocol.http import Content, Headers, Reply, check_header_text
from storage_stream._protocol.names import (
    check_bucket,
    check_object,
    gs_name,
    quote_name,
    quote_object,
)
from storage_stream._protocol.operation import Idempotence, Operation
from storage_stream._protocol.pages import Page, parse_page
from storage_stream._protocol.replies import parse_empty, parse_json, parse_nothing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from storage_stream._protocol.resources import ListObjectsResponse, ObjectResource

__all__ = [
    "api_resource",
    "delete_object",
    "get_media",
    "get_object",
    "insert_media",
    "insert_multipart",
    "list_page",
    "list_raw",
    "object_path",
    "patch_object",
    "start_resumable",
]


def object_path(bucket: str, name: str) -> str:
    """The path of an object, both names checked.

    Raises:
        InvalidName: One of them cannot be.
    """
    return f"{bucket_path(bucket)}/o/{quote_object(name)}"


def get_media(bucket: str, name: str) -> Operation[None]:
    """`storage.objects.get` with `alt=media`: the bytes, which no parser waits for."""
    return Operation(
        "storage.objects.get",
        "GET",
        object_path(bucket, name),
        parse_nothing,
        gs_name(bucket, name),
        (("alt", "media"),),
    )


def _generation(generation: int | None) -> tuple[tuple[str, str], ...]:
    number = generation_number(generation)
    return () if number is None else (("generation", str(number)),)


def get_object(bucket: str, name: str, generation: int | None = None) -> Operation[ObjectResource]:
    """`storage.objects.get`: the resource, not the bytes."""
    return Operation(
        "storage.objects.get",
        "GET",
        object_path(bucket, name),
        parse_json,
        gs_name(bucket, name),
        _generation(generation),
    )


def list_raw(bucket: str) -> Operation[ListObjectsResponse]:
    """`storage.objects.list`: one page, as the service sends it."""
    return Operation(
        "storage.objects.list", "GET", f"{bucket_path(bucket)}/o", parse_json, gs_name(bucket)
    )


def list_page(
    bucket: str, query: tuple[tuple[str, str], ...], page_token: str | None = None
) -> Operation[Page[ObjectResource]]:
    """`storage.objects.list`: one page, read."""
    if page_token:
        query += (("pageToken", page_token),)
    return Operation(
        "storage.objects.list",
        "GET",
        f"{bucket_path(bucket)}/o",
        parse_page,
        gs_name(bucket),
        query,
    )


def delete_object(bucket: str, name: str, generation: int | None = None) -> Operation[str]:
    """`storage.objects.delete`; gives the answer's text, which is empty.

    A repeat is safe only when the generation is named: it might delete a newer object.
    """
    return Operation(
        "storage.objects.delete",
        "DELETE",
        object_path(bucket, name),
        _empty_text,
        gs_name(bucket, name),
        _generation(generation),
        idempotence=Idempotence.IF_GENERATION,
    )


def patch_object(
    bucket: str, name: str, changes: Mapping[str, Any], generation: int | None = None
) -> Operation[ObjectResource]:
    """`storage.objects.patch`: merge the changes into the metadata; None deletes a key."""
    return Operation(
        "storage.objects.patch",
        "PATCH",
        object_path(bucket, name),
        parse_json,
        gs_name(bucket, name),
        _generation(generation),
        JSON_HEADERS,
        json.dumps(check_mapping("metadata", changes)).encode(),
        Idempotence.IF_METAGENERATION,
    )


def insert_media(
    bucket: str, name: str, content: bytes | Content, content_type: str
) -> Operation[ObjectResource]:
    """`storage.objects.insert`, `uploadType=media`: the bytes and nothing else."""
    return _insert(bucket, name, "media", content, content_type, (("name", check_object(name)),))


def insert_multipart(
    bucket: str, name: str, content: bytes | Content, content_type: str
) -> Operation[ObjectResource]:
    """`storage.objects.insert`, `uploadType=multipart`.

    Args:
        bucket: The bucket.
        name: The object's name; the frame's metadata holds it for the service.
        content: The framed content (see `MultipartFrame`).
        content_type: The frame's content type.
    """
    check_object(name)
    return _insert(bucket, name, "multipart", content, content_type, ())


def start_resumable(
    bucket: str, name: str, resource: Mapping[str, Any], content_type: str, total: int | None
) -> Operation[None]:
    """`storage.objects.insert`, `uploadType=resumable`: begin a session.

    The session's URI stands in the answer's `Location`. Beginning one changes nothing that anybody
    sees, so a repeat is always safe.
    """
    lines = [("x-upload-content-type", check_header_text(content_type))]
    if total is not None:
        lines.append(("x-upload-content-length", str(total)))
    return Operation(
        "storage.objects.insert",
        "POST",
        f"/upload/storage/v1/b/{quote_name(check_bucket(bucket))}/o",
        parse_nothing,
        gs_name(bucket, name),
        (("uploadType", "resumable"), ("name", check_object(name))),
        JSON_HEADERS.replaced(lines),
        json.dumps({**resource, "name": name}).encode(),
    )


def _insert(
    bucket: str,
    name: str,
    upload_type: str,
    content: bytes | Content,
    content_type: str,
    query: tuple[tuple[str, str], ...],
) -> Operation[ObjectResource]:
    return Operation(
        "storage.objects.insert",
        "POST",
        f"/upload/storage/v1/b/{quote_name(check_bucket(bucket))}/o",
        parse_json,
        gs_name(bucket, name),
        (("uploadType", upload_type), *query),
        Headers((("content-type", check_header_text(content_type)),)),
        content,
        Idempotence.IF_GENERATION,
    )


def api_resource(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata in the resource's spelling.

    gcloud-aio-storage lets its callers write header names (`Content-Disposition`); those become
    the resource's keys (`contentDisposition`). Custom metadata values become text, as the
    service asks for; None stays, it deletes.

    Raises:
        TypeError: It is no mapping, or the custom metadata in it is none.
    """
    resource = {_camel(key): value for key, value in fields_of(metadata).items()}
    custom = resource.get("metadata")
    if custom is not None:
        resource["metadata"] = {
            str(key): None if value is None else str(value)
            for key, value in cast("dict[str, Any]", custom).items()
        }
    return resource


def _camel(key: str) -> str:
    if "-" not in key:
        return key[:1].lower() + key[1:]
    first, *rest = key.split("-")
    return first.lower() + "".join(part.capitalize() for part in rest)


def _empty_text(reply: Reply) -> str:
    parse_empty(reply)
    return ""
