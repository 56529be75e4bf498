"""`gallery_app`: the page, the routes it asks, and what keeps strangers' pages away from both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI, Request, Response
from starlette.exceptions import HTTPException

from storage_stream.images.page.page_files import PageFiles
from storage_stream.images.page.previews import PreviewConverter
from storage_stream.images.page.protection import OwnPagesOnly
from storage_stream.images.routes import images_router
from storage_stream.images.routes.guarding import guarded_route
from storage_stream.images.routes.receiving import STALL_SECONDS
from storage_stream.images.routes.uploading import MAX_UPLOAD_BYTES, MAX_UPLOAD_PIXELS

if TYPE_CHECKING:
    from collections.abc import Collection

    from storage_stream.images.routes.guarding import Authorize
    from storage_stream.images.service import ImageService

__all__ = ["gallery_app"]

_API = "images"


def gallery_app(
    service: ImageService,
    *,
    hosts: Collection[str] = (),
    authorize: Authorize | None = None,
    max_upload_bytes: int = MAX_UPLOAD_BYTES,
    max_upload_pixels: int = MAX_UPLOAD_PIXELS,
    stall_seconds: float = STALL_SECONDS,
) -> FastAPI:
    """An application with the gallery page at `/`, and the routes of images at `/images`.

        app = FastAPI()
        app.mount("/gallery", gallery_app(images, hosts=["pictures.example"]))

    All addresses in it are relative, so that it may be mounted below any path. A page of somebody
    else cannot use it in the name of its visitor: requests that change something have to come from
    a page of the same host, and requests for a host that is not ours are refused.

    The previews of the grid are made by a converter that the page makes when it is first opened.

    Args:
        service: Whose images; it stays the caller's to open and close.
        hosts: Names under which it is served, besides `localhost` and addresses of digits, which
            are always good; `*` for any, where something before it sees to that.
        authorize: Who may do what, as for `images_router`; the page itself asks for `about`.
        max_upload_bytes: Of one upload.
        max_upload_pixels: Of one upload, by its header.
        stall_seconds: After which an upload of which no byte comes is given up.

    Raises:
        ValidationError: A limit is less than 1.
    """
    # Their pages would load scripts from elsewhere.
    app = FastAPI(title="Gallery", docs_url=None, redoc_url=None)
    limits = {"max_upload_bytes": max_upload_bytes, "max_upload_pixels": max_upload_pixels}
    app.include_router(
        images_router(
            service,
            prefix=f"/{_API}",
            authorize=authorize,
            stall_seconds=stall_seconds,
            **limits,
        )
    )
    app.include_router(_about_router(service, authorize, limits))
    app.include_router(_page_router())
    app.add_middleware(OwnPagesOnly, hosts=frozenset(hosts))
    return app


def _about_router(
    service: ImageService, authorize: Authorize | None, limits: dict[str, int]
) -> APIRouter:
    """What the page has to know before it asks anything."""
    router = APIRouter(route_class=guarded_route(authorize, 1))
    previews = PreviewConverter(service.converters)

    async def about() -> dict[str, Any]:
        return {"api": _API, "preview": await previews.id(), **limits}

    router.add_api_route("/about.json", about, name="about", include_in_schema=False)
    return router


def _page_router() -> APIRouter:
    router = APIRouter()
    files = PageFiles()

    async def page(request: Request) -> Response:
        return files.response("index.html", request)

    async def asset(name: str, request: Request) -> Response:
        if name not in files:
            raise HTTPException(404)
        return files.response(name, request)

    for path, endpoint in (("/", page), ("/assets/{name}", asset)):
        router.add_api_route(path, endpoint, methods=["GET", "HEAD"], include_in_schema=False)
    return router
