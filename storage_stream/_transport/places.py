"""How many requests may be under way at once: the others wait for their turn, in order.

It is a semaphore, and a strict one: a place that is given back goes to the one who waits longest,
and nobody can take it before he wakes up. To take a place that is free costs no coroutine, which
asyncio's own asks for, and a look at all who wait.
"""

from __future__ import annotations

import asyncio
from collections import deque

__all__ = ["Places"]


class Places:
    """Places for requests.

    Args:
        count: How many.

    Attributes:
        free: How many nobody has; none while somebody waits.
    """

    __slots__ = ("_waiting", "free")

    def __init__(self, count: int) -> None:
        self.free = count
        self._waiting: deque[asyncio.Future[None]] = deque()

    def take_free(self) -> bool:
        """Take a place if one is free, and say whether."""
        if not self.free:
            return False
        self.free -= 1
        return True

    async def take(self) -> None:
        """Take a place, and wait for it in turn.

        Cancelling leaves the queue; a place that was given meanwhile goes to the next.
        """
        if self.take_free():
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except BaseException:
            if turn.cancelled():
                self._forget(turn)
            else:
                self.release()
            raise

    def release(self) -> None:
        """Give a place back."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():  # else it left the queue, and has not woken up to say so
                turn.set_result(None)
                return
        self.free += 1

    def _forget(self, turn: asyncio.Future[None]) -> None:
        if turn in self._waiting:
            self._waiting.remove(turn)
