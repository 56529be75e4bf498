"""Answers in Starlette and FastAPI: a response that decides when it is called.

Only then are the request's headers known, and the client's going away is heard. An endpoint
returns it like any other response; a header or a cookie that is set on it is sent, too.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

from storage_stream.media.errors import ExtraMissing

try:
    from starlette.responses import Response
except ImportError as missing:  # pragma: no cover - the extra is installed where we test
    raise ExtraMissing("this needs FastAPI: install storage-stream[fastapi]") from missing

from storage_stream.outputs.answering import Answer
from storage_stream.outputs.planning.representation import RequestHead

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, MutableMapping
    from typing import Any

    from starlette.types import Receive, Scope, Send

    from storage_stream.outputs.contents.base import Content

__all__ = ["ContentResponse"]

_OWN_HEADERS = frozenset({b"content-length", b"content-type"})


class ContentResponse(Response):
    """Bytes from wherever, with ranges, conditions and HEAD; its status is known when it is sent.

    Args:
        make: Gives the content for one answer.
        was_linked: What is missing is gone (410), not unknown (404).
        inline: Whether a browser may show it, or shall offer to save it.
    """

    def __init__(
        self, make: Callable[[], Content], *, was_linked: bool = False, inline: bool = True
    ) -> None:
        super().__init__()
        self.raw_headers: list[tuple[bytes, bytes]] = []  # what the caller adds
        self._make = make
        self._was_linked = was_linked
        self._inline = inline

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer.

        Raises:
            StorageError: The bytes ended in the middle; the server breaks the connection off.
        """
        request = RequestHead.of(scope["method"], _joined(scope["headers"]))
        answer = await Answer.to(
            request, self._make(), was_linked=self._was_linked, inline=self._inline
        )
        try:
            self.status_code = answer.plan.status
            await send(self._start(answer))
            body = answer.small_body
            if body is not None:
                await send({"type": "http.response.body", "body": body, "more_body": False})
            else:
                await _while_connected(_send_pieces(answer, send), receive)
        finally:
            answer.close()
        if self.background is not None:
            await self.background()

    def _start(self, answer: Answer) -> MutableMapping[str, object]:
        lines = [(name.encode(), value.encode("latin-1")) for name, value in answer.plan.headers]
        said = _OWN_HEADERS.union(name for name, _ in lines)
        lines += [line for line in self.raw_headers if line[0].lower() not in said]
        return {"type": "http.response.start", "status": answer.plan.status, "headers": lines}


async def _send_pieces(answer: Answer, send: Send) -> None:
    async with aclosing(answer.pieces()) as pieces:
        async for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _while_connected(sending: Coroutine[Any, Any, None], receive: Receive) -> None:
    """Send, but no longer than somebody is there: some servers take bytes for nobody."""
    task = asyncio.ensure_future(sending)
    listening = asyncio.ensure_future(_disconnected(receive))
    try:
        await asyncio.wait((task, listening), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
    finally:
        for each in (task, listening):
            each.cancel()
        await asyncio.gather(task, listening, return_exceptions=True)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _joined(lines: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """Header lines by name, several of one name as one list (RFC 9110 §5.3)."""
    found: dict[str, str] = {}
    for raw_name, raw_value in lines:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found
