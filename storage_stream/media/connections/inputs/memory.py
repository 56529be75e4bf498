"""Bytes that are here."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from storage_stream.media.bridge.pool import pool_of_loop
from storage_stream.media.connections.inputs.opening import OpenedFiles
from storage_stream.media.connections.inputs.run_file import RunFile, position_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from storage_stream.media.bridge.pool import MediaPool
    from storage_stream.media.bridge.run import Run
    from storage_stream.media.connections.inputs.opening import Opened

__all__ = ["MemoryInput"]


class MemoryInput:
    """Bytes that are here; they go by handlers, so that no image outlives them.

    Args:
        data: The bytes.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data

    def pool(self) -> MediaPool:
        """That of the loop."""
        return pool_of_loop()

    @asynccontextmanager
    async def opened(self, run: Run) -> AsyncGenerator[Opened]:
        """A position in them for each run."""
        files = OpenedFiles(lambda: _MemoryFile(run, self._data))
        try:
            yield files
        finally:
            files.retire()

    async def close(self) -> None:
        """They are the caller's."""


class _MemoryFile(RunFile):
    """Bytes that are here."""

    def __init__(self, run: Run, data: bytes) -> None:
        super().__init__(run, None)
        self._data = memoryview(data)
        self._position = 0

    def retire(self) -> None:
        """Let go of them."""
        self._data = memoryview(b"")

    def seekable(self) -> bool:
        """Always."""
        return True

    def fill(self, view: memoryview) -> int:
        """Copy the next bytes into it."""
        piece = self._data[self._position : self._position + len(view)]
        view[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def move(self, offset: int, whence: int) -> int:
        """Set the position."""
        self._position = position_of(offset, whence, self._position, len(self._data))
        return self._position
