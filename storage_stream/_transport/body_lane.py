"""The fast lane: the body of an aiohttp response, received straight into memory of our own.

aiohttp connects, speaks TLS, sends, and reads the head. Then, for a body whose length is known,
the connection's protocol is exchanged for one that receives into a `BodyBuffer`; aiohttp's comes
back when the last byte is here, and the connection goes to its pool as if it had read the body
itself. What is used of aiohttp has public names but no documented promise; `_obstacle` looks at
all of it each time, and any surprise leaves the body with aiohttp.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from aiohttp import StreamReader
from aiohttp.client_proto import ResponseHandler

from storage_stream._log import log
from storage_stream._transport.body_buffer import BodyBuffer
from storage_stream.errors import ConnectionLost

if TYPE_CHECKING:
    import aiohttp

    from storage_stream.errors import StorageError

__all__ = ["SHORTEST_BODY_BYTES", "BodyLane", "enter_lane"]


SHORTEST_BODY_BYTES: Final = 64 * 1024
"""Of which fewer are still to come, the exchange costs more than it saves."""

_TRANSPORT_METHODS = (
    *("get_protocol", "set_protocol", "is_closing"),
    *("pause_reading", "resume_reading"),
)
_HANDLER_METHODS = (
    *("connection_lost", "eof_received", "pause_writing", "resume_writing"),
    *("set_response_params", "force_close"),
)
_CONTENT_METHODS = ("read_nowait", "feed_eof", "is_eof", "exception")


class BodyLane(asyncio.BufferedProtocol):
    """Receives one body, in place of aiohttp's protocol.

    Args:
        handler: aiohttp's protocol of the connection.
        transport: The connection's.
        content: aiohttp's stream of the body; it is told the end.
        limit: Bytes of the body.
        buffer_bytes: How much of it is held at most; None for as much as is fast.
    """

    def __init__(
        self,
        handler: ResponseHandler,
        transport: asyncio.Transport,
        content: StreamReader,
        limit: int,
        buffer_bytes: int | None = None,
    ) -> None:
        self._handler = handler
        self._transport = transport
        self._content = content
        self._is_on = False
        self._buffer = BodyBuffer(
            transport.pause_reading,
            transport.resume_reading,
            limit=limit,
            catches_excess=True,
            storage=None if buffer_bytes is None else bytearray(max(3, buffer_bytes)),
        )
        self.read = self._buffer.read
        self.receive_into = self._buffer.receive_into
        self.abort = self._buffer.abort

    @property
    def is_complete(self) -> bool:
        """Whether the body arrived to its end; then the connection is aiohttp's again."""
        return self._buffer.is_complete

    @property
    def buffered(self) -> int:
        """Bytes that arrived and were not read."""
        return self._buffer.buffered

    def start(self, early: bytes) -> None:
        """Take the connection over.

        Args:
            early: What aiohttp had received of the body; it is read first.
        """
        if early:
            self._buffer.feed(early)
        self._is_on = True
        _exchange_protocol(self._transport, self)

    def close(self, error: StorageError) -> None:
        """Nobody reads on. Inside the body the connection is of no use, and aiohttp closes it.

        Idempotent.
        """
        self._buffer.close(error)
        if self._is_on:
            self._is_on = False
            self._transport.pause_reading()  # for good: what comes now is nobody's
            self._transport.set_protocol(self._handler)

    # -- called by the event loop ----------------------------------------------------------

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's signature
        """See `asyncio.BufferedProtocol`."""
        return self._buffer.space()

    def buffer_updated(self, nbytes: int) -> None:
        """See `asyncio.BufferedProtocol`."""
        self._buffer.received(nbytes)
        if self._buffer.left == 0:
            self._finish()

    def eof_received(self) -> None:
        """The service closed; `connection_lost` follows."""
        self._handler.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection broke inside the body; aiohttp hears of it, too."""
        self._is_on = False
        self._buffer.end(ConnectionLost(_reason(exc)))
        self._handler.connection_lost(exc)

    def pause_writing(self) -> None:
        """An answer may come before the request's body is out, which aiohttp is still sending."""
        self._handler.pause_writing()

    def resume_writing(self) -> None:
        """See `pause_writing`."""
        self._handler.resume_writing()

    # -- the way back ----------------------------------------------------------------------

    def _finish(self) -> None:
        if self._buffer.has_excess:  # what else may come would be taken for the next answer
            log.debug("body: the service sent more than the length it said; not used again")
            self._handler.force_close()
        self._is_on = False
        _exchange_protocol(self._transport, self._handler)
        # Its parser still waits for the body. A new one takes stray bytes for what they are.
        self._handler.set_response_params()
        self._content.feed_eof()  # the connection goes to the pool


def enter_lane(
    response: aiohttp.ClientResponse,
    length: int | None,
    shortest: int,
    buffer_bytes: int | None = None,
) -> BodyLane | None:
    """Take the body of a response out of aiohttp's hands, if that is possible and worth it.

    Args:
        response: Its head was read, nothing of its body.
        length: What its Content-Length says; None when the body ends otherwise.
        shortest: How many bytes have to be to come, at least 1.
        buffer_bytes: How much of it is held at most; None for as much as is fast.
    """
    obstacle = _obstacle(response, length, shortest)
    if obstacle is not None or length is None:
        log.debug("body: read by aiohttp: %s", obstacle)
        return None
    connection, content = response.connection, response.content
    handler, transport = _ends(connection)
    early = content.read_nowait()
    left = length - content.total_bytes
    log.debug("body: fast lane: %d of its %d bytes are to come", left, length)
    lane = BodyLane(handler, transport, content, left + len(early), buffer_bytes)
    lane.start(early)
    return lane


def _obstacle(response: aiohttp.ClientResponse, length: int | None, shortest: int) -> str | None:
    """Why the body cannot, or should not, leave aiohttp; None when it can."""
    if length is None:
        return "its length is not known"
    content, connection = response.content, response.connection
    if connection is None or not isinstance(content, StreamReader):
        return "it is here to its end"
    if not _has(content, _CONTENT_METHODS) or not hasattr(content, "total_bytes"):
        return "this aiohttp's stream is not one we know"
    if content.exception() is not None or content.is_eof():
        return "it is over"
    if length - content.total_bytes < shortest:
        return "little of it is to come"
    return _connection_obstacle(connection)


def _connection_obstacle(connection: Any) -> str | None:
    handler, transport = _ends(connection)
    if not isinstance(handler, ResponseHandler) or not _has(handler, _HANDLER_METHODS):
        return "this aiohttp's protocol is not one we know"
    if not _has(transport, _TRANSPORT_METHODS) or transport.get_protocol() is not handler:
        return "this transport is not one we know"
    if transport.is_closing():
        return "its connection is closing"
    if handler.upgraded or handler.read_timeout:
        return "aiohttp has more to do with this connection"
    return None


def _ends(connection: Any) -> tuple[Any, Any]:
    """The protocol of a connection, which is aiohttp's, and the event loop's transport."""
    return getattr(connection, "protocol", None), getattr(connection, "transport", None)


def _has(thing: object, names: tuple[str, ...]) -> bool:
    return all(callable(getattr(thing, name, None)) for name in names)


def _exchange_protocol(transport: asyncio.Transport, protocol: asyncio.BaseProtocol) -> None:
    """Let another protocol receive. uvloop looks at what kind it is only when reading begins."""
    transport.pause_reading()
    transport.set_protocol(protocol)
    transport.resume_reading()


def _reason(error: Exception | None) -> str:
    if error is None:
        return "the connection closed inside the body"
    return str(error) or type(error).__name__
