"""A request's body on its way out, as fast as the other side takes it.

It is sent by a task of its own, because the answer may come before its end: then the answer
counts, and the rest is sent while it is read.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Protocol, TypeGuard

from storage_stream._transport.base import exact_chunks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from storage_stream._protocol.http import Content

__all__ = ["RequestBody", "is_small"]

_PIECE_BYTES: Final = 256 * 1024  # that are handed to the event loop at a time
_JOINED_BYTES: Final = 64 * 1024  # a copy of these costs less than one more call of the system


class _Listener(Protocol):
    def sent_piece(self) -> None: ...
    def source_failed(self, error: BaseException) -> None: ...


def is_small(body: bytes | Content) -> TypeGuard[bytes]:
    """Whether it goes out in one write together with its head."""
    return isinstance(body, bytes) and len(body) <= _PIECE_BYTES


class RequestBody:
    """Sends a head, and the body behind it to its end.

    The head waits for the first piece: of an announced body without bytes it would be a whole
    request, while its source may still fail.

    Args:
        head: Request line and headers.
        body: The body.
        transport: Where to write it.
        listener: Told of each piece that went out, and of the source's failure.
    """

    __slots__ = ("_body", "_head", "_listener", "_task", "_transport", "_writable", "is_sent")

    def __init__(
        self,
        head: bytes,
        body: bytes | Content,
        transport: asyncio.WriteTransport,
        listener: _Listener,
    ) -> None:
        self._head = head
        self._body = body
        self._transport = transport
        self._listener = listener
        self._writable: asyncio.Future[None] | None = None  # while the other side is too slow
        self.is_sent = False
        self._task = asyncio.ensure_future(self._send())
        self._task.add_done_callback(self._ended)

    def pause(self) -> None:
        """No more is taken for now."""
        if self._writable is None:
            self._writable = self._task.get_loop().create_future()

    def resume(self) -> None:
        """There is room again."""
        writable, self._writable = self._writable, None
        if writable is not None and not writable.done():
            writable.set_result(None)

    def lost(self) -> None:
        """The connection is gone: nothing more is to be read of the source."""
        self._task.cancel()

    def cancel(self) -> None:
        """Stop in the middle."""
        self._task.cancel()

    async def cancelled(self) -> None:
        """Stop, and wait until the source is let go of: a repeat begins to read it anew."""
        self._task.cancel()
        await asyncio.wait((self._task,))

    async def _send(self) -> None:
        async for piece in _pieces_of(self._body):
            self._write(piece)
            if self._writable is not None:
                await self._writable
            self._listener.sent_piece()
        self._write(b"")
        self.is_sent = True

    def _write(self, piece: bytes | memoryview) -> None:
        head, self._head = self._head, b""
        if len(piece) <= _JOINED_BYTES:
            piece = head + piece if head else piece
        elif head:
            self._transport.write(head)
        if piece:
            self._transport.write(piece)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            self._listener.source_failed(asyncio.CancelledError())
        elif (error := task.exception()) is not None:
            self._listener.source_failed(error)


async def _pieces_of(body: bytes | Content) -> AsyncIterator[bytes | memoryview]:
    if not isinstance(body, bytes):
        async for chunk in exact_chunks(body):
            yield chunk
        return
    view = memoryview(body)
    for start in range(0, len(view), _PIECE_BYTES):
        yield view[start : start + _PIECE_BYTES]
