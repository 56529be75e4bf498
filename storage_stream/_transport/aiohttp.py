"""The transport on aiohttp.

aiohttp by itself sends a GET, HEAD, PUT or DELETE a second time when a kept connection turns out
to be dead. Whether something is sent again is decided above, in one place, with a budget; so
here a client middleware turns the two errors that aiohttp would repeat on into one it does not.
"""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from typing import TYPE_CHECKING, Any

import aiohttp
from yarl import URL

from storage_stream._protocol.http import Content, Framing, Headers, ReplyHead, Request
from storage_stream._transport.aiohttp_errors import translated
from storage_stream._transport.base import exact_chunks
from storage_stream._transport.body_lane import SHORTEST_BODY_BYTES, enter_lane
from storage_stream._transport.places import Places
from storage_stream._transport.session_options import DIRECT, SessionOptions
from storage_stream.errors import (
    ClientClosed,
    ConnectionLost,
    InvalidArgument,
    RequestTimeout,
    StorageError,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from aiohttp import ClientHandlerType

    from storage_stream._transport.body_lane import BodyLane

__all__ = ["AiohttpTransport"]

_NO_TIMEOUT = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None)
_PIECE_BYTES = 256 * 1024  # of a body that is handed to aiohttp at a time
_WITHOUT_AUTOMATIC = ("User-Agent", "Accept-Encoding", "Content-Type")


class AiohttpTransport:
    """One session of our own, made at the first request, with a fair queue for its connections.

    The queue is ours and not the connector's, because a request that waits for its turn among a
    thousand others has not begun: its timeout must not run.

    Args:
        connections: How many requests may be under way at once.
        session: A session of the caller's, used in place of our own, and left open.
        lane_from_bytes: How much of a body has to be to come for it to be received into memory
            of our own, see `body_lane`; None for no body.
        places: The turns of requests, where they are shared with another transport.
        options: How our own session reaches the service.
    """

    def __init__(
        self,
        *,
        connections: int = 100,
        session: aiohttp.ClientSession | None = None,
        lane_from_bytes: int | None = SHORTEST_BODY_BYTES,
        places: Places | None = None,
        options: SessionOptions = DIRECT,
    ) -> None:
        if connections < 1:
            raise InvalidArgument(f"connections={connections}: at least 1")
        self._given = session
        self._own: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None  # of our own session
        self._places = Places(connections) if places is None else places
        self._options = options
        self._lane_from_bytes = lane_from_bytes
        self._closed = False
        self._replies: weakref.WeakSet[_AiohttpReply] = weakref.WeakSet()

    @property
    def session(self) -> aiohttp.ClientSession:
        """The session that is used; made on first use, inside the running loop.

        Raises:
            ClientClosed: After `close`.
            UsageError: Another loop is running than at the first use.
        """
        if self._closed:
            raise ClientClosed("the client is closed")
        if self._given is not None:
            return self._given
        loop = asyncio.get_running_loop()
        if self._own is None:
            self._loop = loop
            self._own = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ssl=self._options.context or True),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=_NO_TIMEOUT,
                proxy=self._options.proxy,
                trust_env=self._options.trust_env,
            )
        if loop is not self._loop:  # it would look like lost connections, or hang
            raise UsageError("the client was used in another event loop: make one for each")
        return self._own

    async def close(self) -> None:
        """Close the session if it is ours, and end the reads that wait. Idempotent."""
        self._closed = True
        for reply in list(self._replies):  # aiohttp lets a read wait on for ever
            reply.abort(ClientClosed("the client is closed"))
        own, self._own = self._own, None
        if own is not None:
            await own.close()

    async def send(
        self,
        request: Request,
        *,
        timeout: float | None,  # noqa: ASYNC109 - the name callers know it by
        session: Any = None,
    ) -> _AiohttpReply:
        """See `Transport.send`."""
        chosen: aiohttp.ClientSession = self.session if session is None else session
        if session is not None or self._given is not None:
            reply = await _exchange(chosen, request, timeout, _nothing)
        else:
            reply = await self._exchange_in_turn(chosen, request, timeout)
        if self._lane_from_bytes is not None:
            reply.enter_lane(self._lane_from_bytes, request.buffer_bytes)
        self._replies.add(reply)
        return reply

    async def _exchange_in_turn(
        self,
        session: aiohttp.ClientSession,
        request: Request,
        timeout: float | None,  # noqa: ASYNC109 - the name callers know it by
    ) -> _AiohttpReply:
        await self._places.take()
        try:
            return await _exchange(session, request, timeout, self._places.release)
        except BaseException:
            self._places.release()
            raise


