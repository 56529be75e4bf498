"""A bounded number of coroutines at once over many items, as cheap as that can be."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

__all__ = ["at_once"]

T = TypeVar("T")


async def at_once(
    concurrency: int, items: Iterable[T], work: Callable[[T], Awaitable[object]]
) -> None:
    """Run `work` for each item; the first error ends all."""
    remaining = iter(items)

    async def worker() -> None:
        for item in remaining:
            await work(item)

    async with asyncio.TaskGroup() as group:
        for _ in range(concurrency):
            group.create_task(worker())
