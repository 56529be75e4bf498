"""`images_router`: which path is which method. What they do stands in `endpoints`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Response

from storage_stream.images.errors import ValidationError
from storage_stream.images.routes import bodies
from storage_stream.images.routes.converter_endpoints import ConverterEndpoints
from storage_stream.images.routes.endpoints import ImageEndpoints
from storage_stream.images.routes.file_endpoints import FileEndpoints
from storage_stream.images.routes.gallery_endpoints import GalleryEndpoints
from storage_stream.images.routes.guarding import Authorize, guarded_route
from storage_stream.images.routes.problems import responses_of
from storage_stream.images.routes.receiving import STALL_SECONDS
from storage_stream.images.routes.upload_limits import UploadLimits
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
    stall_seconds: float = STALL_SECONDS,
) -> APIRouter:
    """Routes for images, their files, galleries and converters.

        app.include_router(images_router(images))

    Errors are `application/problem+json` (RFC 9457) with a `code`, whatever handlers the app has;
    each route's are in its OpenAPI. A file is uploaded as the body of a `POST …/files?name=…`,
    goes straight into the bucket, and has to be a picture. Its bytes are answered with ranges and
    entity tags, and never run in a browser.

    Args:
        service: What they call; it stays the caller's to open and close. Its permissions hold for
            its methods, under `files.upload`, `files.get`, `files.delete` and `files.read` for
            the routes of files, and under `converters.create`, `converters.get`,
            `converters.update` and `converters.delete` for those of converters. Who may `get` an
            image may read its bytes.
        prefix: With which all paths begin.
        authorize: Asked before anything else of a request is looked at, with the request and the
            name of the route; see `Authorize`. None permits everything.
        max_upload_bytes: Of one upload.
        max_upload_pixels: Of one upload, by its header.
        max_body_bytes: Of a request with JSON.
        stall_seconds: After which an upload of which no byte comes is given up.

    Raises:
        ValidationError: A limit is less than 1.
    """
    limits = UploadLimits(max_upload_bytes, max_upload_pixels, stall_seconds)
    if max_body_bytes < 1:
        raise ValidationError(f"1 or more is needed, not {max_body_bytes}", field="max_body_bytes")
    route_class = guarded_route(authorize, max_body_bytes)
    router = APIRouter(prefix=prefix, tags=[service.service_name], route_class=route_class)
    files = FileEndpoints(service, limits)
    # Before the images, whose ids would take these words for theirs.
    _add_files(router, files)
    _add_galleries(router, GalleryEndpoints(service))
    _add_converters(router, ConverterEndpoints(service))
    _add_images(router, ImageEndpoints(service), files)
    return router


def _add_files(router: APIRouter, files: FileEndpoints) -> None:
    refused = (408, 409, 413, 415)
    _add(
        *(router, "POST", "/files", files.upload, "files.upload"),
        statuses=refused,
        status_code=201,
        response_model=bodies.StoredFile,
        openapi_extra=_PICTURE_BODY,
    )
    _add(
        *(router, "POST", "/upload", files.upload_image, "upload"),
        statuses=(*refused, 404, 500, 504),
        status_code=201,
        response_model=bodies.GalleryImage,
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


def _add_galleries(router: APIRouter, galleries: GalleryEndpoints) -> None:
    base = "/galleries"
    summary: dict[str, Any] = {"response_model": bodies.GallerySummary}
    several: dict[str, Any] = {"response_model": list[bodies.Gallery]}
    _add(router, "GET", base, galleries.galleries, "galleries", **several)
    _add(
        *(router, "GET", f"{base}/list", galleries.list_galleries, "galleries.list"),
        response_model=bodies.GalleryPage,
    )
    _add(
        *(router, "POST", base, galleries.create, "galleries.create"),
        statuses=(413,),
        status_code=201,
        **summary,
    )
    path = f"{base}/{{gallery_id}}"
    _add(
        *(router, "GET", path, galleries.gallery, "gallery"),
        statuses=(404,),
        response_model=bodies.Gallery,
    )
    _add(
        *(router, "PATCH", path, galleries.rename, "galleries.rename"),
        statuses=(404, 409, 413),
        **summary,
    )
    _add(
        *(router, "DELETE", path, galleries.delete, "galleries.delete"),
        statuses=(404,),
        response_model=bodies.Deleted,
    )
    _add(
        *(router, "GET", f"{path}/images", galleries.images, "gallery.images"),
        statuses=(404,),
        response_model=bodies.GalleryImagePage,
    )


def _add_converters(router: APIRouter, converters: ConverterEndpoints) -> None:
    base, path = "/converters", "/converters/{converter_id}"
    one: dict[str, Any] = {"response_model": bodies.Converter}
    _add(
        *(router, "GET", base, converters.list_converters, "converters.list"),
        response_model=bodies.ConverterPage,
    )
    _add(
        *(router, "POST", base, converters.create, "converters.create"),
        statuses=(409, 413),
        status_code=201,
        **one,
    )
    _add(router, "GET", path, converters.get, "converters.get", statuses=(404,), **one)
    _add(
        *(router, "PATCH", path, converters.update, "converters.update"),
        statuses=(404, 409, 412, 413),
        **one,
    )
    _add(
        *(router, "DELETE", path, converters.delete, "converters.delete"),
        statuses=(404, 412),
        status_code=204,
    )


def _add_images(router: APIRouter, images: ImageEndpoints, files: FileEndpoints) -> None:
    written = (404, 409, 413)
    image: dict[str, Any] = {"response_model": bodies.Image}
    _add(
        *(router, "GET", "", images.list_images, "list"),
        response_model=bodies.ImagePage,
        response_model_exclude_unset=True,
    )
    _add(router, "POST", "", images.create, "create", statuses=written, status_code=201, **image)
    _add(
        *(router, "POST", "/delete", images.m_delete, "m_delete"),
        statuses=(413,),
        response_model=bodies.Deleted,
    )
    _add_versions(router, images)
    path = "/{image_id}"
    _add(router, "GET", path, images.get, "get", statuses=(404,), **image)
    _add(router, "PATCH", path, images.update, "update", statuses=written, **image)
    _add(router, "DELETE", path, images.delete, "delete", statuses=(404,), **image)
    _add(
        *(router, "GET", f"{path}/exists", images.exists, "exists"),
        response_model=bodies.Exists,
    )
    _add_content(router, f"{path}/content", files.read_image, "read")


def _add_versions(router: APIRouter, images: ImageEndpoints) -> None:
    path = "/{image_id}"
    rows: dict[str, Any] = {"response_model": list[bodies.Image]}
    made: dict[str, Any] = {"statuses": (404, 409, 413, 500, 504), "status_code": 201, **rows}
    _add(
        *(router, "POST", "/convert_from_file", images.convert_from_file, "convert_from_file"),
        **made,
    )
    _add(router, "POST", f"{path}/convert", images.convert, "convert", **made)
    _add(
        *(router, "GET", f"{path}/versions", images.versions, "versions"),
        statuses=(404,),
        response_model=bodies.GalleryImage,
    )
    _add(router, "DELETE", f"{path}/versions", images.delete_versions, "versions.delete", **rows)


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
