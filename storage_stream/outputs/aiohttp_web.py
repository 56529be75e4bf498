"""Answers in aiohttp.web: sent at once, since there a handler holds its connection."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from aiohttp import web

from storage_stream.outputs.answering import Answer
from storage_stream.outputs.planning.representation import READ_HEADERS, RequestHead

if TYPE_CHECKING:
    from storage_stream.outputs.contents.base import Content

__all__ = ["send_content"]


async def send_content(
    request: web.Request, content: Content, *, was_linked: bool = False, inline: bool = True
) -> web.StreamResponse:
    """Answer, to the last byte.

    Cancelling, which aiohttp does not do by itself, breaks the connection off.

    Args:
        request: What is answered.
        content: What is sent; closed afterwards.
        was_linked: What is missing is gone (410), not unknown (404).
        inline: Whether a browser may show it, or shall offer to save it.

    Raises:
        StorageError: The bytes ended in the middle; the connection is broken off.
        ConnectionError: The client went away.
    """
    lines = {name: ", ".join(found) for name in READ_HEADERS if (found := _all(request, name))}
    head = RequestHead.of(request.method, lines)
    answer = await Answer.to(head, content, was_linked=was_linked, inline=inline)
    try:
        response = web.StreamResponse(status=answer.plan.status, headers=dict(answer.plan.headers))
        await response.prepare(request)
        try:
            async with aclosing(answer.pieces()) as pieces:
                async for piece in pieces:
                    await response.write(piece)
            await response.write_eof()
        except BaseException:
            # A body that is short must not look whole, whatever the server makes of the error.
            if request.transport is not None:
                request.transport.abort()
            raise
        return response
    finally:
        answer.close()


def _all(request: web.Request, name: str) -> list[str]:
    return request.headers.getall(name, [])
