"""A manager in a FastAPI app: the routes, and the answer to what is unknown.

The annotations here are read by FastAPI when the program runs, so their names are imported then.
"""

from typing import TYPE_CHECKING

from storage_stream.media.errors import ExtraMissing

try:
    from fastapi import FastAPI, Request
    from fastapi.responses import JSONResponse, Response
except ImportError as missing:  # pragma: no cover - the extra is installed where we test
    raise ExtraMissing("this needs FastAPI: install storage-stream[fastapi]") from missing

from storage_stream.errors import InvalidArgument
from storage_stream.outputs.errors import BlobNotFound
from storage_stream.outputs.openapi import LINK_RESPONSES

if TYPE_CHECKING:
    from storage_stream.outputs.manager import BlobManager

__all__ = ["attach"]


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
        responses=LINK_RESPONSES,
        name="download_blob",
        tags=["blobs"],
    )
    app.add_api_route(path, download_blob, methods=["HEAD"], include_in_schema=False)


async def _answer_not_found(request: Request, error: Exception) -> Response:
    del request, error
    return JSONResponse({"detail": "there is no such blob"}, 404)
