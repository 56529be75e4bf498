"""Work for somebody who may leave: it is given up when nobody waits for its answer any more.

Who stops an upload in a browser is told that nothing was stored; a server hears of that only by
the connection that is closed. It knows nothing of what the work is.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.requests import ClientDisconnect

from storage_stream._shielding import to_its_end

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from fastapi import Request

__all__ = ["unless_left"]

T = TypeVar("T")


async def unless_left(request: Request, work: Coroutine[object, object, T]) -> T:
    """What it gives; it is cancelled, and that awaited, when the client goes away before.

    Args:
        request: The client's; its body has been read.
        work: It.

    Raises:
        ClientDisconnect: The client went away, and the work was given up.
    """
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            await to_its_end(_ended(working))
            if working.cancelled():
                raise ClientDisconnect
        return working.result()
    finally:
        await to_its_end(_ended(working, leaving))


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _ended(*tasks: asyncio.Future[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
