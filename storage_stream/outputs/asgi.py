"""Answers in Starlette and FastAPI: a response that decides when it is called.

Only then are the request's headers known, and the client's going away is heard. An endpoint
returns it like any other response; a header or a cookie that is set on it is sent, too.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING

from storage_stream.media.errors import ExtraMissing

try:
    from starlette.responses import Response
except ImportError as missing:  # pragma: no cover - the extra is installed where we test
    raise ExtraMissing("this needs FastAPI: install storage-stream[fastapi]") from missing

from storage_stream.outputs.answering import Answer
from storage_stream.outputs.planning.representation import RequestHead
from storage_stream.outputs.watching import LOOK_SECONDS, ClientGoneError, until_gone

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, MutableMapping

    from starlette.types import Receive, Scope, Send

    from storage_stream.outputs.contents.base import Content

__all__ = ["ContentResponse"]

_log = logging.getLogger(__name__)


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
        try:
            async with _while_connected(receive) as listen:
                await self._send(request, send, listen)
        except ClientGoneError:
            _log.debug("the client went away")
        if self.background is not None:
            await self.background()

    async def _send(self, request: RequestHead, send: Send, listen: Callable[[], None]) -> None:
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
                listen()  # some servers take bytes for nobody
                await _send_pieces(answer, send)
        finally:
            answer.close()

    def _start(self, answer: Answer) -> MutableMapping[str, object]:
        added = [
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in self.raw_headers
        ]
        lines = answer.header_lines(added)
        return {
            "type": "http.response.start",
            "status": answer.plan.status,
            "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in lines],
        }


async def _send_pieces(answer: Answer, send: Send) -> None:
    async with aclosing(answer.pieces()) as pieces:
        async for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


@asynccontextmanager
async def _while_connected(receive: Receive) -> AsyncGenerator[Callable[[], None]]:
    """Not longer than somebody is there; listens after a moment, or when what it gives is called.

    Raises:
        ClientGoneError: The client went away.
    """
    listening: asyncio.Task[None] | None = None
    try:
        async with until_gone() as gone:

            def listen() -> None:
                nonlocal listening
                if listening is None:
                    listening = asyncio.ensure_future(_disconnected(receive))
                    listening.add_done_callback(heard)

            def heard(_: asyncio.Task[None]) -> None:
                gone()

            timer = asyncio.get_running_loop().call_later(LOOK_SECONDS, listen)
            try:
                yield listen
            finally:
                timer.cancel()
                await _ended(listening, heard)
    except ClientGoneError:
        if listening is not None:
            await listening  # it may have failed, which is told
        raise


async def _ended(
    listening: asyncio.Task[None] | None, heard: Callable[[asyncio.Task[None]], None]
) -> None:
    if listening is not None:
        listening.remove_done_callback(heard)
        listening.cancel()
        await asyncio.wait((listening,))


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