async def _exchange(
    session: aiohttp.ClientSession,
    request: Request,
    timeout: float | None,  # noqa: ASYNC109 - the name callers know it by
    on_close: Callable[[], None],
) -> _AiohttpReply:
    source = _Outgoing(request.body)
    try:
        async with asyncio.timeout(timeout) as deadline:
            source.on_progress = lambda: _put_off(deadline, timeout)
            response = await session.request(
                request.method,
                _url(request.target),
                headers=_outgoing_headers(request),
                data=source.payload(),
                allow_redirects=False,
                raise_for_status=False,
                auto_decompress=False,
                skip_auto_headers=_WITHOUT_AUTOMATIC,
                timeout=_NO_TIMEOUT,
                middlewares=(_single_attempt, *getattr(session, "_middlewares", ())),
            )
    except TimeoutError as error:
        if source.failure is not None:
            raise source.failure from None
        raise RequestTimeout(f"no answer within {timeout} s") from error
    except (aiohttp.ClientError, OSError, RuntimeError, AttributeError) as error:
        # AttributeError: aiohttp trips over a connection that closes while it reads the head.
        if source.failure is not None:
            raise source.failure from None
        # A ClientResponseError holds the request: its URL, and the authorization.
        cause = None if isinstance(error, aiohttp.ClientResponseError) else error
        raise translated(error, closed=session.closed) from cause
    source.on_progress = _nothing  # the answer may come before the end of the body
    return _AiohttpReply(response, on_close)


def _url(target: str) -> URL:
    with contextlib.suppress(ValueError):
        url = URL(target, encoded=True)
        if url.scheme in {"http", "https"} and url.host and url.port:
            return url
    raise InvalidArgument("the URL cannot be used")  # it is not shown: a session's is a secret


def _outgoing_headers(request: Request) -> list[tuple[str, str]]:
    lines = list(request.headers)
    body = request.body
    length = len(body) if isinstance(body, bytes) else body.length
    if length or request.method in {"POST", "PUT", "PATCH"}:
        lines.append(("content-length", str(length)))
    return lines


def _nothing() -> None:
    """A callback for when there is nothing to do."""


def _put_off(deadline: asyncio.Timeout, seconds: float | None) -> None:
    """A large body takes its time; only silence counts."""
    if seconds is not None and not deadline.expired():
        deadline.reschedule(asyncio.get_running_loop().time() + seconds)


class _Outgoing:
    """A request's body on its way; remembers whether its source failed, and how."""

    def __init__(self, body: bytes | Content) -> None:
        self._body = body
        self.failure: Exception | None = None
        self.on_progress = _nothing

    def payload(self) -> Any:
        if isinstance(self._body, bytes) and len(self._body) <= _PIECE_BYTES:
            return self._body or None
        return self._pieces()

    async def _pieces(self) -> AsyncIterator[bytes | memoryview]:
        try:
            async for piece in _pieces_of(self._body):
                yield piece
                self.on_progress()
        except Exception as error:
            self.failure = error  # aiohttp would name it a lost connection
            raise


async def _pieces_of(body: bytes | Content) -> AsyncIterator[bytes | memoryview]:
    if not isinstance(body, bytes):
        async for chunk in exact_chunks(body):
            yield chunk
        return
    view = memoryview(body)
    for start in range(0, len(view), _PIECE_BYTES):
        yield view[start : start + _PIECE_BYTES]


