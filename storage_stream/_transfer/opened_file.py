"""Files opened and closed in threads, without a leak when the task is cancelled meanwhile.

A thread cannot be called off: it would open or make the file after we have gone, and nobody would
close or remove it. So a cancel is held back until it is known what became of the opening.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from aiofiles.threadpool import wrap

from storage_stream._transfer.shielding import ended

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

__all__ = ["opened"]


@asynccontextmanager
async def opened(path: Path, mode: str) -> AsyncGenerator[Any]:
    """An aiofiles object, closed when the block is left.

    Args:
        path: Which file.
        mode: As of `open`.

    Raises:
        OSError: It cannot be opened; or, at the end, not everything could be written.
    """
    opening = asyncio.ensure_future(asyncio.to_thread(path.open, mode))
    cancelled = await ended(opening)
    file = opening.result()
    try:
        if cancelled is not None:
            raise cancelled
        yield wrap(file)
    finally:
        closing = asyncio.ensure_future(asyncio.to_thread(file.close))
        cancelled = await ended(closing)
        closing.result()
        if cancelled is not None:
            raise cancelled
