"""`images_router`: which path is which method. What they do stands in `endpoints`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Response

from storage_stream.images.errors import ValidationError
from storage_stream.images.routes import bodies
from storage_stream.images.routes.endpoints import FileEndpoints, ImageEndpoints
from storage_stream.images.routes.guarding import Authorize, guarded_route
from storage_stream.images.routes.problems import responses_of
from storage_stream.images.routes.uploading import MAX_UPLOAD_BYTES, MAX_UPLOAD_PIXELS

if TYPE_CHECKING:
    from collections.abc import Callable

    from storage_stream.images.service import ImageService

__all__ = ["images_router"]

MAX_BODY_BYTES = 1 << 20


def images_router(
    service: ImageService,
    *,
    prefix: str = "/images",
    authorize: Authorize | None = None,
    max_upload_bytes: int = MAX_UPLOAD_BYTES,
    max_upload_pixels: int = MAX_UPLOAD_PIXELS,
    max_body_bytes: int = MAX_BODY_BYTES,
) -> APIRouter:
    """Routes for images, their files, galleries and converters.

        app.include_router(images_router(images))

    Errors are `application/problem+json` (RFC 9457) with a `code`, whatever handlers the app has;
    each route's are in its OpenAPI. A file is uploaded as the body of a `POST …/files?name=…`,
    goes straight into the bucket, and has to be a picture. Its bytes are answered with ranges and
    entity tags, and never run in a browser.

    Args:
        service: What they call; it stays the caller's to open and close. Its permissions hold for
            its methods, and under `files.upload`, `files.get`, `files.delete` and `files.read`
            for the routes of files. Who may `get` an image may read its bytes.
        prefix: With which all paths begin.
        authorize: Asked before anything else of a request is looked at, with the request and the
            name of the route; see `Authorize`. None permits everything.
        max_upload_bytes: Of one upload.
        max_upload_pixels: Of one upload, by its header.
        max_body_bytes: Of a request with JSON.

    Raises:
        ValidationError: A limit is less than 1.
    """
    limits = {"max_upload_bytes": max_upload_bytes, "max_upload_pixels": max_upload_pixels}
    for name, limit in {**limits, "max_body_bytes": max_body_bytes}.items():
        if limit < 1:
            raise ValidationError(f"1 or more is needed, not {limit}", field=name)
    route_class = guarded_route(authorize, max_body_bytes)
    router = APIRouter(prefix=prefix, tags=[service.service_name], route_class=route_class)
    files = FileEndpoints(service, max_upload_bytes, max_upload_pixels)
    # Before the images, whose ids would take these words for theirs.
    _add_files(router, files)
    _add_galleries(router, ImageEndpoints(service))
    _add_images(router, ImageEndpoints(service), files)
    return router


def _add_files(router: APIRouter, files: FileEndpoints) -> None:
    _add(
        *(router, "POST", "/files", files.upload, "files.upload"),
        statuses=(413, 415, 409),
        status_code=201,
        response_model=bodies.StoredFile,
        openapi_extra=_PICTURE_BODY,
    )
    path = "/files/{file_id}"
    _add(
        *(router, "GET", path, files.get, "files.get"),
        statuses=(404,),
        response_model=bodies.StoredFile,
    )
    _add(
        *(router, "DELETE", path, files.delete, "files.delete"),
        statuses=(404, 409),
        status_code=204,
    )
    _add_content(router, f"{path}/content", files.read, "files.read")


def _add_galleries(router: APIRouter, images: ImageEndpoints) -> None:
    _add(
        *(router, "GET", "/galleries", images.galleries, "galleries"),
        response_model=list[bodies.Gallery],
    )
    _add(
        *(router, "GET", "/galleries/{gallery_id}", images.gallery, "gallery"),
        statuses=(404,),
        response_model=bodies.Gallery,
    )
    _add(
        *(router, "GET", "/converters", images.list_converters, "converters.list"),
        response_model=bodies.ConverterPage,
    )


def _add_images(router: APIRouter, images: ImageEndpoints, files: FileEndpoints) -> None:
    image: dict[str, Any] = {"response_model": bodies.Image}
    rows: dict[str, Any] = {"response_model": list[bodies.Image]}
    written = (404, 409, 413)
    converted = (*written, 500, 504)
    _add(router, "GET", "", images.list_images, "list", response_model=bodies.ImagePage)
    _add(router, "POST", "", images.create, "create", statuses=written, status_code=201, **image)
    _add(
        *(router, "POST", "/convert_from_file", images.convert_from_file, "convert_from_file"),
        statuses=converted,
        status_code=201,
        **rows,
    )
    path = "/{image_id}"
    _add(router, "GET", path, images.get, "get", statuses=(404,), **image)
    _add(router, "PATCH", path, images.update, "update", statuses=written, **image)
    _add(router, "DELETE", path, images.delete, "delete", statuses=(404,), **image)
    _add(
        *(router, "GET", f"{path}/exists", images.exists, "exists"),
        response_model=bodies.Exists,
    )
    _add(
        *(router, "POST", f"{path}/convert", images.convert, "convert"),
        statuses=converted,
        status_code=201,
        **rows,
    )
    _add(router, "DELETE", f"{path}/versions", images.delete_versions, "versions.delete", **rows)
    _add_content(router, f"{path}/content", files.read_image, "read")


def _add_content(router: APIRouter, path: str, read: Callable[..., Any], name: str) -> None:
    responses = {
        **responses_of(404, 409),
        200: {"description": "The bytes.", **_BYTES},
        206: {"description": "The ranges that were asked for.", **_BYTES},
        304: {"description": "The client has it already."},
        410: {"description": "The bytes are gone from the bucket.", **_TEXT},
        412: {"description": "It is not what the request's conditions name.", **_TEXT},
        416: {"description": "It has no such range.", **_TEXT},
        502: {"description": "The bucket did not answer.", **_TEXT},
    }
    options: dict[str, Any] = {"name": name, "summary": name, "response_class": Response}
    router.add_api_route(
        path, read, methods=["GET"], operation_id=name, responses=responses, **options
    )
    router.add_api_route(path, read, methods=["HEAD"], include_in_schema=False, **options)


def _add(
    router: APIRouter,
    method: str,
    path: str,
    endpoint: Callable[..., Any],
    name: str,
    *,
    statuses: tuple[int, ...] = (),
    **options: Any,
) -> None:
    router.add_api_route(
        path,
        endpoint,
        methods=[method],
        name=name,
        summary=name,
        operation_id=name,
        responses=responses_of(*statuses),
        **options,
    )


_BINARY = {"schema": {"type": "string", "format": "binary"}}
_BYTES: dict[str, Any] = {"content": {"image/*": _BINARY, "application/octet-stream": _BINARY}}
_TEXT: dict[str, Any] = {"content": {"text/plain": {"schema": {"type": "string"}}}}
_PICTURE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The picture's bytes, as they are.",
        "content": {"application/octet-stream": _BINARY, "image/*": _BINARY},
    }
}
