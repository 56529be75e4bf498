"""What every stage is: an async iterator that owns its source, and closes it.

A stage's work is an async generator that gives *batches* (lists of items). A batch costs one
turn of the generator, an item only a `list.pop`: with one turn per item, `lines` would be
half as fast. This module knows nothing of what the items mean, or of what a source can be.
"""

import asyncio
import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterable
from enum import Enum
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

from storage_stream.errors import UsageError
from storage_stream.pipeline.failures import StageClosedError

__all__ = [
    "ByteStage",
    "Closable",
    "Stage",
    "cancel_and_wait",
    "close_all",
    "close_object",
]

T = TypeVar("T")


class Closable(Protocol):
    """Something that a stage was given, and closes."""

    def aclose(self) -> Coroutine[Any, Any, None]:
        """Release it; a second call does nothing."""
        ...


class _State(Enum):
    OPEN = "open"
    ENDED = "at its end"
    FAILED = "failed before"
    CLOSED = "closed"


class Stage(AsyncIterator[T], Generic[T]):
    """An async iterator over what one step of a pipeline gives; made by the stage functions.

    It owns what it was given: the source is closed when the stage is closed, when it reaches
    its end, when it fails, and when a read is cancelled. Use `async with` when you may leave
    before the end. One task reads a stage at a time.

    Cancelling a read closes the stage and its source: what was under way cannot be resumed, so
    later reads raise `StageClosedError` rather than pretend that the data ended there.
    """

    def __init__(self, batches: AsyncGenerator[list[T]], *owned: Closable) -> None:
        self._batches = batches
        self._owned = owned
        self._ready: list[T] = []  # reversed: the next item is the last
        self._state = _State.OPEN
        self._reading = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        if self._ready or await self._refill():
            return self._ready.pop()
        raise StopAsyncIteration

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the stage and everything that it was given; a second call does nothing.

        All of it is closed even when one part fails or the closing is cancelled; the first
        error is raised then.

        Raises:
            UsageError: another task is reading. Cancel that task: this closes the stage too.
        """
        if self._state is not _State.OPEN:
            return
        self._refuse_second_reader()
        self._state = _State.CLOSED
        self._ready.clear()
        await close_all(self._batches, *self._owned)

    async def _refill(self) -> bool:
        """Fetch the next batch; False at the end."""
        if self._state is _State.ENDED:
            return False
        if self._state is not _State.OPEN:
            raise StageClosedError(f"read of a stage that is {self._state.value}")
        self._refuse_second_reader()
        self._reading = True
        try:
            return await self._fetch()
        finally:
            self._reading = False

    async def _fetch(self) -> bool:
        try:
            batch = await anext(self._batches, None)
        except BaseException as failure:
            self._state = _State.FAILED
            await self._close_after(failure)
            raise
        if batch is None:
            self._state = _State.ENDED
            await close_all(*self._owned)
            return False
        batch.reverse()
        self._ready = batch
        return True

    async def _close_after(self, failure: BaseException) -> None:
        try:
            await close_all(*self._owned)
        except Exception as second:  # noqa: BLE001  the first failure is the one to raise
            failure.add_note(f"and closing the source failed: {second!r}")

    def _refuse_second_reader(self) -> None:
        if self._reading:
            raise UsageError("another task is reading this stage")


class ByteStage(Stage[bytes]):
    """A stage whose items are bytes: it can be read, too, so that it is a source anywhere."""

    async def read(self, size: int = -1) -> bytes:
        """Return at most `size` bytes, `b""` at the end; all the rest when negative.

        Like a socket, it gives what is there: a short answer is not the end. `read` and
        iteration may be mixed, no byte is given twice. Cancelling closes the stage.
        """
        if size < 0:
            return b"".join([chunk async for chunk in self])
        if size == 0 or not (self._ready or await self._refill()):
            return b""
        return self._take(size)

    def _take(self, size: int) -> bytes:
        taken: list[bytes] = []
        while size and self._ready:
            piece = self._ready.pop()
            # The rest is put back in halves: were it put back whole, reading a chunk byte by
            # byte would copy it once per byte. So it is n log n, and iteration stays as cheap.
            while len(piece) > size:
                cut = max(size, len(piece) // 2)
                self._ready.append(piece[cut:])
                piece = piece[:cut]
            taken.append(piece)
            size -= len(piece)
        return b"".join(taken)


async def close_all(*things: Closable) -> None:
    """Close each, whatever happens to the others; then raise the first error."""
    first: BaseException | None = None
    for thing in things:
        try:
            await thing.aclose()
        except BaseException as failure:  # noqa: BLE001  raised below, when all are closed
            if first is None:
                first = failure
            else:
                first.add_note(f"and closing another source failed: {failure!r}")
    if first is not None:
        raise first


async def close_object(
    thing: object, call: Callable[[Callable[[], Any]], Any] = lambda close: close()
) -> None:
    """Close a foreign object by its `aclose` or else `close`, sync or async, if it has one.

    `call` says how the method is called, for instance in a worker thread.
    """
    close = getattr(thing, "aclose", None) or getattr(thing, "close", None)
    if not callable(close):
        return
    outcome = call(close)
    while inspect.isawaitable(outcome):  # a call in a thread may give a coroutine in its turn
        outcome = await outcome


async def cancel_and_wait(tasks: Iterable[asyncio.Future[Any]]) -> None:
    """Cancel the tasks and return when none of them runs any more; their results are dropped."""
    running = list(tasks)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
