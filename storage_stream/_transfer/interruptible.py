"""Work that somebody else may end, who is not the one that waits for it and may be cancelled.

A wait between two attempts may be long, a request be in the air: a download that is closed ends
them, and its reader is told why. A reader that is cancelled is told nothing but that.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from storage_stream._cancellation import cancels_so_far

if TYPE_CHECKING:
    from collections.abc import Coroutine

__all__ = ["Interruptible"]


class Interruptible:
    """Does one thing at a time."""

    __slots__ = ("_acting", "_error")

    def __init__(self) -> None:
        self._acting: asyncio.Future[None] | None = None
        self._error: Exception | None = None

    def interrupt(self, error: Exception | None) -> None:
        """End what is being done; who waits for it is told this."""
        if self._acting is not None:
            self._error = error
            self._acting.cancel()

    async def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it, in a task of its own.

        Raises:
            Exception: What the work raised, or `interrupt` was given.
        """
        acting = self._acting = asyncio.ensure_future(work)
        cancels = cancels_so_far()
        try:
            await acting
        except asyncio.CancelledError:
            failed = acting.done() and not acting.cancelled() and acting.exception() is not None
            if failed or self._error is None or cancels_so_far() > cancels:
                raise  # the reader is cancelled, not the work; what failed is kept for later
            raise self._error from None
        finally:
            self._acting = None
