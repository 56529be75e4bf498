"""One after another, of those that mean the same thing; the others do not wait.

What takes several steps over one thing must not meet another that ends it between two of them.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

__all__ = ["Turns"]


class Turns:
    """A lock for each key that is in use, and for no other."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}
        self._waiting: dict[str, int] = {}

    @asynccontextmanager
    async def of(self, key: str) -> AsyncGenerator[None, None]:
        """Have a turn with `key`; those before end theirs first."""
        lock = self._locks.setdefault(key, asyncio.Lock())
        self._waiting[key] = self._waiting.get(key, 0) + 1
        try:
            async with lock:
                yield
        finally:
            self._waiting[key] -= 1
            if not self._waiting[key]:
                del self._locks[key], self._waiting[key]

    def __len__(self) -> int:
        return len(self._locks)
