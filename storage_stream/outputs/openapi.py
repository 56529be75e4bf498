"""What OpenAPI says of the answers of this package, for the `responses=` of FastAPI's routes."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["BLOB_RESPONSES", "LINK_RESPONSES", "OBJECT_RESPONSES"]

_BINARY: dict[str, Any] = {
    # Each object's own media type; no page can list them.
    "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}
}
_TEXT: dict[str, Any] = {"content": {"text/plain": {"schema": {"type": "string"}}}}
_DETAIL: dict[str, Any] = {
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
_BYTES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The bytes, of their media type.", **_BINARY},
    206: {"description": "The ranges that were asked for.", **_BINARY},
    304: {"description": "The client has it already."},
    410: {"description": "What the link led to was overwritten or deleted.", **_TEXT},
    412: {"description": "It is not what the request's conditions name.", **_TEXT},
    416: {"description": "It has no such range.", **_TEXT},
    502: {"description": "What keeps the bytes did not answer.", **_TEXT},
    503: {"description": "It has just been changed: to be asked for again.", **_TEXT},
}

OBJECT_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    **_BYTES,
    # In JSON by FastAPI, where a path fits no route.
    404: {
        "description": "There is no such object.",
        "content": {**_TEXT["content"], **_DETAIL["content"]},
    },
}
"""Of a route that returns `object_response`."""

LINK_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    **_BYTES,
    404: {"description": "No blob has this id.", **_DETAIL},
}
"""Of the route that a `BlobManager` adds."""

BLOB_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    400: {"description": "The Host header is no address.", **_DETAIL},
    404: {"description": "Nobody holds what the link led to.", **_DETAIL},
}
"""Of a route that takes or returns blobs, besides its own; a link of elsewhere is a plain 422."""
