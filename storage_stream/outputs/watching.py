"""A block that ends when the client goes away, however that is heard of, or takes nothing.

Web servers tell it only to who asks, and a handler that waits for a bucket does not ask. Asking
costs a task, which a short answer shall not pay for: so it begins after a moment. And no web server
minds a client that stays and does not read, such as a film that is paused: but each holds a request
to the bucket, of which a `Storage` has so many.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from types import TracebackType

__all__ = ["LOOK_SECONDS", "PATIENCE_SECONDS", "ClientGoneError", "Watch"]

LOOK_SECONDS: Final = 0.5
"""So that within a second a request to the bucket ends for which nobody waits."""

PATIENCE_SECONDS: Final = 60.0
"""For a client to take a piece, at most 64 KiB; nginx's `send_timeout` is the same for a write.
Players of films ask again, by ranges."""


class ClientGoneError(ConnectionResetError):
    """Nobody is there any more to be answered."""


class Watch(ABC):
    """`async with` it: what is done in the block is cancelled when nobody waits for it any more.

    A class, since a generator costs a short answer as much again.

    Args:
        patience: Seconds that a client has for each piece that it is sent.

    Raises:
        ClientGoneError: At the end of the block: the client went away, or took nothing.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._sending_since: float | None = None
        self._loop = asyncio.get_running_loop()
        self._limit = asyncio.timeout(None)
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        await self._limit.__aenter__()
        self._timer = self._loop.call_later(LOOK_SECONDS, self._tick)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        try:
            await self._limit.__aexit__(kind, error, traceback)
        except TimeoutError as expired:
            raise ClientGoneError("the client went away") from expired

    async def sent(self, sending: Awaitable[None]) -> None:
        """Send a piece, for which the client has that much time."""
        self._sending_since = self._loop.time()
        await sending
        self._sending_since = None

    def _tick(self) -> None:
        since = self._sending_since
        if since is not None and self._loop.time() - since > self._patience:
            self.gone()
            return
        self.look()
        self._timer = self._loop.call_later(LOOK_SECONDS, self._tick)

    def gone(self) -> None:
        """End the block; to be called while it is under way."""
        if self._limit.when() is None:
            self._limit.reschedule(self._loop.time())

    @abstractmethod
    def look(self) -> None:
        """See whether somebody is there, or begin to; and call `gone` where nobody is."""
