"""Answers in aiohttp.web: sent at once, since there a handler holds its connection."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from aiohttp import web
from multidict import CIMultiDict

from storage_stream.outputs.answering import Answer
from storage_stream.outputs.contents.memory import MemoryContent, bytes_etag
from storage_stream.outputs.planning.representation import READ_HEADERS, RequestHead
from storage_stream.outputs.watching import PATIENCE_SECONDS, Watch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from storage_stream.outputs.contents.base import Content

__all__ = ["send_content", "send_data"]

_log = logging.getLogger("storage_stream")
_CLIENT_CLOSED_REQUEST = 499  # nginx's word for it; never sent


async def send_content(
    request: web.Request,
    content: Content,
    *,
    was_linked: bool = False,
    inline: bool = True,
    headers: Mapping[str, str] | None = None,
    patience: float = PATIENCE_SECONDS,
) -> web.StreamResponse:
    """Answer, to the last byte.

    Cancelling, which aiohttp does not do by itself, breaks the connection off.

    Args:
        request: What is answered.
        content: What is sent; closed afterwards.
        was_linked: What is missing is gone (410), not unknown (404).
        inline: Whether a browser may show it, or shall offer to save it.
        headers: Lines to add.
        patience: Seconds that the client has for each piece; then it is broken off.

    Returns:
        The response that was sent; one of status 499 when the client went away before its end.

    Raises:
        StorageError: The bytes ended in the middle; the connection is broken off.
    """
    asked = {name: ", ".join(found) for name in READ_HEADERS if (found := _all(request, name))}
    head = RequestHead.of(request.method, asked)
    try:
        async with _Looker(request, patience) as watch:
            answer = await Answer.to(head, content, was_linked=was_linked, inline=inline)
            try:
                return await _sent(request, answer, headers or {}, watch)
            finally:
                answer.close()
    except ConnectionError:
        if _is_connected(request):
            raise
        # Nothing that its owner should read a traceback of, which aiohttp would log.
        _log.debug("the client went away, or took nothing")
        return web.Response(status=_CLIENT_CLOSED_REQUEST)


async def _sent(
    request: web.Request, answer: Answer, headers: Mapping[str, str], watch: Watch
) -> web.StreamResponse:
    lines = answer.header_lines(headers.items())
    response = web.StreamResponse(status=answer.plan.status, headers=CIMultiDict(lines))
    await response.prepare(request)
    await _write_body(request, response, answer, watch)
    return response


async def _write_body(
    request: web.Request, response: web.StreamResponse, answer: Answer, watch: Watch
) -> None:
    try:
        async with aclosing(answer.pieces()) as pieces:
            async for piece in pieces:
                await watch.sent(response.write(piece))
        await response.write_eof()
    except BaseException:
        # A body that is short must not look whole, whatever the server makes of the error.
        if request.transport is not None:
            request.transport.abort()
        raise


async def send_data(request: web.Request, data: Any) -> web.StreamResponse:
    """Answer with a blob's data, which is held until it was sent; else as `send_content`.

    A kind of data that is not ours has to be loaded for it.
    """
    if hasattr(data, "answer_content"):
        return await send_content(request, data.answer_content(), was_linked=True)
    loaded = bytes(await asyncio.to_thread(getattr, data, "content"))
    content = MemoryContent(loaded, data.media_type, bytes_etag(loaded), None)
    return await send_content(request, content, was_linked=True)


class _Looker(Watch):
    """Looks now and then whether the client is there.

    A handler is told of its going away when it writes. One that waits for the bucket is not, unless
    all of the server's handlers are cancelled then, which is its owner's decision; and aiohttp has
    nothing to wait for.
    """

    def __init__(self, request: web.Request, patience: float) -> None:
        super().__init__(patience)
        self._request = request

    def look(self) -> None:
        if not _is_connected(self._request):
            self.gone()


def _is_connected(request: web.Request) -> bool:
    return request.transport is not None and not request.transport.is_closing()


def _all(request: web.Request, name: str) -> list[str]:
    return request.headers.getall(name, [])
