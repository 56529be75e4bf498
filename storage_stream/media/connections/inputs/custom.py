"""Functions of the caller's that read; they hold the position, so one run at a time uses them."""

from __future__ import annotations

import asyncio
import inspect
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar, cast

from storage_stream.errors import StreamClosed
from storage_stream.media.bridge.pool import pool_of_loop
from storage_stream.media.connections import vips
from storage_stream.media.connections.handler_results import checked_bytes, checked_position
from storage_stream.media.connections.inputs.opening import vips_handlers
from storage_stream.media.connections.inputs.run_file import RunFile

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from storage_stream.media.bridge.pool import MediaPool
    from storage_stream.media.bridge.run import Run
    from storage_stream.media.connections.inputs.opening import Opened

__all__ = ["CustomInput"]

T = TypeVar("T")


class CustomInput:
    """Handlers of the caller's. They hold the position, so one run at a time uses them.

    Args:
        timeout: Seconds to wait for an async one.
    """

    def __init__(self, timeout: float | None) -> None:
        self.read: Callable[[int], Any] | None = None
        self.seek: Callable[[int, int], Any] | None = None
        self._timeout = timeout
        self._turn = asyncio.Lock()
        self._kept: tuple[_CustomFile, Any] | None = None

    def pool(self) -> MediaPool:
        """That of the loop."""
        return pool_of_loop()

    @asynccontextmanager
    async def opened(self, run: Run) -> AsyncGenerator[Opened]:
        """The same file and source in each run: libvips keeps the beginning of what cannot seek."""
        if self.read is None:
            raise StreamClosed("the source has no read handler: on_read() sets one")
        async with self._turn:
            yield _OpenedCustom(self, run)

    async def close(self) -> None:
        """Let go of the handlers."""
        kept, self._kept = self._kept, None
        if kept is not None:
            kept[0].retire()

    def file_in(self, run: Run) -> _CustomFile:
        """The file, in this run."""
        return self._both(run)[0]

    def source_in(self, run: Run) -> Any:
        """The `pyvips.Source`, in this run."""
        return self._both(run)[1]

    def _both(self, run: Run) -> tuple[_CustomFile, Any]:
        if self._kept is None:
            assert self.read is not None  # noqa: S101 - `opened` looked
            file = _CustomFile(run, self.read, self.seek, self._timeout)
            self._kept = file, vips.source_of(vips_handlers(file))
        self._kept[0].rebind(run)
        return self._kept


class _OpenedCustom:
    def __init__(self, given: CustomInput, run: Run) -> None:
        self._given = given
        self._run = run

    def source(self) -> Any:
        return self._given.source_in(self._run)

    def file(self) -> BinaryIO:
        return cast("BinaryIO", self._given.file_in(self._run))

    def read_ahead(self, will_read_all: Callable[[bytes], bool]) -> None:
        """Only the caller's functions know how."""


class _CustomFile(RunFile):
    """What handlers of the caller's read; plain ones are called here, async ones on the loop."""

    def __init__(
        self,
        run: Run,
        read: Callable[[int], Any],
        seek: Callable[[int, int], Any] | None,
        timeout: float | None,
    ) -> None:
        super().__init__(run, timeout)
        self._read = read
        self._seek = seek

    def seekable(self) -> bool:
        """Whether there is a seek handler."""
        return self._seek is not None

    def retire(self) -> None:
        """Let go of the functions; there is no run after this."""
        del self._read, self._seek

    def rebind(self, run: Run) -> None:
        """Go on in another run."""
        self._run = run

    def fill(self, view: memoryview) -> int:
        """What the read handler gives.

        Raises:
            TypeError: It gave no bytes.
            ValueError: It gave more than it was asked for.
        """
        data = self._of(self._read(len(view)))
        with checked_bytes(data, len(view)) as given:
            view[: len(given)] = given
            return len(given)

    def move(self, offset: int, whence: int) -> int:
        """What the seek handler gives.

        Raises:
            TypeError: It gave no position.
            OSError: It gave one that cannot be.
        """
        if self._seek is None:
            return super().move(offset, whence)
        return checked_position(self._of(self._seek(offset, whence)))

    def _of(self, given: Any) -> Any:
        if not inspect.isawaitable(given):
            return given
        return self.wait_for(lambda: _awaited(given))


async def _awaited(given: Awaitable[T]) -> T:
    return await given
