"""A body that comes too slowly is a broken one: the watch over every answer that is read.

A limit on the whole time would punish large objects, a limit on each read is fooled by a server
that sends a byte a minute. So the rate is watched, and only while somebody waits for bytes: a
consumer may take as long as it likes between its own reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from storage_stream._transport.forwarded_reply import ForwardedReply
from storage_stream.errors import TransferStalled

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from storage_stream._transport.base import ReplyStream
    from storage_stream._transport.clock import Clock, TimerHandle

__all__ = ["MINIMUM_BYTES_PER_SECOND", "WatchedReply"]

MINIMUM_BYTES_PER_SECOND = 64
"""Slower than any link that is still up; a keep-alive dribble stays under it."""

_TICKS_PER_WINDOW = 8  # how finely time spent waiting is told from time spent elsewhere


class WatchedReply(ForwardedReply):
    """A `ReplyStream` that fails with `TransferStalled` when its bytes come too slowly.

    Args:
        reply: The answer to watch.
        clock: Where time comes from.
        window: Seconds of waiting in which at least `MINIMUM_BYTES_PER_SECOND * window` bytes
            have to come; None watches nothing.
    """

    def __init__(self, reply: ReplyStream, clock: Clock, window: float | None) -> None:
        self._reply = reply
        self._clock = clock
        self._window = window or 0.0
        self._waiting = False
        self._received = 0
        self._arrived_before = 0
        self._since = clock.now()
        self._timer: TimerHandle | None = None
        if window is not None:
            self._schedule()

    async def read_piece(self, at_least: int = 1) -> bytes | memoryview:
        """See `ReplyStream.read_piece`.

        Raises:
            TransferStalled: Fewer bytes came than the minimum rate.
        """
        self._waiting = True
        try:
            piece = await self._reply.read_piece(at_least)
        finally:
            self._waiting = False
        self._received += len(piece)
        return piece

    def receive_into(self, target: memoryview) -> Coroutine[Any, Any, int] | None:
        """See `ReplyStream.receive_into`; raises as `read_piece`."""
        receiving = self._reply.receive_into(target)
        return None if receiving is None else self._watch(receiving)

    async def _watch(self, receiving: Coroutine[Any, Any, int]) -> int:
        self._waiting = True
        try:
            count = await receiving
        finally:
            self._waiting = False
        self._received += count
        return count

    def close(self) -> None:
        """See `ReplyStream.close`."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._reply.close()

    def _schedule(self) -> None:
        self._timer = self._clock.call_later(self._window / _TICKS_PER_WINDOW, self._tick)

    def _tick(self) -> None:
        total = self._received + self._reply.buffered
        arrived = total - self._arrived_before
        enough = arrived >= MINIMUM_BYTES_PER_SECOND * self._window
        if enough or not self._waiting:
            self._arrived_before = total
            self._since = self._clock.now()
        elif self._clock.now() - self._since >= self._window:
            self._reply.abort(
                TransferStalled(f"only {arrived} bytes came in {self._window:g} s of waiting")
            )
            return
        self._schedule()
