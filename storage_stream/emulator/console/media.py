"""An object's bytes for the console: to be looked at, or to be kept.

The browser is told a type that cannot run, chosen by the page from a table of ours and never by
the object, and a policy under which nothing of it could run even so. Ranges, generations and gzip
are those of the service's own answer.
"""

from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from aiohttp import web

from storage_stream.emulator.json_api.media import MediaHandlers
from storage_stream.emulator.operations import control
from storage_stream.emulator.problems import ApiError, Handler, media_problems
from storage_stream.emulator.store.store import Store
from storage_stream.emulator.wire.request_reading import object_names

__all__ = ["media_routes", "protect"]

VIEWABLE = frozenset(
    {
        "text/plain",
        *(f"image/{kind}" for kind in ("png", "jpeg", "gif", "webp", "avif", "bmp", "svg+xml")),
        *(f"image/{kind}" for kind in ("x-icon", "jxl", "apng")),
        *(f"video/{kind}" for kind in ("mp4", "webm", "ogg", "quicktime", "x-matroska")),
        *(f"audio/{kind}" for kind in ("mpeg", "mp4", "ogg", "wav", "webm", "flac", "aac")),
    }
)
"""What is shown as itself. An SVG is a picture here: its scripts do not run in an `<img>`, nor,
by the policy below, where somebody opens its address."""

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
_PROTECTION = MappingProxyType(
    {
        "Content-Security-Policy": _POLICY,
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
)
_PAGES_OF_OBJECTS = MappingProxyType(
    {"Content-Security-Policy": "sandbox allow-scripts allow-forms allow-popups allow-downloads"}
)
_NAVIGATIONS = frozenset({"document", "iframe", "frame", "object", "embed"})
_NAME = "console_media_headers"
# Before aiohttp 3.14 keys were strings; since then a string draws a warning.
_WANTED: Any = web.RequestKey(_NAME, dict[str, str]) if hasattr(web, "RequestKey") else _NAME


def media_routes(store: Store) -> list[web.RouteDef]:
    """Return the routes of objects' bytes.

    Args:
        store: has the objects.
    """
    media = MediaHandlers(store)

    async def view(request: web.Request) -> web.StreamResponse:
        media_type = f"{request.match_info['type']}/{request.match_info['subtype']}"
        if media_type not in VIEWABLE:
            raise ApiError(415, "invalid", f"{media_type} is not shown in the console")
        charset = "; charset=utf-8" if media_type == "text/plain" else ""
        request[_WANTED] = {"Content-Type": media_type + charset, "Content-Disposition": "inline"}
        return await media.get(request)

    async def download(request: web.Request) -> web.StreamResponse:
        name = object_names(request)[1].rstrip("/").rpartition("/")[2] or "object"
        request[_WANTED] = {
            "Content-Type": "application/octet-stream",
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        }
        return await media.get(request)

    place = "b/{bucket:[^/]+}/o/{object:[^/]+}"
    return [
        web.get(f"/_console/view/{{type:[^/]+}}/{{subtype:[^/]+}}/{place}", _own(view)),
        web.get(f"/_console/download/{place}", _own(download)),
    ]


async def protect(request: web.Request, response: web.StreamResponse) -> None:
    """Keep objects from running in the emulator's origin; to be an `on_response_prepare` signal.

    A page that somebody keeps in a bucket and opens by its address still runs its scripts, but as
    a stranger: it cannot use the emulator in the name of the console.
    """
    wanted: dict[str, str] | None = request.get(_WANTED)
    if wanted is not None:
        response.headers.update(_PROTECTION)
        if response.status < web.HTTPBadRequest.status_code:
            response.headers.update(wanted)
    elif request.headers.get("Sec-Fetch-Dest") in _NAVIGATIONS:
        for name, value in _PAGES_OF_OBJECTS.items():
            response.headers.setdefault(name, value)


def _own(handler: Handler) -> Handler:
    return control(media_problems(handler))
