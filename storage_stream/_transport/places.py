"""How many requests may be under way at once: the others wait for their turn, in order.

It is a semaphore, and a strict one: a place that is given back goes to the one who waits longest,
and nobody can take it before he wakes up. To take a place that is free costs no coroutine, which
asyncio's own asks for, and a look at all who wait; nor does leaving the queue cost such a look.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict

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
        self._waiting: OrderedDict[asyncio.Future[None], None] = OrderedDict()

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
        self._waiting[turn] = None
        try:
            await turn
        except BaseException:
            if turn.done() and not turn.cancelled():
                self.release()
            else:
                self._waiting.pop(turn, None)
            raise

    def release(self) -> None:
        """Give a place back."""
        while self._waiting:
            turn, _ = self._waiting.popitem(last=False)
            if not turn.done():  # else it left the queue, and has not woken up to say so
                turn.set_result(None)
                return
        self.free += 1
