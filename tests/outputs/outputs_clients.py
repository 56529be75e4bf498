"""Servers on real ports, and clients that read as little as they are told to."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web
from leaks import busy_connections, free_places, until
from outputs_process import listening, server_of
from outputs_servers import aiohttp_app, fastapi_app

from storage_stream.outputs import BlobManager

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from contextlib import AbstractAsyncContextManager

    from fastapi import FastAPI

    from storage_stream import Storage

READ_BYTES = 64 * 1024


@asynccontextmanager
async def port_of(app: FastAPI | web.Application, **options: Any) -> AsyncGenerator[int]:
    """Serve it, by uvicorn or by aiohttp."""
    place = listening()
    if isinstance(app, web.Application):
        runner = web.AppRunner(app, **options)
        await runner.setup()
        await web.SockSite(runner, place).start()
        try:
            yield place.getsockname()[1]
        finally:
            await runner.cleanup()
        return
    server = server_of(app)
    serving = asyncio.create_task(server.serve(sockets=[place]))
    try:
        yield place.getsockname()[1]
    finally:
        server.should_exit = True
        await serving


def uvicorn_port(
    storage: Storage, manager: BlobManager | None = None
) -> AbstractAsyncContextManager[int]:
    """The app of FastAPI."""
    return port_of(fastapi_app(storage, manager or BlobManager()))


def aiohttp_port(
    storage: Storage, manager: BlobManager | None = None
) -> AbstractAsyncContextManager[int]:
    """The app of aiohttp.web."""
    return port_of(aiohttp_app(storage, manager or BlobManager()))


class BareClient:
    """A connection, over which nothing goes but what is written here."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def at(cls, port: int) -> Self:
        """Connect."""
        place = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        place.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2 * READ_BYTES)
        place.settimeout(0)
        await asyncio.get_running_loop().sock_connect(place, ("127.0.0.1", port))
        return cls(*await asyncio.open_connection(sock=place, limit=READ_BYTES))

    def ask(self, path: str, *lines: str, method: str = "GET", host: str = "here") -> None:
        """Send a request without waiting for anything."""
        head = "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: {host}", *lines, "", ""])
        self.writer.write(head.encode("latin-1"))

    async def head(self) -> str:
        """The status line and the headers of what is answered."""
        return (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")

    async def close(self) -> None:
        """Go away."""
        self.writer.close()
        await asyncio.gather(self.writer.wait_closed(), return_exceptions=True)


async def idle(storage: Storage) -> None:
    """Wait until nothing is asked of the bucket any more."""
    await until(
        lambda: free_places(storage) == 100 and busy_connections(storage) == 0,
        lambda: f"{100 - free_places(storage)} requests go on",
    )