async def _single_attempt(
    request: aiohttp.ClientRequest, handler: ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a request again by itself."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise aiohttp.ClientConnectionError(str(error) or type(error).__name__) from error


class _AiohttpReply:
    """An aiohttp response as a `ReplyStream`."""

    __slots__ = (
        "__weakref__",
        "_connection_closed",
        "_content",
        "_error",
        "_lane",
        "_on_close",
        "framing",
        "head",
        "raw",
    )

    def __init__(self, response: aiohttp.ClientResponse, on_close: Callable[[], None]) -> None:
        self.raw = response
        self.head = ReplyHead(
            response.status, response.reason or "", Headers(response.headers.items())
        )
        self.framing = _framing(response, self.head)
        self._content = response.content
        self._error: StorageError | None = None
        self._lane: BodyLane | None = None
        self._on_close: Callable[[], None] | None = on_close
        self._connection_closed: asyncio.Future[None] | None = None
        if self.framing is Framing.CHUNKED:
            self._watch_connection()

    def enter_lane(self, shortest: int, buffer_bytes: int | None) -> None:
        """Receive the body into memory of our own, if that can be."""
        length = self.head.content_length if self.framing is Framing.LENGTH else None
        self._lane = enter_lane(self.raw, length, shortest, buffer_bytes)

    @property
    def whole(self) -> bytes | None:
        """See `ReplyStream.whole`."""
        return None

    @property
    def buffered(self) -> int:
        """See `ReplyStream.buffered`."""
        return 0 if self._lane is None else self._lane.buffered

    def read_piece(self, at_least: int = 1) -> Coroutine[Any, Any, bytes | memoryview]:
        """See `ReplyStream.read_piece`."""
        return self._read() if self._lane is None else self._lane.read(at_least)

    async def _read(self) -> bytes:
        while self._error is None:
            if self._content.at_eof() and self._content.exception() is None:
                return b""  # readchunk() of aiohttp's one empty body says this only once
            try:
                piece, ends_chunk = await self._content.readchunk()
            except StorageError as error:
                return self._broke(error)
            except (aiohttp.ClientError, OSError, RuntimeError) as error:
                return self._broke(translated(error, closed=self._on_close is None))
            if piece or not ends_chunk:
                return piece
        raise self._error

    def receive_into(self, target: memoryview) -> Coroutine[Any, Any, int] | None:
        """See `ReplyStream.receive_into`."""
        return None if self._lane is None else self._lane.receive_into(target)

    def _broke(self, error: StorageError) -> bytes:
        """Deliver what had arrived before the failure; the failure comes with the next read."""
        self._error = error
        self._content.set_exception(None)  # type: ignore[arg-type]  # takes the mark off again
        rest = self._content.read_nowait()
        if rest:
            return rest
        raise error

    def _watch_connection(self) -> None:
        """Behind a chunk that is none, aiohttp closes the connection and lets the read wait on."""
        connection = self.raw.connection
        protocol = None if connection is None else connection.protocol
        closed = getattr(protocol, "closed", None)  # the first 3.12s have none
        if closed is not None:
            self._connection_closed = closed
            closed.remove_done_callback(_note_end)  # one for all answers of this connection
            closed.add_done_callback(_note_end)
            closed.add_done_callback(self._end_waiting)

    def _end_waiting(self, _closed: asyncio.Future[None]) -> None:
        if not self._content.is_eof() and self._content.exception() is None:
            self.abort(ConnectionLost("the connection closed inside a chunk"))

    def abort(self, error: StorageError) -> None:
        """See `ReplyStream.abort`."""
        if self._lane is not None:
            self._lane.abort(error)
        else:
            self._content.set_exception(error)

    def close(self) -> None:
        """See `ReplyStream.close`."""
        on_close, self._on_close = self._on_close, None
        if on_close is None:
            return
        if self._connection_closed is not None:
            self._connection_closed.remove_done_callback(self._end_waiting)
        if self._lane is not None:
            self._lane.close(ClientClosed("the body is closed"))
        if self._content.is_eof():
            self.raw.release()
        else:
            self.raw.close()
        on_close()


def _note_end(closed: asyncio.Future[None]) -> None:
    """Look at how a connection ended, so that nobody is told that nobody did."""
    if not closed.cancelled():
        closed.exception()


def _framing(response: aiohttp.ClientResponse, head: ReplyHead) -> Framing:
    if "chunked" in (head.headers.get("transfer-encoding") or "").lower():
        return Framing.CHUNKED
    no_body = response.method == "HEAD" or response.status in {204, 304}
    return Framing.LENGTH if no_body or head.content_length is not None else Framing.CLOSE
