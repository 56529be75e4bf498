"""Short blocking calls that share a hop to a thread: the hop costs more than what they do.

Measured (downloads of 16 KiB, two cores, processor time of all that downloads one): a file that
is written in the loop saves 5 to 10 % of it where files are in memory, for 9 of them share a hop.
On a disk's file system it saves nothing, and the run takes up to twice as long: to make a file
there costs the kernel 300 us, which a thread spends on another core, and the loop cannot.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from storage_stream.pipeline.source import run_blocking

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SharedHops"]

_AT_ONCE = 4  # threads: more than one, for disks that are far away
_MOST_CALLS = 16  # of one hop, so that the first does not wait long for the last


class SharedHops:
    """Carries out calls in a few threads, those that wait at a time together."""

    def __init__(self) -> None:
        self._waiting: list[tuple[asyncio.Future[Any], Callable[[], Any]]] = []
        self._hops: set[asyncio.Task[None]] = set()
        self._running = 0  # those that will still look; a task ends a moment later

    async def call(self, function: Callable[[], Any]) -> Any:
        """What the function gives or raises.

        Cancelling waits until it has returned, or takes it back if it has not begun.
        """
        future = asyncio.get_running_loop().create_future()
        entry = (future, function)
        self._waiting.append(entry)
        if self._running < _AT_ONCE and len(self._waiting) > _MOST_CALLS * bool(self._running):
            self._running += 1
            hop = asyncio.create_task(self._run())
            self._hops.add(hop)
            hop.add_done_callback(self._hops.discard)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            if entry in self._waiting:
                self._waiting.remove(entry)
            else:
                await asyncio.wait([future])
                future.exception()  # looked at: the cancelling is what the caller hears of
            raise

    async def _run(self) -> None:
        try:
            await self._carry_out_all()
        finally:
            self._running -= 1

    async def _carry_out_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:_MOST_CALLS], self._waiting[_MOST_CALLS:]
            functions = [function for _, function in batch]
            outcomes = await run_blocking(_carried_out, functions)
            for (future, _), (value, error) in zip(batch, outcomes, strict=True):
                if error is None:
                    future.set_result(value)
                else:
                    future.set_exception(error)


def _carried_out(functions: list[Callable[[], Any]]) -> list[tuple[Any, Exception | None]]:
    outcomes: list[tuple[Any, Exception | None]] = []
    for function in functions:
        try:
            outcomes.append((function(), None))
        except Exception as error:  # noqa: BLE001 - it is raised where it was called
            outcomes.append((None, error))
    return outcomes
