"""What a stopped server does with answers that are under way."""

import asyncio
import contextlib
from typing import Any

from storage_stream.cli.web_server import bound_socket, serve_until_cancelled


async def test_what_is_under_way_undoes_what_it_began_before_the_server_ends() -> None:
    begun, listens = asyncio.Event(), asyncio.Event()
    undone: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        del scope, receive, send
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            for step in ("objects", "rows"):
                await asyncio.sleep(0.01)
                undone.append(step)

    with bound_socket("127.0.0.1", 0) as bound:
        serving = asyncio.create_task(
            serve_until_cancelled(app, bound, listens.set, grace_seconds=0)
        )
        await listens.wait()
        _, writer = await asyncio.open_connection(*bound.getsockname())
        writer.write(b"GET / HTTP/1.1\r\nhost: here\r\n\r\n")
        await begun.wait()
        serving.cancel()
        await serving
        assert undone == ["objects", "rows"]
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
