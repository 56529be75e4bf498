"""Time that a test moves: limits are met or missed as it says, on an idle machine and a busy one.

A limit of a fraction of a second is met where nothing else runs, and missed where much does.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator

from leaks import nothing_left, until

from storage_stream import Environment, RetryPolicy, Storage
from storage_stream.testing import FakeClock
from storage_stream.testing.emulator_handle import EmulatorHandle


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

    Sockets and threads wake it as ever; who sleeps in it sleeps on. It has to be asyncio's own.
    """
    attributes = vars(asyncio.get_running_loop())
    time = StandingTime(asyncio.get_running_loop().time())
    attributes["time"] = lambda: time.now
    try:
        yield time
    finally:
        del attributes["time"]


async def until_stalled(gcs: EmulatorHandle) -> None:
    """Wait until a request meets its fault: a clock put forward before ends no stall."""
    await until(
        lambda: any("stall" in (entry.fault or "") for entry in gcs.log),
        lambda: "nothing stalls",
    )


@contextlib.asynccontextmanager
async def client_on(clock: FakeClock, gcs: EmulatorHandle) -> AsyncIterator[Storage]:
    """A client for which time goes by on this clock alone; it leaves nothing behind."""
    environment = Environment(clock=clock)
    async with Storage(retry=RetryPolicy(initial_delay=0), environment=environment) as client:
        yield client
    await nothing_left(client, gcs)


async def pass_until(
    clock: FakeClock,
    condition: Callable[[], bool],
    what: Callable[[], str],
    *,
    step_seconds: float = 1,
) -> None:
    """Let the clock go on until this is so: a step at each look, of which there are many."""

    def holds() -> bool:
        if condition():
            return True
        clock.advance(step_seconds)
        return False

    await until(holds, what)
