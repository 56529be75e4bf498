"""Pictures that are written to memory."""

from __future__ import annotations

import io
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from storage_stream.media.bridge.pool import pool_of_loop
from storage_stream.media.connections.outputs.opening import vips_target

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from storage_stream.media.bridge.pool import MediaPool
    from storage_stream.media.bridge.run import Run
    from storage_stream.media.connections.outputs.opening import OpenedOutput, Writing

__all__ = ["MemoryOutput"]


class MemoryOutput:
    """Memory; `value` is set when all was written."""

    def __init__(self) -> None:
        self.value: bytes | None = None

    def pool(self) -> MediaPool:
        """That of the loop."""
        return pool_of_loop()

    @asynccontextmanager
    async def opened(self, run: Run, _: str | None) -> AsyncGenerator[OpenedOutput]:
        """Bytes, which are taken when all went well."""
        file = io.BytesIO()
        yield _OpenedFile(run, file)
        self.value = file.getvalue()


class _OpenedFile:
    def __init__(self, run: Run, file: Writing) -> None:
        self._run = run
        self._file = file

    def target(self) -> Any:
        return vips_target(self._run, self._file)

    def end(self) -> None:
        """Nothing is on its way."""
