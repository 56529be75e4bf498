"""A block that ends when the client goes away, however that is heard of.

Web servers tell it only to who asks, and a handler that waits for a bucket does not ask. Asking
costs a task, which a short answer shall not pay for: so it begins after a moment.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["LOOK_SECONDS", "ClientGoneError", "Watch"]

LOOK_SECONDS: Final = 0.5
"""So that within a second a request to the bucket ends for which nobody waits."""


class ClientGoneError(ConnectionResetError):
    """Nobody is there any more to be answered."""


class Watch(ABC):
    """`async with` it: what is done in the block is cancelled when nobody waits for it any more.

    A class, since a generator costs a short answer as much again.

    Raises:
        ClientGoneError: At the end of the block: the client went away.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._limit = asyncio.timeout(None)
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        await self._limit.__aenter__()
        self.look_later()
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

    def look_later(self) -> None:
        """Look after a moment."""
        self._timer = self._loop.call_later(LOOK_SECONDS, self.look)

    def gone(self) -> None:
        """End the block; to be called while it is under way."""
        if self._limit.when() is None:
            self._limit.reschedule(self._loop.time())

    @abstractmethod
    def look(self) -> None:
        """See whether somebody is there, and call `gone` or `look_later`."""
