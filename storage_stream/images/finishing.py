"""Work that is begun is finished, whoever is cancelled meanwhile."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

__all__ = ["finished"]

T = TypeVar("T")


async def finished(work: Coroutine[object, object, T]) -> T:
    """Await something to its end, also when the caller is cancelled, who learns of it then."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            if task.cancelled():
                raise
            cancelled = error
        except Exception:
            if cancelled is None:
                raise
    if cancelled is not None:
        with suppress(Exception):
            task.result()
        raise cancelled
    return task.result()
