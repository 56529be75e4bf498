"""What a target writes: an object, memory, a file, a descriptor, or handlers of the caller's.

libvips calls its end handler also where saving failed, and swallows what that raises; so nothing
of it counts. A target is committed when the function that saves has returned and nothing was
kept, and given up in every other case.
"""

from __future__ import annotations

import io
import secrets
from contextlib import asynccontextmanager
from functools import partial
from mimetypes import guess_type
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from storage_stream.errors import UsageError
from storage_stream.media import vips
from storage_stream.media.output_files import ForwardWriter, Spool, Writing, is_patched_later
from storage_stream.media.pool import pool_of, pool_of_loop

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from contextlib import AbstractAsyncContextManager

    from storage_stream import Storage, StreamWriter
    from storage_stream.media.pool import MediaPool
    from storage_stream.media.running import Run

__all__ = [
    "DescriptorOutput",
    "FileOutput",
    "MemoryOutput",
    "ObjectOutput",
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


class ObjectOutput:
    """A new object, made when all was written, and not at all otherwise.

    Args:
        storage: The client.
        subject: The object's `gs://` name.
        new_writer: Begins an upload piece by piece, with a content type.
        upload: Makes an object of a file, with a content type.
        new_spool: Makes a spool.
        chunk_size: Bytes of one request.
        timeout: Seconds until a chunk was sent.

    Attributes:
        resource: The object's resource, once it is made.
    """

    def __init__(
        self,
        storage: Storage,
        subject: str,
        *,
        new_writer: Callable[[str | None], StreamWriter],
        upload: Callable[[Any, str | None], Any],
        new_spool: Callable[[], Spool],
        chunk_size: int,
    ) -> None:
        self.storage = storage
        self.subject = subject
        self.new_writer = new_writer
        self.upload = upload
        self.new_spool = new_spool
        self.chunk_size = chunk_size
        self.resource: Any = None

    def pool(self) -> MediaPool:
        """That of the client."""
        return pool_of(self.storage)

    @asynccontextmanager
    async def opened(self, run: Run, suffix: str | None) -> AsyncGenerator[OpenedOutput]:
        """An upload, or a spool, whichever the first bytes ask for."""
        content_type = None if suffix is None else guess_type(f"x{suffix}")[0]
        writing = _ObjectWriting(self, run, content_type)
        try:
            yield writing
            self.resource = await writing.commit()
        except BaseException as error:
            await writing.give_up(error)
            raise
        finally:
            writing.close()


class _ObjectWriting:
    """The bytes of one object on their way."""

    def __init__(self, output: ObjectOutput, run: Run, content_type: str | None) -> None:
        self._output = output
        self._run = run
        self._content_type = content_type
        self._forward: ForwardWriter | None = None
        self._spool: Spool | None = None
        self._writer: StreamWriter | None = None

    # -- in the worker ---------------------------------------------------------------------

    def target(self) -> Any:
        return vips_target(self._run, self)

    def end(self) -> None:
        if self._forward is not None:
            self._forward.flush()

    def write(self, data: bytes) -> int:
        return self._chosen(data).write(data)

    def read(self, size: int) -> bytes:
        return self._chosen(b"").read(size)

    def seek(self, offset: int, whence: int) -> int:
        if self._forward is None and self._spool is None:
            return 0  # asked before the first byte: the beginning is all there is
        return self._chosen(b"").seek(offset, whence)

    def _chosen(self, beginning: bytes) -> Writing:
        if self._spool is not None:
            return self._spool
        if self._forward is not None:
            return self._forward
        if is_patched_later(beginning):
            self._spool = self._output.new_spool()
            return self._spool
        # A chunk that goes out may take as long as the client allows: it has time limits itself.
        self._forward = ForwardWriter(self._run, self._send, self._output.chunk_size, None)
        return self._forward

    # -- on the loop -----------------------------------------------------------------------

    async def commit(self) -> Any:
        if self._spool is not None:
            return await self._output.upload(self._spool.rewound(), self._content_type)
        if self._writer is None:
            raise UsageError("nothing was written", subject=self._output.subject)
        await self._writer.close()
        return self._writer.resource

    async def give_up(self, error: BaseException) -> None:
        if self._writer is not None:
            await self._writer.abort(error)

    def close(self) -> None:
        if self._spool is not None:
            self._spool.close()

    async def _send(self, piece: bytes) -> None:
        if self._writer is None:
            self._writer = self._output.new_writer(self._content_type)
        await self._writer.write(piece)
