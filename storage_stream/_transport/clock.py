"""Time as a parameter: what waits, waits on a `Clock`, so that a test can be the clock."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Clock", "SystemClock", "TimerHandle"]


class TimerHandle(Protocol):
    """A call that was asked for and can be called off."""

    def cancel(self) -> None:
        """Do not make the call."""
        ...


class Clock(Protocol):
    """Two times and two ways to wait."""

    def now(self) -> float:
        """Seconds that only grow; for durations."""
        ...

    def wall(self) -> float:
        """Seconds since 1970; for dates that others wrote."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Come back after this time."""
        ...

    def call_later(self, seconds: float, callback: Callable[[], None]) -> TimerHandle:
        """Call back after this time, unless it is cancelled before."""
        ...


class SystemClock:
    """The running event loop's clock."""

    now = staticmethod(time.monotonic)

    def wall(self) -> float:
        """See `Clock.wall`."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """See `Clock.sleep`."""
        await asyncio.sleep(seconds)

    def call_later(self, seconds: float, callback: Callable[[], None]) -> TimerHandle:
        """See `Clock.call_later`."""
        return asyncio.get_running_loop().call_later(seconds, callback)
