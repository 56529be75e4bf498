"""One connection: a request goes out, an answer comes in, and then perhaps the next.

A body that is here with its head, as small ones are, is handed over whole: no buffer is made for
it, nobody is woken for it. A longer one comes straight into a `BodyBuffer`. Between two calls of
the event loop the state is whole, so that it may end at any of them.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, cast

from storage_stream._protocol.http import Framing
from storage_stream._protocol.replies import without_secrets
from storage_stream._transport.body_buffer import BodyBuffer
from storage_stream._transport.lean.answer_deadline import AnswerDeadline
from storage_stream._transport.lean.chunks import ChunkReader
from storage_stream._transport.lean.head_reader import HeadReader
from storage_stream._transport.lean.reply import LeanReply
from storage_stream._transport.lean.request_body import RequestBody, is_small
from storage_stream._transport.lean.unread import unread_of
from storage_stream._transport.lean.unsent import unsent_by
from storage_stream.errors import (
    ConnectionLost,
    ProtocolError,
    RequestTimeout,
    StorageError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from storage_stream._protocol.http import Content
    from storage_stream._transport.lean.head import AnswerHead

__all__ = ["Connection", "ReceiveBuffer"]


class ReceiveBuffer:
    """Where all connections of a transport receive heads and small bodies, one at a time.

    An event loop asks for the buffer and says what it wrote in one go; that no other connection
    came between is looked at each time, because a buffer that is mixed up is somebody's data.
    """

    __slots__ = ("memory", "user", "view")

    SIZE: Final = 128 * 1024

    def __init__(self) -> None:
        self.memory = bytearray(self.SIZE)
        self.view = memoryview(self.memory)
        self.user: Connection | None = None


class Connection(asyncio.BufferedProtocol):
    """One HTTP/1.1 connection. Made by the pool, used by one request at a time.

    Args:
        loop: The event loop it lives in.
        buffer: For heads and small bodies.
        on_free: Told when a request is done with it, be it lost or not.
        on_lost: Told when it is gone.
    """

    __slots__ = (
        "_body",
        "_buffer",
        "_chunks",
        "_deadline",
        "_heads",
        "_is_idle",
        "_keeps_alive",
        "_loop",
        "_method",
        "_on_free",
        "_on_lost",
        "_reply",
        "_request_body",
        "_saw_eof",
        "_transport",
        "_waiter",
        "has_unread",
        "idle_since",
        "is_lost",
        "opened_at",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        buffer: ReceiveBuffer,
        on_free: Callable[[Connection], None],
        on_lost: Callable[[Connection], None],
    ) -> None:
        self._loop = loop
        self._buffer = buffer
        self._on_free = on_free
        self._on_lost = on_lost
        self.opened_at = self.idle_since = loop.time()
        self.is_lost = False
        self.has_unread: Callable[[], object] = unread_of(-1)
        self._transport: asyncio.Transport | None = None
        self._saw_eof = False
        self._is_idle = True
        self._keeps_alive = True
        self._method = ""
        self._waiter: asyncio.Future[LeanReply] | None = None
        self._heads = HeadReader()
        self._chunks: ChunkReader | None = None  # of an answer in chunks
        self._body: BodyBuffer | None = None  # that is being received
        self._reply: LeanReply | None = None
        self._request_body: RequestBody | None = None
        self._deadline = AnswerDeadline(loop, self._unsent, self._too_late)

    # -- one exchange ----------------------------------------------------------------------

    def ask(
        self,
        method: str,
        head: bytes,
        body: bytes | Content,
        deadline: float | None,
        seconds: float | None,
    ) -> asyncio.Future[LeanReply]:
        """Send a request. Who does not wait for the answer to the end has to `give_up`.

        Args:
            method: Its method.
            head: Request line and headers.
            body: Its body.
            deadline: By the loop's clock, when it is too late for an answer.
            seconds: By how much each piece of the body that goes out puts that off.

        Returns:
            The answer, when its head is here. It fails with:

        Raises:
            StorageError: As `Transport.send`.
            Exception: Of the body's source.
        """
        assert self._transport is not None  # noqa: S101 - the pool hands out open ones
        self._is_idle = False
        self._method = method
        waiter: asyncio.Future[LeanReply] = self._loop.create_future()
        self._waiter = waiter
        self._deadline.start(deadline, seconds)
        if body == b"":
            self._transport.write(head)
        elif is_small(body):
            self._transport.write(head + body)
        else:
            self._request_body = RequestBody(head, body, self._transport, self)
        return waiter

    async def give_up(self) -> None:
        """Close it, because nobody waits for the answer any more, or there is none."""
        self._waiter = self._reply = None
        self.abort()
        if self._request_body is not None:
            await self._request_body.cancelled()

    def finish(self, reply: LeanReply) -> None:
        """The answer is read no further: give the connection back, or close it."""
        request_body = self._request_body
        is_sent = request_body is None or request_body.is_sent
        body = reply.body
        has_arrived = body is None or body.is_complete
        clean = is_sent and self._keeps_alive and not self._saw_eof and has_arrived
        if not clean:
            self.abort()
        self._body = self._chunks = self._request_body = self._reply = None
        self._is_idle = True
        self._on_free(self)

    def abort(self) -> None:
        """Close it now, whatever is under way. Idempotent."""
        self.is_lost = True
        self._deadline.stop()
        if self._request_body is not None:
            self._request_body.cancel()
        if self._transport is not None and not self._loop.is_closed():  # else it ended with it
            self._transport.abort()

    def end(self, error: StorageError) -> None:
        """Close it from outside; who waits for something of it is told this."""
        reply = self._reply
        self._fail(error)
        if reply is not None:
            reply.abort(error)

    # -- the event loop's calls ------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.BaseProtocol`."""
        self._transport = cast("asyncio.Transport", transport)
        connected = transport.get_extra_info("socket")
        self.has_unread = unread_of(-1 if connected is None else connected.fileno())

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - a hint
        """See `asyncio.BufferedProtocol`."""
        body = self._body
        buffer = self._buffer
        if body is not None:
            space = body.space()
            if space and self._chunks is None:
                return space
            if space:  # chunks become no longer than they are on the wire
                buffer.user = self
                return buffer.view[: len(space)]
        buffer.user = self
        return buffer.view

    def buffer_updated(self, nbytes: int) -> None:
        """See `asyncio.BufferedProtocol`."""
        body = self._body
        if body is not None and self._chunks is None:
            body.received(nbytes)
            if body.left == 0:
                # Bytes behind the end are no answer to what will be asked next.
                self._keeps_alive = self._keeps_alive and not body.has_excess
                self._body = None
            return
        buffer = self._buffer
        if buffer.user is not self:
            self._fail(ProtocolError("the event loop mixes up the buffers of two connections"))
            return
        if self._chunks is not None:
            self._receive_chunks(buffer.view[:nbytes])
        elif self._waiter is None or self._waiter.done():
            self._keeps_alive = False  # nothing was asked, or all was answered
            if self._is_idle:
                self.abort()
        else:
            try:
                found = self._heads.read(buffer.memory, nbytes, self._method)
            except ProtocolError as error:
                self._fail(error)
            else:
                if found is not None:
                    self._deliver(*found)

    def eof_received(self) -> bool:
        """See `asyncio.BaseProtocol`."""
        self._saw_eof = True
        return False  # the transport closes itself

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.BaseProtocol`."""
        self.is_lost = True
        body, self._body = self._body, None
        if body is not None and body.left is None and self._chunks is None and exc is None:
            body.end(None if self._saw_eof else ConnectionLost("the connection closed"))
        text = "the connection closed" if exc is None else without_secrets(str(exc))
        error = ConnectionLost(text or type(exc).__name__)
        if body is not None:
            body.end(error)
        self._fail(error)
        self._deadline.close()
        if self._request_body is not None:
            self._request_body.lost()
        self._on_lost(self)

    def pause_writing(self) -> None:
        """See `asyncio.BaseProtocol`."""
        if self._request_body is not None:
            self._request_body.pause()

    def resume_writing(self) -> None:
        """See `asyncio.BaseProtocol`."""
        if self._request_body is not None:
            self._request_body.resume()

    # -- the request's body tells ----------------------------------------------------------

    def sent_piece(self) -> None:
        """A large body takes its time; only silence counts."""
        self._deadline.put_off()

    def source_failed(self, error: BaseException) -> None:
        """Half a request stands on the connection, and nothing will follow."""
        waiter = self._waiter
        if waiter is not None and not waiter.done() and isinstance(error, Exception):
            waiter.set_exception(error)
        self._fail(ConnectionLost("the source of the request's body failed"))

    # -- inside ----------------------------------------------------------------------------

    def _deliver(self, head: AnswerHead, rest: memoryview) -> None:
        self._keeps_alive = head.keeps_alive
        length = head.length
        whole = b""
        body: BodyBuffer | None = None
        if length is not None and length <= len(rest):
            whole = bytes(rest[:length])
            if length < len(rest):
                self._keeps_alive = False
        else:
            body = self._body = BodyBuffer(
                self._pause, self._resume, limit=length, catches_excess=length is not None
            )
            if head.framing is Framing.CHUNKED:
                self._chunks = ChunkReader()
                if rest:
                    self._receive_chunks(rest)
            elif rest:
                body.feed(bytes(rest))
        self._deadline.stop()
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            self._reply = LeanReply(head, self, whole, body)
            waiter.set_result(self._reply)

    def _receive_chunks(self, data: memoryview) -> None:
        chunks, body = self._chunks, self._body
        if body is None or chunks is None:  # behind the last chunk
            self._keeps_alive = False
            return
        try:
            pieces = chunks.read(data)
        except ProtocolError as error:
            self._fail(ConnectionLost(error.message))
            return
        for piece in pieces:
            _copy(piece, body)
        if chunks.is_complete:
            self._keeps_alive = self._keeps_alive and not chunks.excess
            self._body = None
            body.end(None)

    def _fail(self, error: StorageError) -> None:
        """Tell whoever waits, and close."""
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_exception(error)
        body, self._body = self._body, None
        if body is not None:
            body.end(error)
        self.abort()

    def _pause(self) -> None:
        transport = self._transport
        if transport is not None and not transport.is_closing():
            transport.pause_reading()

    def _resume(self) -> None:
        transport = self._transport
        if transport is not None and not transport.is_closing():
            transport.resume_reading()

    def _unsent(self) -> int:
        return 0 if self._transport is None else unsent_by(self._transport)

    def _too_late(self, seconds: float | None) -> None:
        self._fail(RequestTimeout(f"no answer within {seconds} s"))


def _copy(piece: bytes, body: BodyBuffer) -> None:
    """Into the ring, in which there is room for as much as was received."""
    view = memoryview(piece)
    while view:
        space = body.space()
        size = min(len(space), len(view))
        space[:size] = view[:size]
        body.received(size)
        view = view[size:]
