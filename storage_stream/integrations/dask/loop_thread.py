"""A storage client on an event loop in a thread of its own, for code that blocks.

One for each worker process, shared by all its threads and runs that want the same client, and
closed when the last of their plugins goes, or the process ends.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from storage_stream import Storage
from storage_stream.errors import ClientClosed

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping
    from concurrent.futures import Future

__all__ = ["LoopThread", "hold_client", "process_client", "release_client"]

T = TypeVar("T")

_CLOSING_SECONDS = 10.0


class LoopThread:
    """The loop, its thread and the client; open from the beginning.

    Args:
        storage_options: For `Storage`.
    """

    def __init__(self, storage_options: Mapping[str, Any]) -> None:
        self.storage = Storage(**storage_options)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="storage-stream", daemon=True
        )
        self._thread.start()

    def start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Begin something in the loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something in the loop, and wait for it; what raises here cancels it.

        Raises:
            Exception: What it raised.
        """
        future = self.start(work)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def close(self) -> None:
        """Cancel what is under way, close the client, end the thread. Idempotent."""
        if self._loop.is_closed():
            return
        with suppress(TimeoutError):  # then the process goes on without having said good-bye
            self.start(self._end()).result(_CLOSING_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_CLOSING_SECONDS)
        if not self._thread.is_alive():
            self._loop.close()

    async def _end(self) -> None:
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.storage.close()
        await self._loop.shutdown_default_executor()


class _Shared:
    """The clients of this process by how they were made, and how many want each."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.lock = threading.Lock()
        self.threads: dict[str, LoopThread] = {}
        self.holders: dict[str, int] = {}


_shared = _Shared()


def process_client(key: str, storage_options: Mapping[str, Any]) -> LoopThread:
    """This process's client of a name; made at the first use.

    The name comes with the work: a pickle of the options, once it has travelled, need not have the
    bytes it had.

    Raises:
        ClientClosed: Nobody holds it any more: what asks is a leftover of a run that is over.
    """
    shared = _of_this_process()
    with shared.lock:
        if key not in shared.holders:
            raise ClientClosed("the run that this is a part of is over")
        if key not in shared.threads:
            shared.threads[key] = LoopThread(storage_options)
        return shared.threads[key]


def hold_client(key: str) -> None:
    """Somebody will want it, until `release_client`. Nothing is made yet."""
    shared = _of_this_process()
    with shared.lock:
        shared.holders[key] = shared.holders.get(key, 0) + 1


def release_client(key: str) -> None:
    """One less wants it; the last one closes it."""
    shared = _of_this_process()
    with shared.lock:
        left = shared.holders.get(key, 1) - 1
        shared.holders[key] = left
        thread = None if left > 0 else shared.threads.pop(key, None)
        if left <= 0:
            shared.holders.pop(key, None)
    if thread is not None:
        thread.close()


def _of_this_process() -> _Shared:
    """What another process had when this one was forked from it has no thread here."""
    global _shared  # noqa: PLW0603 - one for each process is the point
    if _shared.process != os.getpid():
        _shared = _Shared()
    return _shared


@atexit.register
def _close_all() -> None:
    shared = _of_this_process()
    threads, shared.threads = list(shared.threads.values()), {}
    for thread in threads:
        thread.close()
