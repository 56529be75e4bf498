"""What a source reads: an object, memory, a file, or handlers of the caller's.

Each kind gives a `pyvips.Source` and a file for one run, and tidies up after it. What is here and
not on the network needs no bridge: libvips reads it by itself.
"""

from __future__ import annotations

import asyncio
import io
import os
from contextlib import ExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast

from storage_stream.errors import StreamClosed
from storage_stream.media import vips
from storage_stream.media.input_files import (
    BlockFile,
    CustomFile,
    ForwardFile,
    MemoryFile,
    RunFile,
)
from storage_stream.media.pool import pool_of, pool_of_loop

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from contextlib import AbstractAsyncContextManager

    from storage_stream.media.object_blocks import ObjectBlocks
    from storage_stream.media.pool import MediaPool
    from storage_stream.media.running import Run

__all__ = [
    "CustomInput",
    "DescriptorInput",
    "FileInput",
    "Input",
    "MemoryInput",
    "ObjectInput",
    "Opened",
    "vips_handlers",
]


class Opened(Protocol):
    """An input, for one run; called in its worker."""

    def source(self) -> Any:
        """A `pyvips.Source`."""
        ...

    def file(self) -> BinaryIO:
        """A file of its own."""
        ...

    def read_ahead(self, will_read_all: Callable[[bytes], bool]) -> None:
        """On the loop, before the worker begins: whether all will be read, by the first bytes."""
        ...


class Input(Protocol):
    """Where a source's bytes are."""

    def pool(self) -> MediaPool:
        """The threads that may wait for them."""
        ...

    def opened(self, run: Run, /) -> AbstractAsyncContextManager[Opened]:
        """An async context manager around one run, of an `Opened`."""
        ...

    async def close(self) -> None:
        """Let go of everything."""
        ...


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
        files = _OpenedFiles(lambda: MemoryFile(run, self._data))
        try:
            yield files
        finally:
            files.retire()

    async def close(self) -> None:
        """They are the caller's."""


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
        files = _OpenedFiles(lambda: self._file(run), self._blocks)
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
        self._kept: tuple[CustomFile, Any] | None = None

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

    def file_in(self, run: Run) -> CustomFile:
        """The file, in this run."""
        return self._both(run)[0]

    def source_in(self, run: Run) -> Any:
        """The `pyvips.Source`, in this run."""
        return self._both(run)[1]

    def _both(self, run: Run) -> tuple[CustomFile, Any]:
        if self._kept is None:
            assert self.read is not None  # noqa: S101 - `opened` looked
            file = CustomFile(run, self.read, self.seek, self._timeout)
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


class _OpenedFiles:
    """Files of one run, and sources on them."""

    def __init__(self, make: Callable[[], RunFile], blocks: ObjectBlocks | None = None) -> None:
        self._make = make
        self._blocks = blocks
        self.made: list[RunFile] = []

    def source(self) -> Any:
        return vips.source_of(vips_handlers(self._new()))

    def file(self) -> BinaryIO:
        return cast("BinaryIO", self._new())  # as it behaves, and as Pillow's types ask for

    def read_ahead(self, will_read_all: Callable[[bytes], bool]) -> None:
        blocks = self._blocks
        if blocks is not None and blocks.object.is_seekable:
            first = blocks.held(0)
            if first is not None and will_read_all(first):
                blocks.expect_all()

    def retire(self) -> None:
        self._blocks = None
        for file in self.made:
            file.retire()
        self.made.clear()

    def _new(self) -> RunFile:
        file = self._make()
        self.made.append(file)
        return file


def vips_handlers(file: RunFile) -> vips.Handlers:
    """The handlers by which libvips reads a file of a run."""

    def read(buffer: Any) -> int:
        return file.fill_all(memoryview(buffer))

    handlers: vips.Handlers = {"read": file.guarded(read)}
    if file.seekable():
        handlers["seek"] = file.guarded(file.move)
    return handlers
