"""A block that ends when the client goes away, however that is heard of.

Web servers tell it only to who asks, and a handler that waits for a bucket does not ask. Asking
costs a task, which a short answer shall not pay for: so it begins after a moment.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

__all__ = ["LOOK_SECONDS", "ClientGoneError", "until_gone"]

LOOK_SECONDS: Final = 0.5
"""So that within a second a request to the bucket ends for which nobody waits."""


class ClientGoneError(ConnectionResetError):
    """Nobody is there any more to be answered."""


@asynccontextmanager
async def until_gone() -> AsyncGenerator[Callable[[], None]]:
    """Within this block, calling what it gives ends it; to be called inside it alone.

    Raises:
        ClientGoneError: It was called, and what was being done is cancelled.
    """
    loop = asyncio.get_running_loop()
    limit = asyncio.timeout(None)

    def gone() -> None:
        if limit.when() is None:
            limit.reschedule(loop.time())

    try:
        async with limit:
            yield gone
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise ClientGoneError("the client went away") from error
