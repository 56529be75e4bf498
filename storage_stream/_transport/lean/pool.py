"""The connections that are kept, and how new ones are made.

The one used last is used first: so the others grow old and are closed when there is less to do.
What the event loop has not noticed yet, a connection that the server closed meanwhile, is looked
for before a request is trusted to it; one that is dead is replaced, and nothing was sent.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import TYPE_CHECKING, Final

import aiohappyeyeballs

from storage_stream._transport.lean.connection import Connection, ReceiveBuffer
from storage_stream._transport.lean.tls import default_context, untrusted
from storage_stream.errors import ClientClosed, ConnectFailed, RequestTimeout, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from storage_stream._transport.lean.request_head import Origin

__all__ = ["Pool"]

_EYEBALL_SECONDS: Final = 0.25  # RFC 8305 §5: before the next address is tried


class Pool:
    """The connections of one event loop.

    Args:
        loop: The loop.
        context: For TLS; None for the system's authorities.
        idle_seconds: How long a connection is kept that nobody uses.
        age_seconds: How old it may become: names change their addresses.
        on_free: Told of each connection that a request is done with.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        context: ssl.SSLContext | None,
        *,
        idle_seconds: float,
        age_seconds: float,
        on_free: Callable[[], None],
    ) -> None:
        self.loop = loop
        self._context = context
        self._idle_seconds = idle_seconds
        self._age_seconds = age_seconds
        self._on_free = on_free
        self._buffer = ReceiveBuffer()
        self._all: dict[Connection, Origin] = {}
        self._idle: dict[Origin, list[Connection]] = {}
        self._sweeping: asyncio.TimerHandle | None = None
        self._empty: asyncio.Future[None] | None = None
        self._closed = False

    def idle(self, origin: Origin, now: float) -> Connection | None:
        """A connection that is there, and as far as is known alive.

        Args:
            origin: Where it leads.
            now: By the loop's clock.
        """
        kept = self._idle.get(origin)
        while kept:
            connection = kept.pop()
            if connection.is_lost:
                continue
            idle_seconds = now - connection.idle_since
            if (
                idle_seconds < self._idle_seconds
                and now - connection.opened_at < self._age_seconds
                and not connection.has_unread()
            ):
                return connection
            connection.abort()
        return None

    async def open(
        self,
        origin: Origin,
        deadline: float | None,
        seconds: float | None,
    ) -> Connection:
        """A new connection.

        Raises:
            ConnectFailed: There is none to be had.
            UntrustedCertificate: Nobody vouches for who answered.
            RequestTimeout: Not by the deadline.
        """
        limit = asyncio.timeout_at(deadline)
        try:
            async with limit:
                return await self._open(origin)
        except TimeoutError as error:
            if limit.expired():
                raise RequestTimeout(f"no connection within {seconds} s") from error
            raise ConnectFailed(_text(error)) from error
        except ssl.SSLCertVerificationError as error:
            raise untrusted(origin.host, error) from error
        except OSError as error:
            raise ConnectFailed(_text(error)) from error

    async def close(self) -> None:
        """End all of them, and come back when they are gone. Idempotent.

        Where their loop was closed before, they ended with it.

        Raises:
            UsageError: Their loop is another one, and still open.
        """
        self._closed = True
        self._idle.clear()
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None
        if self.loop.is_closed():
            self._all.clear()
            return
        if self.loop is not asyncio.get_running_loop():
            raise UsageError("the client was used in another event loop: close it there")
        for connection in list(self._all):
            connection.end(ClientClosed("the client is closed"))
        if self._all:
            if self._empty is None:
                self._empty = self.loop.create_future()
            await asyncio.shield(self._empty)

    # -- inside ----------------------------------------------------------------------------

    async def _open(self, origin: Origin) -> Connection:
        connected = await self._connect(origin)
        try:
            context = self._tls_context() if origin.is_tls else None
            connection = Connection(self.loop, self._buffer, self._freed, self._lost)
        except BaseException:
            connected.close()
            raise
        transport, _ = await self.loop.create_connection(
            lambda: connection,
            sock=connected,
            ssl=context,
            server_hostname=origin.host if origin.is_tls else None,
        )
        tls = transport.get_extra_info("ssl_object")
        if tls is not None and tls.selected_alpn_protocol() not in {None, "http/1.1"}:
            transport.abort()
            raise ConnectFailed("the TLS context offers a protocol besides http/1.1")
        if self._closed:
            transport.abort()
            raise ClientClosed("the client is closed")
        self._all[connection] = origin
        return connection

    async def _connect(self, origin: Origin) -> socket.socket:
        addresses = await self.loop.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
        return await aiohappyeyeballs.start_connection(  # pyright: ignore[reportUnknownMemberType] - a bare tuple in its hints
            addresses, happy_eyeballs_delay=_EYEBALL_SECONDS, interleave=1, loop=self.loop
        )

    def _tls_context(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = default_context()
        return self._context

    def _freed(self, connection: Connection) -> None:
        self._on_free()
        if connection.is_lost:
            return
        now = self.loop.time()
        if self._closed or now - connection.opened_at >= self._age_seconds:
            connection.abort()
            return
        connection.idle_since = now
        self._idle.setdefault(self._all[connection], []).append(connection)
        if self._sweeping is None:
            self._sweeping = self.loop.call_later(self._idle_seconds, self._sweep)

    def _lost(self, connection: Connection) -> None:
        origin = self._all.pop(connection, None)
        if origin is not None and connection in (kept := self._idle.get(origin, [])):
            kept.remove(connection)
        if not self._all and self._empty is not None and not self._empty.done():
            self._empty.set_result(None)

    def _sweep(self) -> None:
        """Close those that nobody used for so long; look again while others are kept."""
        self._sweeping = None
        too_old = self.loop.time() - self._idle_seconds
        for origin, kept in list(self._idle.items()):
            for connection in [each for each in kept if each.idle_since <= too_old]:
                kept.remove(connection)
                connection.abort()
            if not kept:
                del self._idle[origin]
        if self._idle:
            self._sweeping = self.loop.call_later(self._idle_seconds / 2, self._sweep)


def _text(error: OSError) -> str:
    return str(error) or type(error).__name__
