"""Iterators across the portal: what the loop gives, for `for`; what the caller gives, for the loop.

Each way, several items cross at once where that costs nothing: a hop between threads takes longer
than most items do.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator, Sized
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from storage_stream.errors import UsageError
from storage_stream.sync.portal import keep_inherited

if TYPE_CHECKING:
    from types import TracebackType

    from storage_stream.sync.face import Owner
    from storage_stream.sync.portal import Jobs

__all__ = ["CallerItems", "Items", "is_consumed"]

T = TypeVar("T")

_END: Any = object()
_HOP_ITEMS = 256
_HOP_BYTES = 256 * 1024
_HOP_SECONDS = 0.005  # for a generator that takes its time, the loop does not wait longer than this


class Items(Iterator[T]):
    """What an asynchronous iteration gives, one by one; `close` it, or leave its block, to end it.

    A call that is interrupted (Ctrl-C) ends the iteration, and what it has under way. One thread
    at a time may take items.

    Args:
        owner: Whose loop the iteration runs in.
        source: The asynchronous iterator.
        ahead: How many items may be fetched before they are asked for.
        jobs: What the thread that waits is to do meanwhile.
    """

    def __init__(
        self, owner: Owner, source: AsyncIterator[T], *, ahead: int = 0, jobs: Jobs | None = None
    ) -> None:
        self._pid = os.getpid()
        self._owner = owner
        self._fetched = _Fetched(source, ahead)
        self._ready: deque[T] = deque()
        self._jobs: Jobs = SimpleQueue() if jobs is None else jobs
        self._is_busy = False

    @property
    def source(self) -> AsyncIterator[T]:
        """The asynchronous iterator, for the loop to go on with in place of this."""
        return self._fetched.rest(self._ready)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        if not self._ready:
            self._ready.extend(self._more())
            if not self._ready:
                raise StopIteration
        return self._ready.popleft()

    def close(self) -> None:
        """End the iteration, and wait until what it had under way has ended. Idempotent."""
        self._ready.clear()
        if not self._fetched.is_closed and self._pid == os.getpid():
            self._owner.run(self._fetched.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    async def _let_go(self) -> None:
        """In the loop: nobody will take the items."""
        await self._fetched.close()

    def __del__(self) -> None:
        fetched: _Fetched[T] | None = self.__dict__.get("_fetched")  # none, if interrupted before
        if fetched is None or fetched.is_closed:
            return
        if self._pid == os.getpid():
            self._owner.post(fetched.close)
        else:
            keep_inherited(fetched)

    def _more(self) -> list[T]:
        if self._pid != os.getpid():
            raise UsageError("this iteration belongs to the process that this one was forked from")
        if self._is_busy:
            raise UsageError("another thread is waiting for this iteration's next item")
        self._is_busy = True
        try:
            taken: list[T] = self._owner.run(self._fetched.take, jobs=self._jobs)
        except Exception:
            raise
        except BaseException:  # interrupted: nobody will come for the rest
            self.close()
            raise
        else:
            return taken
        finally:
            self._is_busy = False


class _Fetched(Generic[T]):
    """Runs in the loop: items that are there already, and a task that fetches more.

    One task does all the fetching, since an asynchronous generator may hold what belongs to one.
    """

    def __init__(self, source: AsyncIterator[T], ahead: int) -> None:
        self._source = source
        self._ahead = ahead
        self._ready: list[T] = []
        self._weight = 0
        self._is_wanted = False
        self._came = asyncio.Event()
        self._room = asyncio.Event()
        self._error: BaseException | None = None
        self._task: asyncio.Task[None] | None = None
        self.is_closed = False

    async def take(self) -> list[T]:
        """What is there, at least one item; nothing at the end."""
        if self.is_closed:
            return []
        if self._task is None:
            self._task = asyncio.create_task(self._fetch())
        self._is_wanted = True
        try:
            while not self._ready and not self._task.done():
                self._room.set()
                self._came.clear()
                await self._came.wait()
        finally:
            self._is_wanted = False
        taken, self._ready, self._weight = self._ready, [], 0
        if not taken:
            await self._finish()
        self._room.set()
        return taken

    async def close(self) -> None:
        """End the fetching, and the iterator."""
        self.is_closed = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        self._ready.clear()
        await self._close_source()

    async def rest(self, before: deque[T]) -> AsyncIterator[T]:
        """All that nobody took yet, for the loop itself."""
        while True:
            while before:
                yield before.popleft()
            before.extend(await self.take())
            if not before:
                return

    async def _fetch(self) -> None:
        try:
            while (item := await anext(self._source, _END)) is not _END:
                self._ready.append(item)
                self._weight += _weight(item)
                self._came.set()
                while not self._may_go_on():
                    self._room.clear()
                    await self._room.wait()
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - it is raised where the items are taken
            self._error = error
        finally:
            # Once more when the task is done, which whoever waits looks at.
            asyncio.get_running_loop().call_soon(self._came.set)

    def _may_go_on(self) -> bool:
        if not self._ready:
            return self._is_wanted or self._ahead > 0
        return len(self._ready) < self._ahead and self._weight < _HOP_BYTES

    async def _finish(self) -> None:
        error, self._error = self._error, None
        self.is_closed = True
        await self._close_source()
        if error is not None:
            raise error

    async def _close_source(self) -> None:
        aclose = getattr(self._source, "aclose", None)
        if aclose is not None:
            await aclose()


def _weight(item: object) -> int:
    return len(item) if isinstance(item, bytes | bytearray | str) else 0


class CallerItems:
    """An iterable of the caller's, for the loop; each step is done by the thread that calls.

    So it may take its time, make synchronous calls itself, and use what belongs to that thread (a
    database's cursor).

    Args:
        items: The iterable.
        jobs: What the calling thread does while it waits.
    """

    def __init__(self, items: Iterable[Any], jobs: Jobs) -> None:
        self._items = iter(items)
        self._jobs = jobs
        self._ready: deque[Any] = deque()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        if not self._ready:
            loop = asyncio.get_running_loop()
            came: asyncio.Future[None] = loop.create_future()
            self._jobs.put(lambda: self._pull(loop, came))
            await came
        item = self._ready.popleft()
        if isinstance(item, _Failure):
            raise item.error
        if item is _END:
            self._ready.append(_END)
            raise StopAsyncIteration
        return item

    def _pull(self, loop: asyncio.AbstractEventLoop, came: asyncio.Future[None]) -> None:
        last_moment = time.monotonic() + _HOP_SECONDS
        weight = count = 0
        try:
            while True:
                item = next(self._items, _END)
                self._ready.append(item)
                weight += _weight(item)
                count += 1
                if item is _END or count >= _HOP_ITEMS or weight >= _HOP_BYTES:
                    break
                if time.monotonic() > last_moment:
                    break
        except Exception as error:  # noqa: BLE001 - the loop raises it where the item is wanted
            self._ready.append(_Failure(error))
        loop.call_soon_threadsafe(_settle, came)


class _Failure:
    def __init__(self, error: Exception) -> None:
        self.error = error


def _settle(came: asyncio.Future[None]) -> None:
    if not came.done():
        came.set_result(None)


def is_consumed(value: object) -> bool:
    """Whether it is an iterable whose steps may do something, and no container or file."""
    if callable(getattr(value, "read", None)) or hasattr(value, "__fspath__"):
        return False
    is_plain = isinstance(value, Sized) and not isinstance(value, Iterator)
    return isinstance(value, Iterable) and not is_plain
