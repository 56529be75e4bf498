"""A function of the user's, called in the worker's own thread while the loop's thread transfers.

So the engine's count of threads is true, `distributed.get_worker()` works in the function, and
what computes does not stand in the way of what is on the wire.
"""

from __future__ import annotations

import asyncio
import queue
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from storage_stream.integrations.dask.loop_thread import LoopThread

__all__ = ["CallsHere"]

T = TypeVar("T")

_Call = tuple["Callable[..., Any]", tuple[Any, ...], "asyncio.Future[Any]"]


class CallsHere:
    """Carries calls from a loop in another thread to the thread that waits for it."""

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()

    def run(self, home: LoopThread, work: Coroutine[Any, Any, T]) -> T:
        """Have `work` done in the loop, and make its calls here until it is.

        Raises:
            Exception: What `work` raised.
        """
        future = home.start(work)
        future.add_done_callback(lambda _: self._calls.put(None))
        try:
            while (call := self._calls.get()) is not None:
                self._make(*call)
            return future.result()
        except BaseException:
            future.cancel()
            raise

    async def call(self, function: Callable[..., T], *arguments: Any) -> T:
        """Have a function called by the thread that runs `run`.

        Raises:
            Exception: What it raised.
        """
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._calls.put((function, arguments, answer))
        value: T = await answer
        return value

    def _make(
        self,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        answer: asyncio.Future[Any],
    ) -> None:
        loop = answer.get_loop()
        try:
            value = function(*arguments)
        except Exception as error:  # noqa: BLE001 - it is the user's, and told of the object
            loop.call_soon_threadsafe(_settle, answer, None, error)
        else:
            loop.call_soon_threadsafe(_settle, answer, value, None)


def _settle(answer: asyncio.Future[Any], value: object, error: Exception | None) -> None:
    if answer.done():  # nobody waits any more
        return
    if isinstance(error, StopIteration):  # no future takes one
        error = RuntimeError("the function raised StopIteration")
    if error is not None:
        answer.set_exception(error)
    else:
        answer.set_result(value)
