"""A manager in a FastAPI app: the routes, and the answer to what is unknown.

The annotations here are read by FastAPI when the program runs, so their names are imported then.
"""

from typing import TYPE_CHECKING, Any

from storage_stream.media.errors import ExtraMissing

try:
    from fastapi import FastAPI, Request
    from fastapi.responses import JSONResponse, Response
except ImportError as missing:  # pragma: no cover - the extra is installed where we test
    raise ExtraMissing("this needs FastAPI: install storage-stream[fastapi]") from missing

from storage_stream.errors import InvalidArgument
from storage_stream.outputs.errors import BlobNotFound

if TYPE_CHECKING:
    from storage_stream.outputs.manager import BlobManager

__all__ = ["RESPONSES", "attach"]

_BINARY: dict[str, Any] = {
    # Each blob's own media type; no page can list them.
    "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}
}
_TEXT: dict[str, Any] = {"content": {"text/plain": {"schema": {"type": "string"}}}}
_NOT_FOUND: dict[str, Any] = {
    "description": "No blob has this id.",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "properties": {"detail": {"type": "string"}},
                "required": ["detail"],
            }
        }
    },
}
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The bytes, of the blob's media type.", **_BINARY},
    206: {"description": "The ranges that were asked for.", **_BINARY},
    304: {"description": "The client has it already."},
    404: _NOT_FOUND,
    410: {"description": "What the blob was made of was overwritten or deleted.", **_TEXT},
    412: {"description": "It is not what the request's conditions name.", **_TEXT},
    416: {"description": "It has no such range.", **_TEXT},
    502: {"description": "What keeps the bytes did not answer.", **_TEXT},
}


def attach(manager: "BlobManager", app: FastAPI, prefix: str) -> None:
    """Put the routes into the app; see `BlobManager.attach_to_app`."""

    async def download_blob(blob_id: str) -> Response:
        """The bytes of a blob; ranges and conditions as in RFC 9110."""
        return await manager.download_blob(blob_id)

    if getattr(app.state, "blob_manager", None) is not None:
        raise InvalidArgument("the app has a BlobManager already")
    path = f"{prefix}/{{blob_id}}"
    app.state.blob_manager = manager
    app.add_exception_handler(BlobNotFound, _answer_not_found)
    app.add_api_route(
        path,
        download_blob,
        methods=["GET"],
        response_class=Response,
        responses=RESPONSES,
        name="download_blob",
        tags=["blobs"],
    )
    app.add_api_route(path, download_blob, methods=["HEAD"], include_in_schema=False)


async def _answer_not_found(request: Request, error: Exception) -> Response:
    del request, error
    return JSONResponse({"detail": "there is no such blob"}, 404)
