"""Which transport carries a request: the lean one where it can, aiohttp everywhere else.

The lean one knows no proxies and no sessions, and its answers have no response of aiohttp's behind
them. One pair of lanes shares its places, so that `connections` counts both. aiohttp takes longer
to load than all of ours, so it is loaded when a request has to go by it, and not before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from storage_stream._log import log
from storage_stream._transport.allocator import keep_read_buffers
from storage_stream._transport.lean.tls import check_verifies
from storage_stream._transport.lean.transport import LeanTransport
from storage_stream._transport.places import Places
from storage_stream.errors import ClientClosed, InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Coroutine

    import aiohttp

    from storage_stream._protocol.http import Request
    from storage_stream._transport.aiohttp import AiohttpTransport
    from storage_stream._transport.base import ReplyStream
    from storage_stream._transport.session_options import SessionOptions

__all__ = ["Lanes", "StreamLane"]


class Lanes:
    """Both transports of a client.

    Args:
        connections: How many requests may be under way at once.
        session: A session of the caller's: then all goes through it.
        options: How our own session reaches the service; a proxy is aiohttp's.
        lean: False sends everything by aiohttp.

    Raises:
        InvalidArgument: No connections, a context that does not check certificates, or a session
            and besides how one is to be made.
        TypeError: A context that is none.

    Attributes:
        places: The turns of both.
        lean: The lean transport, where there is one.
        made_aiohttp: The other one, once something needed it.
    """

    def __init__(
        self,
        *,
        connections: int,
        session: aiohttp.ClientSession | None,
        options: SessionOptions,
        lean: bool,
    ) -> None:
        if connections < 1:
            raise InvalidArgument(f"connections={connections}: at least 1")
        if options.context is not None:
            check_verifies(options.context)
        if session is not None and not (options.is_direct and options.context is None):
            raise InvalidArgument("a session brings its own ssl, proxy and trust_env")
        keep_read_buffers()  # either of them gains, and before aiohttp is loaded too
        self._session = session
        self._options = options
        self._closed = False
        self.places = places = Places(connections)
        self.made_aiohttp: AiohttpTransport | None = None
        self.lean: LeanTransport | None = None
        if lean and session is None and options.is_direct:
            self.lean = LeanTransport(places=places, context=options.context)
        elif lean:
            log.debug("every request goes by aiohttp: it has the session, or knows the proxy")

    @property
    def aiohttp(self) -> AiohttpTransport:
        """The transport on aiohttp, made when it is first asked for.

        Raises:
            ClientClosed: After `close`.
        """
        if self._closed:
            raise ClientClosed("the client is closed")
        if self.made_aiohttp is None:
            from storage_stream._transport.aiohttp import AiohttpTransport  # noqa: PLC0415 - see the module

            self.made_aiohttp = AiohttpTransport(
                session=self._session, places=self.places, options=self._options
            )
        return self.made_aiohttp

    @property
    def streams(self) -> StreamLane:
        """The way of answers whose response is shown to the caller: always by aiohttp."""
        return StreamLane(self)

    def send(
        self, request: Request, *, timeout: float | None, session: Any = None
    ) -> Coroutine[Any, Any, ReplyStream]:
        """See `Transport.send`."""
        if session is None and self.lean is not None:
            return self.lean.send(request, timeout=timeout)
        return self.aiohttp.send(request, timeout=timeout, session=session)

    async def close(self) -> None:
        """Close both, whatever becomes of the first. Idempotent."""
        self._closed = True
        try:
            if self.lean is not None:
                await self.lean.close()
        finally:
            if self.made_aiohttp is not None:
                await self.made_aiohttp.close()


class StreamLane:
    """A transport that goes by aiohttp, and does not load it before there is something to send.

    Args:
        lanes: Whose.
    """

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes

    def send(
        self, request: Request, *, timeout: float | None, session: Any = None
    ) -> Coroutine[Any, Any, ReplyStream]:
        """See `Transport.send`."""
        return self._lanes.aiohttp.send(request, timeout=timeout, session=session)
