"""A function of the user's, called in the worker's own thread while the loop's thread transfers.

So the engine's count of threads is true, `distributed.get_worker()` works in the function, and
what computes does not stand in the way of what is on the wire.
"""

from __future__ import annotations

import asyncio
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from storage_stream.sync.portal import Jobs

__all__ = ["CallsHere"]

T = TypeVar("T")


class CallsHere:
    """Carries calls from the loop to the thread that waits for it.

    Attributes:
        jobs: For the `run` of the synchronous client, by which that thread makes them.
    """

    def __init__(self) -> None:
        self.jobs: Jobs = SimpleQueue()

    async def call(self, function: Callable[..., T], *arguments: Any) -> T:
        """Have a function called by the thread that waits.

        Raises:
            Exception: What it raised.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()

        def make() -> None:
            try:
                value = function(*arguments)
            except Exception as error:  # noqa: BLE001 - it is the user's, and told of the object
                loop.call_soon_threadsafe(_fail, answer, error)
            else:
                loop.call_soon_threadsafe(_settle, answer, value)

        self.jobs.put(make)
        return await answer


def _settle(answer: asyncio.Future[T], value: T) -> None:
    if not answer.done():  # else nobody waits any more
        answer.set_result(value)


def _fail(answer: asyncio.Future[Any], error: Exception) -> None:
    if isinstance(error, StopIteration):  # no future takes one
        error = RuntimeError("the function raised StopIteration")
    if not answer.done():
        answer.set_exception(error)
