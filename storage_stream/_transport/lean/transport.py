"""The lean transport: places, a pool, and exactly one attempt."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from storage_stream._transport.lean.pool import Pool
from storage_stream._transport.lean.request_head import HeadWriter
from storage_stream._transport.lean.tls import check_verifies
from storage_stream._transport.places import Places
from storage_stream.errors import ClientClosed, InvalidArgument, UsageError

if TYPE_CHECKING:
    import ssl

    from storage_stream._protocol.http import Request
    from storage_stream._transport.lean.connection import Connection
    from storage_stream._transport.lean.reply import LeanReply

__all__ = ["LeanTransport"]

_IDLE_SECONDS: Final = 30.0  # well below what servers keep them for (nginx 75, Google 240)
_AGE_SECONDS: Final = 600.0  # so that load moves on to addresses that are new in the name service


class LeanTransport:
    """HTTP/1.1 connections of our own, made as they are needed, in the loop of the first request.

    Args:
        connections: How many requests may be under way at once; the others wait for their turn,
            in order, and that time does not count.
        places: The turns, where they are shared with another transport.
        context: For TLS; it has to check certificates and names. None: the system's authorities.
        idle_seconds: How long a connection is kept that nobody uses.
        age_seconds: How old a connection may become.

    Raises:
        InvalidArgument: No connections, or a context that does not check.
    """

    def __init__(
        self,
        *,
        connections: int = 100,
        places: Places | None = None,
        context: ssl.SSLContext | None = None,
        idle_seconds: float = _IDLE_SECONDS,
        age_seconds: float = _AGE_SECONDS,
    ) -> None:
        if connections < 1:
            raise InvalidArgument(f"connections={connections}: at least 1")
        self._places = Places(connections) if places is None else places
        self._context = None if context is None else check_verifies(context)
        self._idle_seconds = idle_seconds
        self._age_seconds = age_seconds
        self._heads = HeadWriter()
        self._pool: Pool | None = None
        self._closed = False

    async def close(self) -> None:
        """Close every connection, and end the reads that wait. Idempotent.

        Raises:
            UsageError: In another event loop than before, while that one is open.
        """
        self._closed = True
        if self._pool is not None:
            await self._pool.close()

    async def send(
        self,
        request: Request,
        *,
        timeout: float | None,  # noqa: ASYNC109 - the name callers know it by
        session: Any = None,
    ) -> LeanReply:
        """See `Transport.send`.

        Raises:
            InvalidArgument: A URL, a method or a header that cannot be sent.
            UsageError: A session: there is none here; or another event loop than before.
        """
        if session is not None:
            raise UsageError("the lean transport takes no session")
        pool = self._pool
        if pool is None or self._closed or pool.loop is not asyncio.get_running_loop():
            pool = self._open_pool()
        origin, head = self._heads.write(request)
        if not self._places.take_free():
            await self._places.take()
        connection: Connection | None = None
        try:
            if self._closed:
                raise ClientClosed("the client is closed")  # noqa: TRY301 - the place is to be freed
            now = pool.loop.time()
            deadline = None if timeout is None else now + timeout
            connection = pool.idle(origin, now) or await pool.open(origin, deadline, timeout)
            return await connection.ask(request.method, head, request.body, deadline, timeout)
        except BaseException:
            try:
                if connection is not None:
                    await connection.give_up()
            finally:
                self._places.release()
            raise

    def _open_pool(self) -> Pool:
        if self._closed:
            raise ClientClosed("the client is closed")
        loop = asyncio.get_running_loop()
        pool = self._pool
        if pool is None:
            pool = self._pool = Pool(
                loop,
                self._context,
                idle_seconds=self._idle_seconds,
                age_seconds=self._age_seconds,
                on_free=self._places.release,
            )
        if loop is not pool.loop:
            raise UsageError("the client was used in another event loop: make one for each")
        return pool
