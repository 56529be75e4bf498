"""Targets whose bytes go to functions of the caller's, plain or async."""

from __future__ import annotations

import inspect
import io
import operator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from storage_stream.errors import UsageError
from storage_stream.media.bridge.pool import pool_of_loop
from storage_stream.media.connections.handler_results import checked_bytes, checked_position
from storage_stream.media.connections.outputs.opening import OpenedOutput, vips_target

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from storage_stream.media.bridge.pool import MediaPool
    from storage_stream.media.bridge.run import Run

__all__ = ["CustomOutput"]


class CustomOutput:
    """Functions of the caller's; plain ones are called in worker threads, async ones on the loop.

    Args:
        timeout: Seconds to wait for an async one; None waits for ever.
    """

    def __init__(self, timeout: float | None) -> None:
        self.timeout = timeout
        self.write: Callable[[bytes], Any] | None = None
        self.read: Callable[[int], Any] | None = None
        self.seek: Callable[[int, int], Any] | None = None
        self.end: Callable[[], Any] | None = None
        self.finish: Callable[[], Any] | None = None

    def pool(self) -> MediaPool:
        """That of the loop."""
        return pool_of_loop()

    @asynccontextmanager
    async def opened(self, run: Run, _: str | None) -> AsyncGenerator[OpenedOutput]:
        """The functions, in one run."""
        if self.write is None:
            raise UsageError("the target has no write handler: on_write() sets one")
        yield _OpenedCustom(self, self.write, run)


class _OpenedCustom:
    def __init__(self, given: CustomOutput, write: Callable[[bytes], Any], run: Run) -> None:
        self._given = given
        self._write = write
        self._run = run

    def target(self) -> Any:
        return vips_target(self._run, self)

    def end(self) -> None:
        """All was saved: the caller's end handlers, which may fail as well.

        Raises:
            OSError: One of them says so by a negative number.
        """
        if self._run.error is not None:
            return
        for handler in (self._given.end, self._given.finish):
            if handler is not None:
                given = self._of(handler())
                if isinstance(given, int) and given < 0:
                    raise OSError(f"the end handler returned {given}")

    def write(self, data: bytes) -> int:
        """What the write handler took.

        Raises:
            TypeError: It gave no number.
            OSError: It took nothing.
        """
        given = self._of(self._write(data))
        try:
            count = operator.index(given)
        except TypeError:
            raise TypeError(
                f"a write handler returns how many bytes it wrote, not {type(given).__name__}"
            ) from None
        if not 0 < count <= len(data):
            raise OSError(f"the write handler was given {len(data)} bytes, and returned {count}")
        return count

    def read(self, size: int) -> bytes:
        """What the read handler gives.

        Raises:
            TypeError: It gave no bytes.
            ValueError: It gave more than it was asked for.
        """
        if self._given.read is None:
            raise io.UnsupportedOperation(
                "this format is read back while it is written: on_read() sets a handler"
            )
        return bytes(checked_bytes(self._of(self._given.read(size)), size))

    def seek(self, offset: int, whence: int) -> int:
        """What the seek handler gives.

        Raises:
            TypeError: It gave no position.
            OSError: It gave one that cannot be.
        """
        if self._given.seek is None:
            raise io.UnsupportedOperation(
                "this format goes back while it is written: on_seek() sets a handler"
            )
        return checked_position(self._of(self._given.seek(offset, whence)))

    def _of(self, given: Any) -> Any:
        if not inspect.isawaitable(given):
            return given
        return self._run.wait_for(lambda: _awaited(given), self._given.timeout)


async def _awaited(given: Awaitable[Any]) -> Any:
    return await given
