"""An ASGI application served until somebody says stop, by uvicorn, in a loop that has other work.

It knows nothing of what is served, nor of buckets.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import socket
from typing import TYPE_CHECKING, Any

import click
import uvicorn

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

__all__ = ["bound_socket", "is_loopback", "serve_until_cancelled", "url_of"]

_GRACE_SECONDS = 5
"""For answers that are under way when it stops; who downloads for longer begins anew."""


class _Server(uvicorn.Server):
    """uvicorn's, which leaves the signals to the command and says when it listens."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._listening = listening

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Take none over: the command knows what Ctrl-C does."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so."""
        await super().startup(sockets=sockets)
        if not self.should_exit:
            self._listening()


async def serve_until_cancelled(
    app: Any,
    bound: socket.socket,
    listening: Callable[[], None],
    *,
    grace_seconds: int = _GRACE_SECONDS,
) -> None:
    """Serve; cancelling ends what is under way and then returns, because that is what was wanted.

    What is under way for longer than its grace is cancelled; it may undo what it began.

    Args:
        app: An ASGI application.
        bound: Where it is served.
        listening: Called as soon as it can be asked.
        grace_seconds: For answers that are under way when it stops.
    """
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=grace_seconds,
    )
    server = _Server(config, listening)
    serving = asyncio.create_task(server.serve([bound]))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        await serving
        # uvicorn cancels what is left and waits no more; what that uses is closed after this.
        if left := server.server_state.tasks:
            await asyncio.wait(left)


def bound_socket(host: str, port: int) -> socket.socket:
    """A socket that listens there.

    Raises:
        click.ClickException: It cannot; most of the time somebody else does.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        # Python's text repeats the address; a name that is not found has no number.
        number = error.errno or 0
        why = os.strerror(number) if number > 0 else str(error)
        text = f"Port {port} of {host} cannot be served: {why}. --port 0 picks a free one."
        raise click.ClickException(text) from None


def url_of(bound: socket.socket) -> str:
    """The address that a browser on this machine opens."""
    host, port = bound.getsockname()[:2]
    address = ipaddress.ip_address(host)
    if address.is_unspecified:
        host = "::1" if address.version == 6 else "127.0.0.1"  # noqa: PLR2004 - IP's version
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
