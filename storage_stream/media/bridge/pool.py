"""Worker threads for decoders: a few for each client, and ended with it.

The loop's own executor serves name look-ups and files; pictures that take seconds would stand in
their way. A call that is cancelled is ended, and waited for: the memory that it works on is not
to be taken away from under it.
"""

from __future__ import annotations

import asyncio
import os
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar, cast

from storage_stream.errors import ClientClosed
from storage_stream.media.bridge.run import Stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from storage_stream import Storage
    from storage_stream.media.bridge.run import Run

__all__ = ["MediaPool", "pool_of", "pool_of_loop"]

T = TypeVar("T")

_MOST_WORKERS = 4  # libvips has threads of its own; more pictures at once only cost memory


class MediaPool:
    """Threads that decode; made at the first use."""

    def __init__(self) -> None:
        self._executor: ThreadPoolExecutor | None = None
        self._held: dict[object, Run] = {}
        self._settled = asyncio.Event()
        self._settled.set()
        self._is_closed = False

    @property
    def active(self) -> int:
        """Runs that are under way, wait for a thread, or tidy up."""
        return len(self._held)

    @contextmanager
    def holding(self, run: Run) -> Generator[None]:
        """Around all that belongs to a run: `close` ends it, and waits for the end of the block.

        Raises:
            ClientClosed: The pool is closed.
        """
        if self._is_closed:
            raise ClientClosed("the client is closed")
        held = object()
        self._held[held] = run
        self._settled.clear()
        try:
            yield
        finally:
            del self._held[held]
            if not self._held:
                self._settled.set()

    async def run(self, run: Run, work: Callable[[], T]) -> T:
        """What `work` gives, called in a thread.

        Cancelling ends the call, waits for its thread, and raises after that.

        Raises:
            BaseException: What `run` kept, or else what `work` raised.
        """
        with self.holding(run):
            try:
                return await self._run(run, work)
            finally:
                run.forget()

    async def close(self) -> None:
        """End all runs with `ClientClosed`, and wait for them and for what they undo. Idempotent.

        An upload that is given up tells the service so, which needs the client's connections.
        """
        self._is_closed = True
        for run in list(self._held.values()):
            run.stop(ClientClosed("the client was closed"))
        try:
            await self._settled.wait()
        finally:
            executor, self._executor = self._executor, None
            if executor is not None:
                executor.shutdown(wait=False, cancel_futures=True)

    async def _run(self, run: Run, work: Callable[[], T]) -> T:
        if self._executor is None:
            workers = min(_MOST_WORKERS, os.cpu_count() or 1)
            self._executor = ThreadPoolExecutor(workers, "storage-stream-media")
        submitted = self._executor.submit(_outcome, run, work)
        working = asyncio.wrap_future(submitted)
        try:
            result, failure = await asyncio.shield(working)
        except asyncio.CancelledError as cancelled:
            run.stop(cancelled)
            submitted.cancel()  # if it waits for a thread
            await _settle(working)
            raise
        if run.error is not None:
            raise run.error from (None if isinstance(failure, Stopped) else failure)
        if failure is not None:
            raise failure
        return cast("T", result)


def _outcome(run: Run, work: Callable[[], T]) -> tuple[Any, BaseException | None]:
    """What it gives and what it raises; a future would not carry every exception."""
    try:
        return run.call(work), None
    except BaseException as failure:  # noqa: BLE001 - raised in the task that waits
        return None, failure


async def _settle(working: asyncio.Future[Any]) -> None:
    """Wait until it is done, also when the waiting is cancelled once more."""
    while not working.done():
        try:
            await asyncio.wait([working])
        except asyncio.CancelledError:
            continue  # the first cancel is raised when this is over


_of_storages: weakref.WeakKeyDictionary[Storage, MediaPool] = weakref.WeakKeyDictionary()
_of_loops: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, MediaPool] = (
    weakref.WeakKeyDictionary()
)


def pool_of(storage: Storage) -> MediaPool:
    """The client's pool; `Storage.close` closes it.

    Raises:
        ClientClosed: The client is closed, and no pool was made before.
    """
    pool = _of_storages.get(storage)
    if pool is None:
        pool = MediaPool()
        storage.on_close(pool.close)
        _of_storages[storage] = pool
    return pool


def pool_of_loop() -> MediaPool:
    """The running loop's pool, for what belongs to no client."""
    loop = asyncio.get_running_loop()
    pool = _of_loops.get(loop)
    if pool is None:
        pool = _of_loops[loop] = MediaPool()
    return pool
