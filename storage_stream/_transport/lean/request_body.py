"""A request's body on its way out, as fast as the other side takes it.

It is sent by a task of its own, because the answer may come before its end: then the answer
counts, and the rest is sent while it is read.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Protocol, TypeGuard

from storage_stream._transport.base import exact_chunks, exact_lent_chunks
from storage_stream._transport.lean.direct_writer import DirectWriter

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

    __slots__ = (
        "_body",
        "_head",
        "_listener",
        "_task",
        "_transport",
        "_writable",
        "_writer",
        "is_sent",
    )

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
        self._writer: DirectWriter | None = None
        self.is_sent = False
        # A loop's own way to make tasks may begin them at once, before the listener knows this one.
        self._task = asyncio.Task(self._send(), loop=asyncio.get_running_loop())
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
        self.cancel()

    def cancel(self) -> None:
        """Stop in the middle."""
        self._task.cancel()
        if self._writer is not None:
            self._writer.close()  # the connection is open for as long as anybody has it

    async def cancelled(self) -> None:
        """Stop, and wait until the source is let go of: a repeat begins to read it anew."""
        self._task.cancel()
        await asyncio.wait((self._task,))

    async def _send(self) -> None:
        writer = self._writer = DirectWriter.over(
            self._transport, self._task.get_loop(), self._listener.sent_piece
        )
        if writer is None:
            await self._send_by_transport()
        else:
            try:
                await self._send_directly(writer)
            finally:
                writer.close()
        self._write(b"")
        self.is_sent = True

    async def _send_by_transport(self) -> None:
        """Give it pieces that it may keep."""
        body = self._body
        async for piece in _parts_of(body) if isinstance(body, bytes) else exact_chunks(body):
            self._write(piece)
            if self._writable is not None:
                await self._writable
            self._listener.sent_piece()

    async def _send_directly(self, writer: DirectWriter) -> None:
        """Write pieces that are over when they are written; small ones go the common way."""
        body = self._body
        async for piece in _parts_of(body) if isinstance(body, bytes) else exact_lent_chunks(body):
            if len(piece) > _JOINED_BYTES:
                self._write_head()
                await self._emptied()
                await self._write_directly(writer, piece)
                continue
            self._write(bytes(piece))
            if self._writable is not None:
                await self._writable
            self._listener.sent_piece()

    async def _write_directly(self, writer: DirectWriter, piece: bytes | memoryview) -> None:
        try:
            await writer.write(piece)
        except OSError as error:
            if writer.is_closed:  # the source has kept the cancelling to itself
                raise asyncio.CancelledError from None
            if not isinstance(error, ConnectionError):
                self._transport.abort()
            # Who reads sees an answer that came before, or the connection's end, and cancels this.
            await self._task.get_loop().create_future()

    async def _emptied(self) -> None:
        """Until nothing that was written before waits in this process."""
        transport = self._transport
        if transport.get_write_buffer_size():
            await asyncio.sleep(0)  # uvloop writes at the end of a turn
        if not transport.get_write_buffer_size():
            return
        transport.set_write_buffer_limits(0)
        try:
            while transport.get_write_buffer_size():
                await (self._writable or asyncio.sleep(0))
        finally:
            transport.set_write_buffer_limits()

    def _write_head(self) -> None:
        head, self._head = self._head, b""
        if head:
            self._transport.write(head)

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


async def _parts_of(body: bytes) -> AsyncIterator[memoryview]:
    view = memoryview(body)
    for start in range(0, len(view), _PIECE_BYTES):
        yield view[start : start + _PIECE_BYTES]
