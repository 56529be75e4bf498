"""Objects that live as long as somebody holds their blob, and what deletes them.

Collecting garbage may happen in any thread and at any line, so it only puts a name into a queue.
One task for each client, in the loop that the client lives in, deletes what is there, a hundred in
a request, and ends; a pending task keeps no program alive. What cannot be deleted is tried again
when the next one comes (not at once: what refused it would refuse it again) and when the manager is
closed. What a crash leaves carries the time at which it expires, for `sweep`.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import threading
import weakref
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from storage_stream.errors import PreconditionFailed, StorageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from storage_stream import DeleteResult, Storage

__all__ = ["EXPIRES", "Doomed", "Reaper", "flush_reapers", "reaper_of", "sweep"]

EXPIRES: Final = "expires"
"""The custom metadata that says when a temporary object may be swept, in ISO 8601."""

_log = logging.getLogger("storage_stream")
_BATCH = 1000  # names taken from the queue at once
_PAUSE_SECONDS = 60.0  # after something could not be deleted, before it is tried again


class Doomed(NamedTuple):
    """One generation of an object, to be deleted; never a newer one of the same name."""

    bucket: str
    name: str
    generation: int


class Reaper:
    """Deletes what nobody holds any more.

    Args:
        storage: The client; it is not kept alive by this.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = weakref.ref(storage)
        self._queue: deque[Doomed] = deque()
        self._failed: deque[Doomed] = deque()
        self._held: set[Doomed] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._again_at = 0.0  # by the loop's clock

    def watch(self, holder: object, doomed: Doomed) -> None:
        """Delete the object after its holder was collected.

        Raises:
            RuntimeError: No event loop runs here, in which that could be done.
        """
        self._loop = asyncio.get_running_loop()
        self._held.add(doomed)
        # At the end of the program there is no loop to delete anything.
        weakref.finalize(holder, self._doom, doomed, self._loop).atexit = False

    def is_held(self, doomed: Doomed) -> bool:
        """Whether somebody holds it."""
        return doomed in self._held

    @property
    def is_of_this_loop(self) -> bool:
        """Whether what it deletes is deleted in the running loop."""
        return self._loop is asyncio.get_running_loop()

    async def flush(self) -> int:
        """Delete what is queued, what could not be deleted before, and what comes meanwhile.

        When this is cancelled, it goes on in the background.

        Returns:
            How many could not be deleted; they were logged.
        """
        self._again_at = 0.0
        self._start()
        while self._task is not None and not self._task.done():
            await asyncio.shield(self._task)
            self._start()
        return len(self._failed)

    def _doom(self, doomed: Doomed, loop: asyncio.AbstractEventLoop) -> None:
        """The holder is gone; called in any thread."""
        self._held.discard(doomed)
        self._queue.append(doomed)
        try:
            loop.call_soon_threadsafe(self._start)
        except RuntimeError:  # the loop was closed before its blobs were dropped
            _log.info("gs://%s/%s is left to be swept", doomed.bucket, doomed.name)

    def _start(self) -> None:
        loop = asyncio.get_running_loop()
        if self._again_at <= loop.time():
            self._queue.extend(self._failed)
            self._failed.clear()
        under_way = self._task is not None and not self._task.done()
        if self._queue and not (under_way and self._loop is loop):
            self._loop, self._task = loop, loop.create_task(self._run())

    async def _run(self) -> None:
        while self._queue:
            taken = [self._queue.popleft() for _ in range(min(_BATCH, len(self._queue)))]
            left = set(taken)
            try:
                await self._delete(taken, left)
            except (StorageError, OSError) as error:
                _log.warning("%d temporary objects are not deleted yet: %s", len(left), error)
            except BaseException:
                self._queue.extend(left)
                raise
            if left:
                self._again_at = asyncio.get_running_loop().time() + _PAUSE_SECONDS
                self._failed.extend(left)

    async def _delete(self, taken: list[Doomed], left: set[Doomed]) -> None:
        storage = self._storage()
        if storage is None:
            return
        for bucket, group in itertools.groupby(sorted(taken), key=lambda each: each.bucket):
            named = [{"name": each.name, "generation": str(each.generation)} for each in group]
            async for result in storage.delete_many(bucket, named, missing_ok=True):
                if _is_over(result):
                    left.discard(Doomed(bucket, result.name, result.generation or 0))
                else:
                    _log.warning("a temporary object is not deleted yet: %s", result.error)


_reapers: weakref.WeakKeyDictionary[Storage, Reaper] = weakref.WeakKeyDictionary()
_lock = threading.RLock()  # two loops are two threads; what is collected may come in between


def reaper_of(storage: Storage) -> Reaper:
    """The one reaper of a client."""
    with _lock:
        reaper = _reapers.get(storage)
        if reaper is None:
            reaper = _reapers[storage] = Reaper(storage)
        return reaper


async def flush_reapers() -> int:
    """Delete what nobody holds any more, by the clients of this loop; how many could not be."""
    with _lock:
        reapers = [reaper for reaper in _reapers.values() if reaper.is_of_this_loop]
    return sum([await reaper.flush() for reaper in reapers])


async def sweep(storage: Storage, bucket: str, prefix: str, now: datetime) -> int:
    """Delete the temporary objects that have expired, and that nobody here holds.

    Returns:
        How many were deleted.

    Raises:
        NotFound: There is no such bucket.
        StorageError: The first that could not be deleted, after all others were.
    """
    summary = await storage.delete_many(
        bucket, _expired(storage, bucket, prefix, now), missing_ok=True
    )
    for failure in summary.failures:
        if failure.error is not None and not _is_over(failure):
            raise failure.error
    return summary.deleted


async def _expired(
    storage: Storage, bucket: str, prefix: str, now: datetime
) -> AsyncIterator[Mapping[str, Any]]:
    reaper = _reapers.get(storage)
    async for resource in storage.iter_objects(bucket, prefix=prefix):
        if not _is_expired(resource.get("metadata") or {}, now):
            continue
        doomed = Doomed(bucket, resource["name"], int(resource.get("generation", "0")))
        if reaper is None or not reaper.is_held(doomed):
            yield {"name": doomed.name, "generation": str(doomed.generation)}


def _is_over(result: DeleteResult) -> bool:
    """Whether the generation is not live any more: deleted, or overwritten by somebody."""
    return result.error is None or isinstance(result.error, PreconditionFailed)


def _is_expired(metadata: Mapping[str, str], now: datetime) -> bool:
    try:
        expires = datetime.fromisoformat(metadata.get(EXPIRES, ""))
    except ValueError:
        return False  # not one of ours
    return (expires if expires.tzinfo else expires.replace(tzinfo=UTC)) <= now
