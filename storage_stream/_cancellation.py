"""Whose a `CancelledError` is: the running task's own, or of something that it waits for.

Both look the same where they are caught. asyncio counts the cancels of a task
(https://docs.python.org/3/library/asyncio-task.html#asyncio.Task.cancelling), and that tells them
apart. It knows nothing of what is awaited.
"""

from __future__ import annotations

import asyncio

__all__ = ["cancels_so_far", "is_being_cancelled"]


def is_being_cancelled() -> bool:
    """Whether somebody cancelled the running task; a source can raise `CancelledError`, too."""
    return cancels_so_far() > 0


def cancels_so_far() -> int:
    """How often the running task was cancelled, less what it took back; 0 outside of a task."""
    task = asyncio.current_task()
    return 0 if task is None else task.cancelling()
