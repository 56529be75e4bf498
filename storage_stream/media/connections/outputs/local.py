"""Files and descriptors: libvips writes them by itself."""

from __future__ import annotations

import secrets
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storage_stream.media.bridge.pool import pool_of_loop
from storage_stream.media.connections import vips

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from storage_stream.media.bridge.pool import MediaPool
    from storage_stream.media.bridge.run import Run
    from storage_stream.media.connections.outputs.opening import OpenedOutput

__all__ = ["DescriptorOutput", "FileOutput"]


class FileOutput:
    """A file, which is replaced when all is there: an old one survives every failure.

    Args:
        path: Its name.
    """

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._part = self._path.with_name(f".{self._path.name}.{secrets.token_hex(4)}.part")

    def pool(self) -> MediaPool:
        """That of the loop."""
        return pool_of_loop()

    @asynccontextmanager
    async def opened(self, _: Run, __: str | None) -> AsyncGenerator[OpenedOutput]:
        """A part beside it, which libvips writes by itself."""
        try:
            yield self
            self._replace()
        finally:
            self._clean()

    def target(self) -> Any:
        """A `pyvips.Target`."""
        self._part.touch()  # raises what libvips would only say in a text
        return vips.pyvips().Target.new_to_file(str(self._part))

    def end(self) -> None:
        """Nothing is on its way."""

    def _replace(self) -> None:
        self._part.replace(self._path)

    def _clean(self) -> None:
        self._part.unlink(missing_ok=True)


class DescriptorOutput:
    """An open file, which libvips writes by itself; what was written stays after a failure.

    Args:
        descriptor: The caller's; it stays open.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def pool(self) -> MediaPool:
        """That of the loop."""
        return pool_of_loop()

    @asynccontextmanager
    async def opened(self, _: Run, __: str | None) -> AsyncGenerator[OpenedOutput]:
        """Itself."""
        yield self

    def target(self) -> Any:
        """A `pyvips.Target`, on a copy of the descriptor."""
        return vips.pyvips().Target.new_to_descriptor(self._descriptor)

    def end(self) -> None:
        """Nothing is on its way."""
