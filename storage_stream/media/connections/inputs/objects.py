"""Objects: read in any order by blocks where the service allows it, else from front to back."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from storage_stream.media.bridge.pool import pool_of
from storage_stream.media.connections.inputs.block_file import BlockFile
from storage_stream.media.connections.inputs.forward_file import ForwardFile
from storage_stream.media.connections.inputs.opening import OpenedFiles

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from storage_stream.media.bridge.pool import MediaPool
    from storage_stream.media.bridge.run import Run
    from storage_stream.media.connections.blocks.object_blocks import ObjectBlocks
    from storage_stream.media.connections.inputs.opening import Opened
    from storage_stream.media.connections.inputs.run_file import RunFile

__all__ = ["ObjectInput"]


class ObjectInput:
    """An object; several runs may read it at once, by one cache.

    Args:
        blocks: What brings and holds its bytes.
        timeout: Seconds to wait for bytes.
        max_unseekable: Bytes, where it can only be read from front to back.
    """

    def __init__(self, blocks: ObjectBlocks, timeout: float | None, max_unseekable: int) -> None:
        self._blocks = blocks
        self._timeout = timeout
        self._max_unseekable = max_unseekable
        self._runs = 0

    def pool(self) -> MediaPool:
        """That of the client."""
        return pool_of(self._blocks.object.storage)

    @asynccontextmanager
    async def opened(self, run: Run) -> AsyncGenerator[Opened]:
        """The first block is here then, and says whether any part can be asked for."""
        self._runs += 1
        files = OpenedFiles(lambda: self._file(run), self._blocks)
        try:
            await run.awaited(self._blocks.open())
            yield files
        finally:
            self._runs -= 1
            for file in files.made:
                if isinstance(file, ForwardFile):
                    await file.end()
            files.retire()
            if not self._runs:
                await self._blocks.rest()

    async def close(self) -> None:
        """End what is under way, and hold nothing."""
        await self._blocks.close()

    def _file(self, run: Run) -> RunFile:
        if self._blocks.object.is_seekable:
            return BlockFile(run, self._blocks, self._timeout)
        limit, step = self._max_unseekable, self._blocks.block_size
        return ForwardFile(run, self._blocks.object, limit, step, self._timeout)
