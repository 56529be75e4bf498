"""A small HTTP/1.1 server on loopback that does what a test says, down to the bytes.

It parses requests by itself and forgives nothing, so that it judges what a transport really sends.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from storage_stream._protocol.http import Framing
from storage_stream.testing.memory_answer import Answer, Stall, steps_of

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable

_LONGEST_HEAD = 64 * 1024


class Hangup(Exception):  # noqa: N818 - an event, not a failure
    """The connection is at its end."""


@dataclass(frozen=True, slots=True)
class WireRequest:
    """A request as it came over the wire."""

    method: str
    target: str
    lines: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)

    def get(self, name: str) -> str | None:
        """The one value of a header."""
        values = [value for key, value in self.lines if key == name]
        assert len(values) <= 1, f"{name} came {len(values)} times"
        return values[0] if values else None


class Wire:
    """One connection, seen from the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def read_head(self) -> WireRequest:
        """Request line and headers; the body is still to come."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise Hangup from error
        first, *rest = head[:-4].decode("ascii").split("\r\n")
        method, target, version = first.split(" ")
        assert version == "HTTP/1.1"
        pairs = [line.split(":", 1) for line in rest]
        lines = tuple((name.lower(), value.strip()) for name, value in pairs)
        return WireRequest(method, target, lines, b"")

    async def read_body(self, head: WireRequest) -> WireRequest:
        """The same request with its body."""
        assert head.get("transfer-encoding") is None
        try:
            body = await self.reader.readexactly(int(head.get("content-length") or 0))
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise Hangup from error
        return WireRequest(head.method, head.target, head.lines, body)

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        try:
            await self.writer.drain()
        except ConnectionError as error:
            raise Hangup from error

    async def until_client_closes(self) -> None:
        """Wait for the client's end; further bytes from it would be a fault."""
        try:
            unexpected = await self.reader.read(1)
        except ConnectionError:
            return
        assert not unexpected, "the client sent bytes although its request was complete"

    def finish(self) -> None:
        """Close in order (FIN)."""
        self.writer.close()
        raise Hangup

    def reset(self) -> None:
        """Close at once (RST)."""
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()
        raise Hangup


class WireServer:
    """Serves connections with `play`, which gets the head of each request and the connection.

    Attributes:
        requests: What came in whole, in order.
        heads: How many heads of requests came in.
        connections: How many were opened so far.
        open: How many are open now.
        released: Lets stalled answers go on.
    """

    def __init__(
        self,
        play: Callable[[Wire, WireRequest], Awaitable[None]] | None = None,
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._play = play or self._play_next
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Condition()
        self.answers: list[Answer | bytes | None] = []
        self.requests: list[WireRequest] = []
        self.heads = 0
        self.connections = 0
        self.open = 0
        self.most_open = 0
        self.released = asyncio.Event()
        self.failures: list[BaseException] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", 0, limit=_LONGEST_HEAD, ssl=self._tls
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()
        assert not self.failures, self.failures

    @property
    def url(self) -> str:
        assert self._server is not None
        host, port = self._server.sockets[0].getsockname()
        return f"{'http' if self._tls is None else 'https'}://{host}:{port}"

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is true of this server; looked at after each change."""
        async with self._changed:
            await asyncio.wait_for(self._changed.wait_for(condition), 60)

    async def take(self, wire: Wire, head: WireRequest) -> WireRequest:
        """Read the body of a request, and record it."""
        request = await wire.read_body(head)
        self.requests.append(request)
        await self._tell()
        return request

    async def answer(self, wire: Wire, request: WireRequest, answer: Answer) -> None:
        """Send an answer, as it says."""
        await wire.write(rendered_head(answer))
        if request.method == "HEAD" or not answer.may_have_body:
            return
        for step in steps_of(answer):
            if isinstance(step, bytes):
                await wire.write(_framed(step, answer.framing))
            elif isinstance(step, Stall):
                await self._stall(wire)
            elif answer.framing is Framing.CLOSE:
                wire.reset()
            else:
                wire.finish()
        if answer.framing is Framing.CHUNKED:
            await wire.write(b"0\r\n\r\n")
        elif answer.framing is Framing.CLOSE:
            wire.finish()

    async def _play_next(self, wire: Wire, head: WireRequest) -> None:
        """One of `answers` for each request: bytes are sent as they are, None is silence."""
        request = await self.take(wire, head)
        answer = self.answers.pop(0)
        if answer is None:
            await wire.until_client_closes()
            raise Hangup
        if isinstance(answer, bytes):
            await wire.write(answer)
            wire.finish()
        else:
            await self.answer(wire, request, answer)

    async def _stall(self, wire: Wire) -> None:
        released = asyncio.ensure_future(self.released.wait())
        closed = asyncio.ensure_future(wire.until_client_closes())
        try:
            await asyncio.wait([released, closed], return_when=asyncio.FIRST_COMPLETED)
            if not released.done():
                await closed
                raise Hangup
        finally:
            released.cancel()
            closed.cancel()
            await asyncio.gather(released, closed, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self.open += 1
        self.most_open = max(self.open, self.most_open)
        wire = Wire(reader, writer)
        try:
            await self._tell()
            while True:
                head = await wire.read_head()
                self.heads += 1
                await self._tell()
                await self._play(wire, head)
        except (Hangup, asyncio.CancelledError):
            pass  # the way every connection ends, and the server
        except Exception as error:  # noqa: BLE001 - shown by the test that uses the server
            self.failures.append(error)
        finally:
            self._tasks.discard(task)
            self.open -= 1
            writer.transport.abort() if not writer.is_closing() else None
            await self._tell()

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()


def rendered_head(answer: Answer) -> bytes:
    """Status line and headers on the wire."""
    head = answer.head
    lines = [f"HTTP/1.1 {head.status} {head.reason}", *(f"{n}: {v}" for n, v in head.headers)]
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def _framed(piece: bytes, framing: Framing) -> bytes:
    if framing is Framing.CHUNKED:
        return b"%x\r\n%b\r\n" % (len(piece), piece)
    return piece
