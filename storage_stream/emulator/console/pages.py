"""The console's own files, and what a browser may do with them.

They lie beside this module and are sent as they are: there is no build step, and nothing comes
from another address.
"""

from pathlib import Path
from types import MappingProxyType

from aiohttp import web

from storage_stream.emulator.operations import control
from storage_stream.emulator.problems import ApiError, json_problems

__all__ = ["page_routes"]

_FOLDER = Path(__file__).parent / "assets"
_PAGE = "index.html"
_TYPES = MappingProxyType(
    {
        ".html": "text/html; charset=utf-8",
        ".css": "text/css; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".svg": "image/svg+xml",
    }
)
"""Told here, because a machine's own table of types may say otherwise, or nothing."""

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    # Text never becomes markup, whatever a script of ours tries: names are strangers' words.
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
_HEADERS = MappingProxyType(
    {
        "Content-Security-Policy": _POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-cache",  # kept, but asked for again: a newer version counts at once
    }
)


def page_routes() -> list[web.RouteDef]:
    """Return the routes of the page and of its files."""

    async def page(_: web.Request) -> web.StreamResponse:
        return _file(_PAGE)

    async def asset(request: web.Request) -> web.StreamResponse:
        return _file(request.match_info["name"])

    return [
        web.get("/_console", control(page)),
        web.get("/_console/", control(page)),
        web.get("/_console/assets/{name:[^/]+}", control(json_problems(asset))),
    ]


def _file(name: str) -> web.FileResponse:
    if name not in {path.name for path in _FOLDER.iterdir()}:  # so no path can lead out of it
        raise ApiError(404, "notFound", f"the console has no file {name!r}")
    path = _FOLDER / name
    return web.FileResponse(path, headers={**_HEADERS, "Content-Type": _TYPES[path.suffix]})
