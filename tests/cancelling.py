"""Cancelling at every await: the task that waits for the k-th time is cancelled there.

Two moments matter. While it waits, the thing waited for is called off. When that is done already
and the task is about to go on, its result is there and nobody takes it: connections and places in
a queue get lost in this moment.
"""

import asyncio
import enum
from collections.abc import Awaitable, Callable, Generator
from typing import Any


class Moment(enum.Enum):
    WAITING = "while it waits"
    READY = "when what it waited for is there"


class _CancelledAt:
    """Awaits something, and cancels the task at its wait number `k`, from 0."""

    def __init__(self, work: Awaitable[Any], k: int, moment: Moment) -> None:
        self._work = work
        self._k = k
        self._moment = moment
        self.waits = 0

    def __await__(self) -> Generator[Any, Any, Any]:
        inner = self._work.__await__()
        step: Callable[[], Any] = lambda: next(inner)  # noqa: E731 - replaced in the loop
        while True:
            try:
                waited_for = step()
            except StopIteration as end:
                return end.value
            if self.waits == self._k:
                self._cancel(waited_for)
            self.waits += 1
            try:
                yield waited_for
            except BaseException as error:  # noqa: BLE001 - it is passed on, whatever it is
                thrown = error
                step = lambda: inner.throw(thrown)  # noqa: B023, E731 - called in the next turn
            else:
                step = lambda: next(inner)  # noqa: E731

    def _cancel(self, waited_for: Any) -> None:
        task = asyncio.current_task()
        assert task is not None
        if self._moment is Moment.READY and isinstance(waited_for, asyncio.Future):
            # Before the task's own callback: the future is done when this one cancels the task.
            waited_for.add_done_callback(lambda _: task.cancel())
        else:
            task.cancel()


async def cancelled_at(work: Awaitable[Any], k: int, moment: Moment) -> bool:
    """Run `work` and cancel it at its wait number `k`.

    Returns:
        Whether there was such a wait.

    Raises:
        AssertionError: It was cancelled, and went on as if nothing had been.
    """
    wrapped = _CancelledAt(work, k, moment)

    async def run() -> Any:
        return await wrapped

    task = asyncio.create_task(run())
    await asyncio.wait([task])
    if wrapped.waits <= k:
        task.result()
        return False
    assert task.cancelled(), f"cancelled at wait {k}, and ended with {task!r}"
    return True
