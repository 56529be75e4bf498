"""Many pieces of work, a few at a time; the first that fails ends them all."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

__all__ = ["run_workers"]

T = TypeVar("T")


async def run_workers(
    items: Collection[T], work: Callable[[T], Awaitable[None]], count: int
) -> None:
    """Do the work for each item, `count` at a time.

    When one fails, or this is cancelled, the others are cancelled, and have ended when it raises.

    Args:
        items: Taken one by one, as workers become free.
        work: What is done with each.
        count: How many at the same time, at most: there are never more than items.
    """
    if not items:
        return
    pending = iter(items)

    async def worker() -> None:
        for item in pending:
            await work(item)

    workers = [asyncio.create_task(worker()) for _ in range(min(count, len(items)))]
    try:
        # Not gather(): a second cancelling would reach the workers while they tidy up.
        done, _ = await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()
    except BaseException:
        for task in workers:
            task.cancel()
        await _all_ended(workers)
        raise


async def _all_ended(tasks: list[asyncio.Task[None]]) -> None:
    while not all(task.done() for task in tasks):
        try:
            await asyncio.wait(tasks)
        except asyncio.CancelledError:
            continue  # once more: the first reason to end is being raised already
    for task in tasks:
        if not task.cancelled():
            task.exception()  # taken note of
