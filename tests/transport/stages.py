"""The stages on which one contract is played: each transport, and what stands behind it.

A further transport joins by one entry in `WIRE_TRANSPORTS`.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import aiohttp

from storage_stream._protocol.lending import LendingContent
from storage_stream._transport.aiohttp import AiohttpTransport
from storage_stream._transport.base import Transport
from storage_stream._transport.lean.transport import LeanTransport
from storage_stream.errors import ConnectFailed, ProtocolError, StorageError
from storage_stream.testing import Answer, MemoryTransport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from wire_server import WireServer

    from storage_stream._transport.base import ReplyStream
    from storage_stream.testing import RecordedRequest

GARBAGE = b"SSH-2.0-OpenSSH_9.6\r\n\r\n"


@contextlib.asynccontextmanager
async def _aiohttp(
    connections: int, *, lane_from_bytes: int | None = 1
) -> AsyncIterator[AiohttpTransport]:
    transport = AiohttpTransport(connections=connections, lane_from_bytes=lane_from_bytes)
    try:
        yield transport
    finally:
        await transport.close()


@contextlib.asynccontextmanager
async def _aiohttp_with_session(connections: int) -> AsyncIterator[AiohttpTransport]:
    """With the caller's own session, with the defaults everybody has: cookies and all."""
    connector = aiohttp.TCPConnector(limit=connections)
    async with aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        transport = AiohttpTransport(session=session, lane_from_bytes=1)
        yield transport
        await transport.close()
        assert not session.closed


@contextlib.asynccontextmanager
async def _lean(connections: int) -> AsyncIterator[LeanTransport]:
    transport = LeanTransport(connections=connections)
    try:
        yield transport
    finally:
        await transport.close()


WIRE_TRANSPORTS: dict[str, Callable[[int], contextlib.AbstractAsyncContextManager[Any]]] = {
    "aiohttp": _aiohttp,
    "aiohttp-reader": functools.partial(_aiohttp, lane_from_bytes=None),
    "aiohttp-session": _aiohttp_with_session,
    "lean": _lean,
}


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it arrived at the other side."""

    method: str
    target: str
    body: bytes


class ClosableTransport(Transport, Protocol):
    """A transport, and its end."""

    async def close(self) -> None: ...


class WireStage:
    """A transport before a server on loopback."""

    def __init__(self, transport: ClosableTransport, server: WireServer) -> None:
        self.transport = transport
        self.url = server.url
        self._server = server
        self._refusing = socket.socket()

    def close(self) -> None:
        self._refusing.close()

    def answers(self, *answers: Answer) -> None:
        self._server.answers += answers

    def talks_garbage(self) -> None:
        self._server.answers.append(GARBAGE)

    def is_silent(self) -> None:
        self._server.answers.append(None)

    def refuses_connections(self) -> None:
        self._refusing.bind(("127.0.0.1", 0))  # kept, so that nobody else listens there meanwhile
        self.url = f"http://127.0.0.1:{self._refusing.getsockname()[1]}"

    def release(self) -> None:
        self._server.released.set()

    async def until_requested(self) -> None:
        await self._server.until(lambda: bool(self._server.requests))

    @property
    def seen(self) -> list[Seen]:
        return [Seen(r.method, r.target, r.body) for r in self._server.requests]

    async def assert_nothing_open(self) -> None:
        """No connection is in the middle of an answer: every stalled one was closed."""
        await self._server.until(lambda: self._server.open == 0)


class MemoryStage:
    """The transport that has no other side."""

    url = "http://gcs.test"

    def __init__(self) -> None:
        self._queue: list[Answer | StorageError | None] = []
        self._requested = asyncio.Event()
        self.transport = MemoryTransport(self._answer)

    async def _answer(self, _: RecordedRequest) -> Answer | StorageError:
        self._requested.set()
        outcome = self._queue.pop(0)
        if outcome is None:
            await asyncio.Event().wait()
        assert outcome is not None
        return outcome

    def answers(self, *answers: Answer) -> None:
        self._queue += answers

    def talks_garbage(self) -> None:
        self._queue.append(ProtocolError("no HTTP"))

    def is_silent(self) -> None:
        self._queue.append(None)

    def refuses_connections(self) -> None:
        self._queue.append(ConnectFailed("refused"))

    def release(self) -> None:
        self.transport.release()

    async def until_requested(self) -> None:
        await self._requested.wait()

    @property
    def seen(self) -> list[Seen]:
        return [
            Seen(r.method, r.url.removeprefix(self.url), r.body) for r in self.transport.requests
        ]

    async def assert_nothing_open(self) -> None:
        assert self.transport.open == 0


class Source:
    """A request body in pieces, that may fail in its middle."""

    def __init__(
        self, *pieces: bytes, length: int | None = None, failure: Exception | None = None
    ) -> None:
        self._pieces = pieces
        self._failure = failure
        self.length = sum(map(len, pieces)) if length is None else length
        self.begun = 0

    async def chunks(self) -> AsyncIterator[bytes]:
        self.begun += 1
        for piece in self._pieces:
            yield piece
        if self._failure is not None:
            raise self._failure


class LentSource(LendingContent):
    """A body in one buffer, which is overwritten before each piece.

    A transport that keeps pieces would send later bytes in their place; it asks for `chunks`.
    """

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = pieces
        self.length = sum(map(len, pieces))
        self.lent = 0

    async def chunks(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece

    async def lent_chunks(self) -> AsyncIterator[memoryview]:
        buffer = memoryview(bytearray(max(map(len, self._pieces))))
        for piece in self._pieces:
            buffer[:] = b"?" * len(buffer)
            buffer[: len(piece)] = piece
            self.lent += 1
            yield buffer[: len(piece)]


async def drain(reply: ReplyStream) -> bytes:
    """The rest of a body."""
    pieces: list[bytes] = []
    while piece := await reply.read_piece():
        pieces.append(bytes(piece))
    return b"".join(pieces)


async def drain_until_error(reply: ReplyStream) -> tuple[bytes, StorageError]:
    """What comes of a body before it fails, and how it fails."""
    pieces: list[bytes] = []
    while True:
        try:
            piece = await reply.read_piece()
        except StorageError as error:
            return b"".join(pieces), error
        assert piece, "the body ended in order"
        pieces.append(bytes(piece))
