"""What a source asks of any input, and the files of one run that most inputs are opened as."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast

from storage_stream.media.connections import vips

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from storage_stream.media.bridge.pool import MediaPool
    from storage_stream.media.bridge.run import Run
    from storage_stream.media.connections.blocks.object_blocks import ObjectBlocks
    from storage_stream.media.connections.inputs.run_file import RunFile

__all__ = ["Input", "Opened", "OpenedFiles", "vips_handlers"]


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


class OpenedFiles:
    """Files of one run, and sources on them.

    Args:
        make: Makes one more.
        blocks: Of an object: what can be asked for before it is read.
    """

    def __init__(self, make: Callable[[], RunFile], blocks: ObjectBlocks | None = None) -> None:
        self._make = make
        self._blocks = blocks
        self.made: list[RunFile] = []

    def source(self) -> Any:
        """A `pyvips.Source` on a file of its own."""
        return vips.source_of(vips_handlers(self._new()))

    def file(self) -> BinaryIO:
        """One more, for Pillow and others."""
        return cast("BinaryIO", self._new())  # as it behaves, and as Pillow's types ask for

    def read_ahead(self, will_read_all: Callable[[bytes], bool]) -> None:
        """Ask for all of the object, if its first block says that all will be read."""
        blocks = self._blocks
        if blocks is not None and blocks.object.is_seekable:
            first = blocks.held(0)
            if first is not None and will_read_all(first):
                blocks.expect_all()

    def retire(self) -> None:
        """The run is over: let go of the bytes."""
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
