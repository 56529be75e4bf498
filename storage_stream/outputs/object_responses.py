"""`object_response`: any object of a bucket as the answer to a web request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from aiohttp import web

from storage_stream.outputs.aiohttp_web import send_content
from storage_stream.outputs.contents.objects import ObjectContent, ServedObject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from storage_stream import Storage

__all__ = ["object_response"]


@overload
async def object_response(
    storage: Storage,
    bucket: str,
    name: str,
    request: web.Request,
    *,
    generation: int | None = ...,
    media_type: str | None = ...,
    filename: str | None = ...,
    inline: bool = ...,
    headers: Mapping[str, str] | None = ...,
) -> web.StreamResponse: ...
@overload
async def object_response(
    storage: Storage,
    bucket: str,
    name: str,
    request: Request,
    *,
    generation: int | None = ...,
    media_type: str | None = ...,
    filename: str | None = ...,
    inline: bool = ...,
    headers: Mapping[str, str] | None = ...,
) -> Response: ...
async def object_response(
    storage: Storage,
    bucket: str,
    name: str,
    request: Any,
    *,
    generation: int | None = None,
    media_type: str | None = None,
    filename: str | None = None,
    inline: bool = True,
    headers: Mapping[str, str] | None = None,
) -> Any:
    """Answer a GET or HEAD with an object: ranges, conditions, entity tag, bounded memory.

        @app.head("/videos/{name}", include_in_schema=False)
        @app.get("/videos/{name}")
        async def video(name: str, request: Request) -> Response:
            return await object_response(storage, "videos", name, request)

    One request to the bucket; two for a question with conditions, or for several ranges (and one
    more for each further range). Nothing is kept between answers. What is not there is 404, a
    generation that is not there any more is 410, a bucket that fails 502. A body that cannot be
    sent to its end breaks the connection off. An object that is stored as gzip is sent as it is
    to who accepts that, else decompressed, without ranges.

    Who goes away, and whose task is cancelled, ends the request to the bucket.

    Args:
        storage: The client.
        bucket: The bucket.
        name: The object's name; whoever lets strangers choose it decides what they may see.
        request: A Starlette or FastAPI `Request`, or an `aiohttp.web.Request`.
        generation: Which version; None: the one that is live.
        media_type: What it is served as; None: as the bucket knows it.
        filename: What a browser shall call it when it is saved.
        inline: Whether a browser may show it; False: it shall offer to save it.
        headers: Lines to add, such as `Cache-Control`. What a browser would run (HTML, SVG, XML)
            is told to run nothing, by `Content-Security-Policy: sandbox`; say another policy here
            for pages of your own.

    Returns:
        For Starlette a response to return, which decides when it is sent; for aiohttp.web one that
        was sent, or one of status 499 when the client went away before its end.
    """
    served = ServedObject(
        storage, bucket, name, generation=generation, media_type=media_type, filename=filename
    )
    was_linked = generation is not None
    if isinstance(request, web.Request):
        content = ObjectContent(served)
        return await send_content(
            request, content, was_linked=was_linked, inline=inline, headers=headers
        )
    from storage_stream.outputs.asgi import ContentResponse  # noqa: PLC0415 - an extra

    response = ContentResponse(lambda: ObjectContent(served), was_linked=was_linked, inline=inline)
    response.headers.update(headers or {})
    return response
