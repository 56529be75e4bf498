"""A clock that a test moves: waits take no time, and take exactly as long as they say.

It refuses to know who waits, and for what.
"""

import asyncio
import heapq
import itertools
from collections.abc import Callable

__all__ = ["FakeClock"]


class _Alarm:
    """One call that is due at a moment; the handle that `FakeClock.call_later` gives."""

    __slots__ = ("callback", "due", "is_cancelled", "number")

    def __init__(self, due: float, number: int, callback: Callable[[], None]) -> None:
        self.due = due
        self.number = number
        self.callback = callback
        self.is_cancelled = False

    def cancel(self) -> None:
        """Do not make the call."""
        self.is_cancelled = True

    def __lt__(self, other: "_Alarm") -> bool:
        # What was asked for first is called first: two calls of one moment keep their order.
        return (self.due, self.number) < (other.due, other.number)


class FakeClock:
    """A `Clock` for `Environment(clock=…)`: it stands still until it is moved.

        clock = FakeClock()
        async with Storage(environment=Environment(clock=clock)) as storage:
            ...                            # is answered 503 twice, then 200
        assert clock.sleeps == [0.5, 1.0]  # and the test took no time

    Args:
        now: Where the monotonic time begins, in seconds.
        wall: Where the time of day begins, in seconds since 1970; both move together.
        auto_advance: Whether the clock jumps ahead by itself when somebody sleeps, always to the
            sleeper that is due first, so that tasks that sleep at the same time wake in the order
            of their moments. With False a sleeper sleeps until `advance` wakes it. What was asked
            for by `call_later` never makes the clock jump; it is called when the clock passes by.

    Attributes:
        sleeps: The seconds of every sleep that was begun, in order.
    """

    def __init__(
        self, *, now: float = 1_000.0, wall: float = 1_750_000_000.0, auto_advance: bool = True
    ) -> None:
        self._now = now
        self._wall_minus_now = wall - now
        self._auto_advance = auto_advance
        self._numbers = itertools.count()
        self._alarms: list[_Alarm] = []
        self._sleepers: list[_Alarm] = []
        self._sleep_begun = asyncio.Event()
        self.sleeps: list[float] = []

    @property
    def sleepers(self) -> int:
        """How many sleep now."""
        return len(self._sleepers)

    @property
    def timers(self) -> int:
        """Calls that are still to come: 0 once everything that asked for one has cleaned up."""
        sleeping = set(map(id, self._sleepers))
        return sum(not a.is_cancelled and id(a) not in sleeping for a in self._alarms)

    def now(self) -> float:
        """See `Clock.now`."""
        return self._now

    def wall(self) -> float:
        """See `Clock.wall`."""
        return self._now + self._wall_minus_now

    def advance(self, seconds: float) -> None:
        """Move the time, and make the calls that become due, each at its own moment.

        A call may ask for further ones; they are made too when they are due within the time. A
        task that is woken goes on once the event loop runs, and sees the time at the end.

        Args:
            seconds: Not negative.

        Raises:
            ValueError: Time does not run backwards.
        """
        if seconds < 0:
            raise ValueError(f"advance({seconds}): time does not run backwards")
        self._move_to(self._now + seconds)

    async def wait_for_sleeper(self) -> None:
        """Wait until somebody sleeps; for `auto_advance=False`. Cancelling changes nothing."""
        while not self._sleepers:
            self._sleep_begun.clear()
            await self._sleep_begun.wait()

    async def sleep(self, seconds: float) -> None:
        """See `Clock.sleep`. Like asyncio's, it lets other tasks run once, also for 0 seconds."""
        self.sleeps.append(seconds)
        woken = asyncio.get_running_loop().create_future()
        alarm = self._add(seconds, lambda: None if woken.done() else woken.set_result(None))
        self._sleepers.append(alarm)
        self._sleep_begun.set()
        try:
            await asyncio.sleep(0)
            while self._auto_advance and not woken.done():
                self._move_to(min(self._sleepers).due)
                await asyncio.sleep(0)
            if seconds > 0:
                await woken
        finally:
            alarm.cancel()
            self._sleepers.remove(alarm)

    def call_later(self, seconds: float, callback: Callable[[], None]) -> _Alarm:
        """See `Clock.call_later`."""
        return self._add(seconds, callback)

    def _add(self, seconds: float, callback: Callable[[], None]) -> _Alarm:
        alarm = _Alarm(self._now + seconds, next(self._numbers), callback)
        heapq.heappush(self._alarms, alarm)
        return alarm

    def _move_to(self, moment: float) -> None:
        while self._alarms and self._alarms[0].due <= moment:
            alarm = heapq.heappop(self._alarms)
            if not alarm.is_cancelled:
                self._now = max(self._now, alarm.due)
                alarm.callback()
        self._now = max(self._now, moment)
