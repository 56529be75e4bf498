"""Answers in Starlette and FastAPI: a response that decides when it is called.

Only then are the request's headers known, and the client's going away is heard. An endpoint
returns it like any other response; a header or a cookie that is set on it is sent, too.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from typing import TYPE_CHECKING

from storage_stream.media.errors import ExtraMissing

try:
    from starlette.responses import Response
except ImportError as missing:  # pragma: no cover - the extra is installed where we test
    raise ExtraMissing("this needs FastAPI: install storage-stream[fastapi]") from missing

from storage_stream.outputs.answering import Answer
from storage_stream.outputs.planning.representation import RequestHead
from storage_stream.outputs.watching import PATIENCE_SECONDS, ClientGoneError, Watch

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping
    from types import TracebackType

    from starlette.types import Receive, Scope, Send

    from storage_stream.outputs.contents.base import Content

__all__ = ["ContentResponse"]

_log = logging.getLogger("storage_stream")


class ContentResponse(Response):
    """Bytes from wherever, with ranges, conditions and HEAD; its status is known when it is sent.

    Args:
        make: Gives the content for one answer.
        was_linked: What is missing is gone (410), not unknown (404).
        inline: Whether a browser may show it, or shall offer to save it.
        patience: Seconds that the client has for each piece.
    """

    def __init__(
        self,
        make: Callable[[], Content],
        *,
        was_linked: bool = False,
        inline: bool = True,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        super().__init__()
        self.raw_headers: list[tuple[bytes, bytes]] = []  # what the caller adds
        self._make = make
        self._was_linked = was_linked
        self._inline = inline
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer.

        Raises:
            StorageError: The bytes ended in the middle; the server breaks the connection off.
        """
        request = RequestHead.of(scope["method"], _joined(scope["headers"]))
        try:
            async with _Listener(receive, self._patience) as listener:
                await self._send(request, send, listener)
        except ClientGoneError:
            _log.debug("the client went away, or took nothing")
        if self.background is not None:
            await self.background()

    async def _send(self, request: RequestHead, send: Send, listener: Watch) -> None:
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
                listener.look()  # some servers take bytes for nobody
                await _send_pieces(answer, send, listener)
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


async def _send_pieces(answer: Answer, send: Send, watch: Watch) -> None:
    async with aclosing(answer.pieces()) as pieces:
        async for piece in pieces:
            body = {"type": "http.response.body", "body": piece, "more_body": True}
            await watch.sent(send(body))
    await send({"type": "http.response.body", "body": b"", "more_body": False})


class _Listener(Watch):
    """Hears of the client's going away; from a moment after the beginning, or when it is told to.

    Args:
        receive: Tells it, among other things.
        patience: As for `Watch`.
    """

    def __init__(self, receive: Receive, patience: float) -> None:
        super().__init__(patience)
        self._receive = receive
        self._listening: asyncio.Task[None] | None = None

    def look(self) -> None:
        if self._listening is None:
            self._listening = asyncio.ensure_future(_disconnected(self._receive))
            self._listening.add_done_callback(self._heard)

    def _heard(self, _: asyncio.Task[None]) -> None:
        self.gone()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._listening is not None:
            self._listening.remove_done_callback(self._heard)
        try:
            await super().__aexit__(kind, error, traceback)
        except ClientGoneError:
            if self._listening is not None and self._listening.done():
                await self._listening  # it may have failed, which is told
            raise
        finally:
            if self._listening is not None and not self._listening.done():
                self._listening.cancel()
                await asyncio.wait((self._listening,))


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
