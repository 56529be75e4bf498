"""Many pieces of work, as many at once as the service takes, and no task for each.

How many is found out as in the client's own runs of many: fewer when the service refuses for now,
or when throughput falls, more again later; and no more a second than its guideline allows.
fsspec's own way keeps a fixed number under way, however often it is refused, and waits for all
tasks after each that ends: its cost grows with their square.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, TypeVar

from storage_stream._transfer.limits import (
    READS_PER_SECOND,
    WRITES_PER_SECOND,
    AdaptiveLimit,
    RampUp,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from storage_stream import Progress

__all__ = ["CONCURRENCY", "Bounds", "ItemMeter", "metered"]

CONCURRENCY = 64  # objects at once, as the client's runs of many
_TOO_MUCH = frozenset({429, 503})

T = TypeVar("T")


class ItemMeter:
    """What the requests for one item tell: how much came, and whether they were too many.

    Args:
        limit: Hears of refusals.
    """

    __slots__ = ("_limit", "_own", "bytes")

    def __init__(self, limit: AdaptiveLimit) -> None:
        self._limit = limit
        self._own: Progress | None = None
        self.bytes = 0

    def telling(self, progress: Progress | None) -> ItemMeter:
        """The same, which tells a progress, too."""
        self._own = progress
        return self

    def attempt(self) -> None:
        """See `Meter.attempt`."""
        if self._own is not None:
            self._own.attempt()

    def answered(self, status: int) -> None:
        """See `Meter.answered`."""
        if status in _TOO_MUCH:
            self._limit.overloaded()

    def expect(self, total_bytes: int | None) -> None:
        """See `Meter.expect`."""
        if self._own is not None:
            self._own.expect(total_bytes)

    def moved(self, count: int) -> None:
        """See `Meter.moved`."""
        if self._own is not None:
            self._own.moved(count)

    def gained(self, count: int) -> None:
        """See `Meter.gained`."""
        self.bytes += count
        if self._own is not None:
            self._own.gained(count)

    def resumed(self) -> None:
        """See `Meter.resumed`."""
        if self._own is not None:
            self._own.resumed()


def metered(
    options: dict[str, Any], meter: ItemMeter | None, progress: Progress | None = None
) -> dict[str, Any]:
    """The keywords of a request, with whom it tells.

    Args:
        options: A `progress` in it that the caller gave himself stays.
        meter: None for what is alone.
        progress: Of a callback of fsspec's.
    """
    if meter is None and progress is None:
        return options
    return {"progress": progress if meter is None else meter.telling(progress), **options}


class Bounds:
    """How much a file system does at once; what one call found out the next one begins with.

    Args:
        ramp_up: Whether to keep to the service's guideline for request rates.
        now: Tells the time, in seconds that only grow.
        sleep: Waits for so many.
    """

    def __init__(
        self,
        *,
        ramp_up: bool = True,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._ramp_up = ramp_up
        self._now = now
        self._sleep = sleep
        self._found = CONCURRENCY

    async def all_of(
        self,
        work: Callable[[T, ItemMeter | None], Awaitable[Any]],
        items: Iterable[T],
        *,
        writes: bool = False,
        most: int | None = None,
    ) -> list[Any]:
        """What the work gives for each, in their order.

        Args:
            work: What is done. What it is given besides is the `progress` of its requests; None
                for one that is alone.
            items: For what.
            writes: Whether the service counts each as a write.
            most: How many at once, at most; None for 64, fsspec's -1 for all.

        Raises:
            Exception: The first one that any raises; the others are cancelled, and over.
        """
        given = list(items)
        if len(given) == 1:
            return [await work(given[0], None)]
        bound = most or CONCURRENCY
        bound = len(given) if bound < 0 else bound
        limit = AdaptiveLimit(start=self._found, most=max(bound, 1), now=self._now())
        crowd = _Crowd(work, given, limit, self._now)
        if self._ramp_up:
            crowd.pace(WRITES_PER_SECOND if writes else READS_PER_SECOND, self._sleep)
        try:
            return await crowd.results()
        finally:
            self._found = crowd.found(self._found)

    async def outcomes_of(
        self,
        work: Callable[[T, ItemMeter | None], Awaitable[Any]],
        items: Iterable[T],
        *,
        most: int | None = None,
    ) -> list[Any]:
        """The same of reads, with an exception in the place of what raised it."""

        async def tried(item: T, meter: ItemMeter | None) -> Any:
            try:
                return await work(item, meter)
            except Exception as error:  # noqa: BLE001 - it is the outcome
                return error

        return await self.all_of(tried, items, most=most)


class _Crowd:
    """The workers of one call: each takes the next item while there are not too many of them."""

    def __init__(
        self,
        work: Callable[[Any, ItemMeter | None], Awaitable[Any]],
        given: Sequence[Any],
        limit: AdaptiveLimit,
        now: Callable[[], float],
    ) -> None:
        self._work = work
        self._given = given
        self._results: list[Any] = [None] * len(given)
        self._next = 0
        self._workers = 0
        self._limit = limit
        self._start = limit.size
        self._now = now
        self._turn: Callable[[], Awaitable[None]] | None = None

    def pace(self, per_second: float, sleep: Callable[[float], Awaitable[None]]) -> None:
        """Begin no more in a second."""
        ramp = RampUp(per_second, self._now())

        async def turn() -> None:
            if (delay := ramp.delay(self._now())) > 0:
                await sleep(delay)

        self._turn = turn

    def found(self, before: int) -> int:
        """How many at once were found to be right; what it was before, where nothing was found."""
        return before if self._limit.size == self._start else self._limit.size

    async def results(self) -> list[Any]:
        """Do it all."""
        try:
            async with asyncio.TaskGroup() as group:
                self._fill(group)
        except BaseExceptionGroup as group_error:
            raise group_error.exceptions[0] from None
        return self._results

    def _fill(self, group: asyncio.TaskGroup) -> None:
        left = len(self._given) - self._next
        for _ in range(min(self._limit.size - self._workers, left)):
            self._workers += 1
            group.create_task(self._take(group))

    async def _take(self, group: asyncio.TaskGroup) -> None:
        """Do one after the other, until there are none, or too many do."""
        while self._next < len(self._given) and self._workers <= self._limit.size:
            number = self._next
            self._next += 1
            if self._turn is not None:
                await self._turn()
            meter = ItemMeter(self._limit)
            self._results[number] = await self._work(self._given[number], meter)
            self._limit.settled(meter.bytes, under_way=self._workers, now=self._now())
            if self._workers < self._limit.size:
                self._fill(group)
        self._workers -= 1
