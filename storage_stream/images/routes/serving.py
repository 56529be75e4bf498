"""The bytes of a file as an answer, of which nothing runs in a browser.

Only what a browser decodes into pixels is shown; all else, an SVG with scripts above all, is
offered to be saved, as bytes without a type. A policy takes from either all that a page may do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage_stream.outputs import object_response

if TYPE_CHECKING:
    from fastapi import Request, Response

    from storage_stream import Storage
    from storage_stream.images.rows import FileRow

__all__ = ["RASTER_TYPES", "file_response"]

RASTER_TYPES = frozenset(
    f"image/{kind}"
    for kind in ("png", "jpeg", "gif", "webp", "avif", "bmp", "tiff", "heic", "heif", "jp2")
)
"""Types that are pixels and nothing else, to any browser."""
_UNKNOWN = "application/octet-stream"
_POLICY = "sandbox; default-src 'none'"


async def file_response(storage: Storage, file: FileRow, request: Request) -> Response:
    """Answer a GET or HEAD with a file that has its content.

    Args:
        storage: Reaches its bucket.
        file: It.
        request: With its ranges and conditions.
    """
    mime = (file["content_type"] or "").strip().lower()
    is_picture = mime in RASTER_TYPES
    response = await object_response(
        storage,
        str(file["bucket"]),
        str(file["object_name"]),
        request,
        generation=file["generation"],
        media_type=mime if is_picture else _UNKNOWN,
        filename=_saved_as(file),
        inline=is_picture,
    )
    response.headers["content-security-policy"] = _POLICY
    response.headers["x-content-type-options"] = "nosniff"
    # Whoever may see it now may not be the next one at this screen; its tag makes asking cheap.
    response.headers["cache-control"] = "private, no-cache"
    return response


def _saved_as(file: FileRow) -> str:
    """A name that ends as its format does: what is saved as `.html` would run there."""
    name, extension = file["name"], file["extension"]
    if not extension or name.lower().endswith(f".{extension.lower()}"):
        return name
    return f"{name}.{extension}"
