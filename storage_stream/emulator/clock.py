"""What time it is for one emulator.

Generations, expiry of sessions, soft deletion, holds and signatures all ask here, so that a test
lets a week pass in no time. It refuses to know what the time is used for.
"""

import time
from collections.abc import Callable

MICROSECONDS = 1_000_000


class Clock:
    """A clock that can be put forward.

    Args:
        now: seconds since 1970.

    Attributes:
        ahead_seconds: by how much it was put forward so far.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self.ahead_seconds = 0.0

    def seconds(self) -> float:
        """Return the time in seconds since 1970."""
        return self._now() + self.ahead_seconds

    def now_us(self) -> int:
        """Return the time in microseconds since 1970, the unit of generations."""
        return int(self.seconds() * MICROSECONDS)

    def advance(self, seconds: float) -> None:
        """Put the clock forward.

        Raises:
            ValueError: it would go back, which nothing here is made for.
        """
        if not seconds >= 0:
            raise ValueError(f"a clock is put forward, not by {seconds} seconds")
        self.ahead_seconds += seconds

    def reset(self) -> None:
        """Show the time of the source again."""
        self.ahead_seconds = 0.0
