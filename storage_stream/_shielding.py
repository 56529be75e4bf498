"""Work that must come to its end whoever is cancelled: what tidies up, and what must be known."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

__all__ = ["end", "ended", "to_its_end"]

T = TypeVar("T")


async def to_its_end(work: Coroutine[Any, Any, T], *, grace: float | None = None) -> T:
    """Run it to its end, whoever cancels meanwhile; the cancelling comes after it.

    Args:
        work: What to run.
        grace: Seconds that it has left once somebody cancels: then it is cancelled itself. None
            for work that has a limit of its own.

    Raises:
        CancelledError: It was cancelled meanwhile; what the work gave or raised is lost.
    """
    task = asyncio.create_task(work)
    cancelled = await ended(task, grace)
    if cancelled is not None:
        if not task.cancelled():
            task.exception()  # taken note of; the cancelling is what the caller waits for
        raise cancelled
    return task.result()


async def end(task: asyncio.Task[Any], grace: float) -> None:
    """Give a task `grace` seconds to end by itself, then cancel it; its outcome is nobody's."""
    if grace > 0 and not task.done():
        loop = asyncio.get_running_loop()
        timer = loop.call_later(grace, task.cancel)
    else:
        timer = None
        task.cancel()
    await ended(task)  # whoever calls this is being cancelled already
    if timer is not None:
        timer.cancel()
    if not task.cancelled():
        task.exception()


async def ended(
    work: asyncio.Future[Any], grace: float | None = None
) -> asyncio.CancelledError | None:
    """Wait until it is done, whoever cancels meanwhile; gives the cancel that came.

    The work is cancelled `grace` seconds after the first cancel, never when that is None.
    """
    cancelled: asyncio.CancelledError | None = None
    timer: asyncio.TimerHandle | None = None
    while not work.done():
        try:
            await asyncio.wait([work])
        except asyncio.CancelledError as error:
            cancelled = error
            if grace is not None and timer is None:
                timer = asyncio.get_running_loop().call_later(grace, work.cancel)
    if timer is not None:
        timer.cancel()
    return cancelled
