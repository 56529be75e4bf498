"""Files and descriptors: libvips reads them by itself, so they need no bridge."""

from __future__ import annotations

import asyncio
import io
import os
from contextlib import ExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

from storage_stream.media.bridge.pool import pool_of_loop
from storage_stream.media.connections import vips

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from storage_stream.media.bridge.pool import MediaPool
    from storage_stream.media.bridge.run import Run
    from storage_stream.media.connections.inputs.opening import Opened

__all__ = ["DescriptorInput", "FileInput"]


class FileInput:
    """A file, which libvips reads by itself.

    Args:
        path: Its name.
    """

    def __init__(self, path: str) -> None:
        self._path = path

    def pool(self) -> MediaPool:
        """That of the loop."""
        return pool_of_loop()

    @asynccontextmanager
    async def opened(self, _: Run) -> AsyncGenerator[Opened]:
        """By its name, each time."""
        with ExitStack() as files:
            yield _OpenedLocal(self._source, lambda: files.enter_context(self._file()))

    async def close(self) -> None:
        """Nothing is held."""

    def _source(self) -> Any:
        self._file().close()  # raises what libvips would only say in a text
        return vips.pyvips().Source.new_from_file(self._path)

    def _file(self) -> io.FileIO:
        return io.FileIO(self._path, "rb")


class DescriptorInput:
    """A descriptor, which libvips reads by itself; runs take turns, as its position is one.

    Args:
        descriptor: Of an open file; a copy of it is made at once.
    """

    def __init__(self, descriptor: int) -> None:
        self._own = io.FileIO(os.dup(descriptor), "rb")  # which warns when it is left open
        self._turn = asyncio.Lock()
        self._source: Any = None

    def pool(self) -> MediaPool:
        """That of the loop."""
        return pool_of_loop()

    @asynccontextmanager
    async def opened(self, _: Run) -> AsyncGenerator[Opened]:
        """The same `pyvips.Source` each time: of a pipe, libvips keeps the beginning."""
        async with self._turn:
            with ExitStack() as files:
                yield _OpenedLocal(self._same_source, lambda: files.enter_context(self._file()))

    async def close(self) -> None:
        """Close the copy."""
        self._source = None
        self._own.close()

    def _same_source(self) -> Any:
        if self._source is None:
            self._source = vips.pyvips().Source.new_from_descriptor(self._own.fileno())
        return self._source

    def _file(self) -> io.FileIO:
        file = io.FileIO(self._own.fileno(), "rb", closefd=False)
        if file.seekable():
            file.seek(0)
        return file


class _OpenedLocal:
    def __init__(self, source: Callable[[], Any], file: Callable[[], BinaryIO]) -> None:
        self.source = source
        self.file = file

    def read_ahead(self, will_read_all: Callable[[bytes], bool]) -> None:
        """All of it is here."""
