"""An event loop whose clock a test moves, so that limits on time are met or missed as it says.

A limit of a fraction of a second, met on an idle machine, is missed on a busy one.
"""

import asyncio
import contextlib
from collections.abc import Iterator


class StandingTime:
    """The clock of a loop, in seconds."""

    def __init__(self, now: float) -> None:
        self.now = now

    def advance(self, seconds: float) -> None:
        """What is due by then is called when the loop goes round next."""
        self.now += seconds


@contextlib.contextmanager
def standing_time() -> Iterator[StandingTime]:
    """Until the end of the block no time goes by in the running loop but by `advance`.

    Sockets and threads wake it as ever. It has to be asyncio's own.
    """
    attributes = vars(asyncio.get_running_loop())
    time = StandingTime(asyncio.get_running_loop().time())
    attributes["time"] = lambda: time.now
    try:
        yield time
    finally:
        del attributes["time"]
