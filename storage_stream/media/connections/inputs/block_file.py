"""A file on an object of which any part can be asked for."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from storage_stream.media.connections.inputs.run_file import RunFile, position_of

if TYPE_CHECKING:
    from storage_stream.media.bridge.run import Run
    from storage_stream.media.connections.blocks.object_blocks import ObjectBlocks

__all__ = ["BlockFile"]


class BlockFile(RunFile):
    """An object of which any part can be asked for."""

    def __init__(self, run: Run, blocks: ObjectBlocks, timeout: float | None) -> None:
        super().__init__(run, timeout)
        self._blocks = blocks
        self._size = blocks.object.size or 0
        self._stats = blocks.object.stats
        self._position = 0
        self._number: int = -1  # of the block that was read last
        self._block = memoryview(b"")

    def retire(self) -> None:
        """Let go of the blocks."""
        self._block = memoryview(b"")
        del self._blocks

    def seekable(self) -> bool:
        """Always."""
        return True

    def fill(self, view: memoryview) -> int:
        """Write the next bytes of a block into it."""
        self._stats.callbacks += 1
        if self._position >= self._size:
            return 0
        number, offset = divmod(self._position, self._blocks.block_size)
        if number == self._number:
            self._stats.cache_hits += 1
        else:
            self._block, self._number = memoryview(self._load(number)), number
        piece = self._block[offset : offset + len(view)]
        view[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def move(self, offset: int, whence: int) -> int:
        """Note the position; nothing is requested."""
        self._position = position_of(offset, whence, self._position, self._size)
        return self._position

    def _load(self, number: int) -> bytes:
        data = self._blocks.held(number)
        if data is not None:
            self._stats.cache_hits += 1
            return data
        begun = time.monotonic()
        try:
            return self.wait_for(lambda: self._blocks.block(number))
        finally:
            self._stats.waited += time.monotonic() - begun
