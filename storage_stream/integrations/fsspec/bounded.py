"""Many pieces of work with a bound on how many are under way, and no task for each.

fsspec's own way waits for all tasks after each that ends: its cost grows with their square.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

__all__ = ["CONCURRENCY", "all_of", "outcomes_of"]

CONCURRENCY = 64  # objects at once, as the client's runs of many

T = TypeVar("T")


async def all_of(
    work: Callable[[T], Awaitable[Any]], items: Iterable[T], concurrency: int | None = None
) -> list[Any]:
    """What the work gives for each, in their order.

    Args:
        work: What is done.
        items: For what.
        concurrency: How many at once; None for 64, fsspec's -1 for all.

    Raises:
        Exception: The first one that any raises; the others are cancelled, and over.
    """
    given = list(items)
    results: list[Any] = [None] * len(given)
    waiting = iter(range(len(given)))

    async def take() -> None:
        for number in waiting:
            results[number] = await work(given[number])

    if concurrency is None or concurrency == 0:
        concurrency = CONCURRENCY
    workers = len(given) if concurrency < 0 else min(concurrency, len(given))
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(take())
    except BaseExceptionGroup as group_error:
        raise group_error.exceptions[0] from None
    return results


async def outcomes_of(
    work: Callable[[T], Awaitable[Any]], items: Iterable[T], concurrency: int | None = None
) -> list[Any]:
    """The same, with an exception in the place of what raised it."""

    async def tried(item: T) -> Any:
        try:
            return await work(item)
        except Exception as error:  # noqa: BLE001 - it is the outcome
            return error

    return await all_of(tried, items, concurrency)
