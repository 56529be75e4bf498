"""The manager of a request, for its endpoint: a dependency, and a block.

The annotations here are read by FastAPI when the program runs, so their names are imported then.
"""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypeAlias

from aiohttp import web

from storage_stream.media.errors import ExtraMissing

try:
    from fastapi import Depends, HTTPException, Request
except ImportError as missing:  # pragma: no cover - the extra is installed where we test
    raise ExtraMissing("this needs FastAPI: install storage-stream[fastapi]") from missing

from storage_stream.outputs.errors import NoBlobContext
from storage_stream.outputs.manager import MANAGER, BlobManager

__all__ = ["BlobIOContextDep", "blob_serialisation_context_manager"]

_HOST = re.compile(r"(?:[\w.~-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?", re.ASCII | re.IGNORECASE)
_NO_HOST = "the Host header is no address"


def manager_of(request: Any) -> BlobManager:
    """The manager of the app that a request came to.

    Raises:
        NoBlobContext: None was attached to it.
    """
    if isinstance(request, web.Request):
        app = _app_of(request)
        found: Any = None if app is None else app[MANAGER]
    else:
        found = getattr(request.app.state, "blob_manager", None)
    if not isinstance(found, BlobManager):
        raise NoBlobContext("no BlobManager is attached to the app: manager.attach_to_app(app)")
    return found


def _app_of(request: web.Request) -> web.Application | None:
    """The innermost of aiohttp.web's apps that has a manager."""
    return next((app for app in reversed(request.match_info.apps) if MANAGER in app), None)


def _base_url(request: Any) -> str:
    """The address of the app that the manager is attached to, also where that is mounted.

    Raises:
        HTTPException: The request names a host that is none; of aiohttp.web or FastAPI, a 400.
    """
    manager = manager_of(request)
    if manager.base_urls:
        return manager.base_urls[0]
    if isinstance(request, web.Request):
        app = _app_of(request)
        if app is None or not _HOST.fullmatch(request.host):
            raise web.HTTPBadRequest(text=f"{_NO_HOST}\n")
        try:
            return f"{request.url.origin()}{manager.mount_path(app)}"
        except ValueError:  # a port that is none
            raise web.HTTPBadRequest(text=f"{_NO_HOST}\n") from None
    try:
        address = request.base_url.replace(path=request.scope.get("root_path", ""))
        if _HOST.fullmatch(address.netloc):
            return str(address)
    except ValueError:  # a bracket that is never closed
        raise HTTPException(400, _NO_HOST) from None
    raise HTTPException(400, _NO_HOST)


@asynccontextmanager
async def blob_serialisation_context_manager(
    request: "Request | web.Request",
) -> AsyncGenerator[BlobManager]:
    """Within this block blobs become JSON, and JSON becomes blobs.

        async with blob_serialisation_context_manager(request):
            return web.json_response(blob.to_dict())

    Args:
        request: The one that is answered, of FastAPI or aiohttp.web.

    Raises:
        NoBlobContext: No manager is attached to its app.
    """
    manager = manager_of(request)
    with manager.context(_base_url(request)):
        yield manager


async def _in_blob_context(request: Request) -> AsyncGenerator[BlobManager]:
    manager = manager_of(request)
    with manager.context(_base_url(request)):
        yield manager


BlobIOContextDep: TypeAlias = Annotated[BlobManager, Depends(_in_blob_context)]
"""With this among its parameters, an endpoint takes and returns blobs as JSON."""
