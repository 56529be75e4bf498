"""One unit of work, done by a worker: the first objects of a range of names.

The worker lists its range by itself, so that no name goes through the scheduler, and pins what it
finds: each object is read at the generation that was listed, and written only where the target is
still what it was found to be. A unit whose worker was lost is done again, by another worker and
maybe beside the first one, which is only cut off: both look at the target, both write under a
precondition, and so one of them writes and the other finds it done.
"""

from __future__ import annotations

import asyncio
import functools
import pickle
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from storage_stream import __version__
from storage_stream.errors import ClientClosed, StorageError, TransferError, UsageError
from storage_stream.integrations.dask.calls_here import CallsHere
from storage_stream.integrations.dask.copying import Copying
from storage_stream.integrations.dask.downloading import Downloading
from storage_stream.integrations.dask.listing import MOST_PAGE, PagePlace, objects_of
from storage_stream.integrations.dask.mapping import Mapper
from storage_stream.integrations.dask.order import Order, Report, Unit, Verb
from storage_stream.integrations.dask.process_client import process_client

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from storage_stream import Storage
    from storage_stream.integrations.dask.doing import Doing

__all__ = ["do_unit", "run_unit"]

_FIELDS = "name,generation,size,crc32c,contentEncoding,timeCreated,metadata"


def do_unit(order_bytes: bytes, unit: Unit, version: str) -> Report:
    """What the engine runs. Blocks.

    Args:
        order_bytes: An `Order`, pickled.
        unit: Which part.
        version: The caller's of this package.

    Raises:
        UsageError: The worker has another version, whose pieces might not be the same.
        StorageError: The range cannot be listed.
    """
    if version != __version__:
        raise UsageError(
            f"a worker has storage-stream {__version__}, and whoever called {version}:"
            " install the same"
        )
    order = _order_of(order_bytes)
    home = process_client(order.client_key, order.storage_options)
    here = CallsHere()
    report: Report = home.run(
        *(run_unit, home.asynchronous, order, unit, here.call), jobs=here.jobs
    )
    return report


@functools.lru_cache(maxsize=4)
def _order_of(order_bytes: bytes) -> Order:
    order: Order = pickle.loads(order_bytes)  # noqa: S301 - it came from the client, as code does
    return order


async def run_unit(
    storage: Storage, order: Order, unit: Unit, call: Callable[..., Any] | None = None
) -> Report:
    """The same in a loop.

    Args:
        storage: Transfers.
        order: What is to be done.
        unit: Which part.
        call: Calls a blocking function of the user's.

    Raises:
        StorageError: The range cannot be listed, or the client was closed.
    """
    report = Report()
    listed, report.rest = await _listed(storage, order, unit)
    doing = _doing(storage, order, report, call)
    await doing.prepare(listed, report.rest or unit.end)
    left = await _each(listed, doing, order, unit.per_second)
    report.rest = left[0]["name"] if left else report.rest
    await doing.finish()
    _check_all(report, len(listed) - len(left))
    return report


def _check_all(report: Report, count: int) -> None:
    """See that of each object it is known what became of it."""
    known = report.done + report.skipped + report.failed
    if known != count:
        raise TransferError(f"of {count} objects {known} were accounted for")


def _doing(
    storage: Storage, order: Order, report: Report, call: Callable[..., Any] | None
) -> Doing:
    if order.verb is Verb.COPY:
        return Copying(storage, order, report)
    if order.verb is Verb.DOWNLOAD:
        return Downloading(storage, order, report)
    return Mapper(storage, order, report, call)


async def _listed(
    storage: Storage, order: Order, unit: Unit
) -> tuple[list[dict[str, Any]], str | None]:
    """The unit's objects, and the name of the next one behind them."""
    place = PagePlace(
        order.bucket, order.prefix, unit.start, unit.end, _FIELDS, match_glob=order.match_glob
    )
    count = min(unit.most_objects + 1, MOST_PAGE)
    listing = objects_of(storage, place, count, order.request_options)
    taken: list[dict[str, Any]] = []
    size = 0
    async with aclosing(listing):
        async for item in listing:
            name: str = item["name"]
            if name.startswith(order.leave_out):
                continue
            size += int(item["size"])
            is_full = len(taken) >= unit.most_objects or (taken and size > order.unit_bytes)
            if is_full:
                return taken, name
            taken.append(item)
    return taken, None


async def _each(
    listed: Sequence[dict[str, Any]], doing: Doing, order: Order, per_second: float | None
) -> list[dict[str, Any]]:
    """Do them, a bounded number at a time; what one meets is noted, and ends no other.

    Returns:
        Those that were not begun, since what comes back is enough.
    """
    left = iter(listed)
    pace = _Pace(per_second)

    async def lane() -> None:
        while not doing.is_full and (item := next(left, None)) is not None:
            if doing.is_there(item):
                doing.skipped()
                continue
            await pace.turn()
            try:
                order.check_target(item["name"])
                await doing.one(item)
            except ClientClosed:
                raise  # every other object would meet the same
            except (StorageError, OSError, ValueError) as error:
                doing.failed(item["name"], error)

    try:
        async with asyncio.TaskGroup() as lanes:
            for _ in range(min(order.concurrency, len(listed))):
                lanes.create_task(lane())
    except ExceptionGroup as group:  # they met the same, and who repeats units looks at one
        raise group.exceptions[0] from group
    return list(left)


class _Pace:
    """So many turns a second."""

    def __init__(self, per_second: float | None) -> None:
        self._between = 0.0 if per_second is None else 1.0 / per_second
        self._next = time.monotonic()

    async def turn(self) -> None:
        if not self._between:
            return
        now = time.monotonic()
        self._next = max(self._next, now) + self._between
        await asyncio.sleep(self._next - self._between - now)
