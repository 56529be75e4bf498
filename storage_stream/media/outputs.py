"""What a target writes: memory, a file or a descriptor; others have modules of their own.

libvips calls its end handler also where saving failed, and swallows what that raises; so nothing
of it counts. A target is committed when the function that saves has returned and nothing was
kept, and given up in every other case.
"""

from __future__ import annotations

import io
import secrets
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from storage_stream.media import vips
from storage_stream.media.pool import pool_of_loop

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from contextlib import AbstractAsyncContextManager

    from storage_stream.media.output_files import Writing
    from storage_stream.media.pool import MediaPool
    from storage_stream.media.running import Run

__all__ = [
    "DescriptorOutput",
    "FileOutput",
    "MemoryOutput",
    "OpenedOutput",
    "Output",
    "vips_target",
]


class OpenedOutput(Protocol):
    """An output, for the one run that writes it; called in its worker."""

    def target(self) -> Any:
        """A `pyvips.Target`."""
        ...

    def end(self) -> None:
        """All was written."""
        ...


class Output(Protocol):
    """Where a target's bytes go."""

    def pool(self) -> MediaPool:
        """The threads that may wait for them to go."""
        ...

    def opened(self, run: Run, suffix: str | None, /) -> AbstractAsyncContextManager[OpenedOutput]:
        """Around the run: leaving it commits, leaving it by an exception gives up."""
        ...


def vips_target(run: Run, writing: Writing) -> Any:
    """A `pyvips.Target` that writes there.

    The memory that a handler is given is libvips' own, and used again: it is copied.
    """

    def write(buffer: Any) -> int:
        return writing.write(bytes(buffer))

    def read(buffer: Any) -> int:
        data = writing.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    handlers: dict[str, Callable[..., int]] = {"write": write, "read": read, "seek": writing.seek}
    return vips.target_of({name: partial(run.guard, each) for name, each in handlers.items()})


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
