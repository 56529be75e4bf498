"""`Target`: what pyvips writes a picture to, with an object in place of a file.

What the bytes become is the matter of `outputs`; here is what all of them have in common: they are
written in a worker thread, inside `run`, once.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

from storage_stream import Preconditions
from storage_stream.errors import UsageError
from storage_stream.media.bridge.run import Run
from storage_stream.media.connections.connection import Connection, path_text
from storage_stream.media.connections.outputs.local import DescriptorOutput, FileOutput
from storage_stream.media.connections.outputs.memory import MemoryOutput
from storage_stream.media.connections.outputs.objects import NewPicture, ObjectOutput
from storage_stream.media.spool import Spool

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncGenerator, Callable, Mapping

    from storage_stream import RequestKeywords, Storage
    from storage_stream.media.connections.outputs.opening import OpenedOutput, Output

__all__ = ["Target"]

T = TypeVar("T")

_MIB = 1024 * 1024


class Target(Connection):
    """Where pyvips writes a picture to.

        target = Target.new_to_object(storage, "bucket", "photo.png")
        await target.run(lambda given: image.write_to_target(given, ".png"))

    Made by the `new_to_…` methods. A target is written once: what it is of appears when the
    function has returned and nothing went wrong, and not at all otherwise. Sources and targets
    together are the matter of `transform`.
    """

    def __init__(self, output: Output, *, filename: str = "", nick: str = "") -> None:
        super().__init__(filename, nick)
        self._output = output
        self._is_used = False

    @staticmethod
    def new_to_object(
        storage: Storage,
        bucket: str,
        name: str,
        *,
        content_type: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        if_generation_match: int | None = None,
        chunk_size: int = 8 * _MIB,
        spool_memory: int = 8 * _MIB,
        spool_dir: str | os.PathLike[str] | None = None,
        spool_limit: int | None = None,
        **options: Unpack[RequestKeywords],
    ) -> Target:
        """A new object. No request.

        What is at most `chunk_size` large goes out in one request. All else goes out while it is
        computed, in a resumable session: one chunk is under way while the next is filled, and a
        saver that is faster waits. TIFF savers go back to what they wrote, so a TIFF is kept until
        it is whole. The object's checksum is compared with what was written.

        Args:
            storage: The client.
            bucket: The bucket.
            name: The object.
            content_type: MIME type; None takes that of the format, where it is known, or guesses
                it from the name.
            metadata: Other fields of the object resource.
            if_generation_match: The generation that is to be replaced; 0: there must be none.
            chunk_size: Bytes of one request, a multiple of 256 KiB; up to four are held.
            spool_memory: Bytes of a TIFF that are kept in memory; the rest goes to a file.
            spool_dir: Where that file is; None for the system's temporary folder.
            spool_limit: Bytes that a TIFF may have; None for no limit.
            **options: See `RequestKeywords`.

        Raises:
            InvalidName: A name that cannot be.
            InvalidArgument: A chunk size that is no multiple of 256 KiB.
        """
        if if_generation_match is not None:
            if options.get("preconditions") is not None:
                raise UsageError("if_generation_match, and preconditions besides: which?")
            options["preconditions"] = Preconditions(if_generation_match=if_generation_match)
        folder = None if spool_dir is None else path_text(spool_dir)
        subject = f"gs://{bucket}/{name}"
        spool = partial(
            Spool,
            *(spool_limit, "spool_limit"),
            memory_bytes=spool_memory,
            folder=folder,
            subject=subject,
        )
        picture = NewPicture(
            *(storage, bucket, name, content_type, metadata, chunk_size),
            spool=spool,
            options=options,
        )
        picture.check()
        return Target(ObjectOutput(picture), filename=subject)

    @staticmethod
    def new_to_memory() -> Target:
        """Memory: `getvalue` gives the bytes."""
        return Target(MemoryOutput(), nick="memory")

    @staticmethod
    def new_to_file(path: str | os.PathLike[str]) -> Target:
        """A file, by its name; it is replaced when all of it is there."""
        text = path_text(path)
        return Target(FileOutput(text), filename=text)

    @staticmethod
    def new_to_descriptor(descriptor: int) -> Target:
        """An open file; it stays the caller's, and open. After a failure some of it is written."""
        return Target(DescriptorOutput(descriptor), nick="descriptor")

    async def run(self, fn: Callable[[Any], T], *, timeout: float | None = None) -> T:  # noqa: ASYNC109 - a limit, as for every call
        """Call a function with a `pyvips.Target` in a worker thread, then commit what it wrote.

        Cancelling ends it as a failure does: what was written is given up.

        Args:
            fn: Writes to the target; what it returns is given.
            timeout: Seconds for all of it; None for no limit.

        Raises:
            UsageError: The target was written before, or nothing was written.
            SpoolTooSmall: A TIFF is more than `spool_limit`.
            PreconditionFailed: The object is not the one that was to be replaced.
            StorageError: It cannot be written; nothing of it is visible.
            TimeoutError: It took too long.
            Exception: What `fn` raised, `pyvips.Error` among others.
        """
        run = Run(self.nick())

        def work() -> T:
            result = fn(opened.target())
            opened.end()
            return result

        async with asyncio.timeout(timeout), self.entered(run) as opened:
            return await self._output.pool().run(run, work)

    def getvalue(self) -> bytes:
        """What was written to memory.

        Raises:
            UsageError: Nothing was, or the target is of something else.
        """
        value = self._output.value if isinstance(self._output, MemoryOutput) else None
        if value is None:
            raise UsageError("nothing was written to memory", subject=self.nick())
        return value

    @property
    def resource(self) -> dict[str, Any]:
        """The resource of the object that was written.

        Raises:
            UsageError: None was written.
        """
        found: Any = self._output.resource if isinstance(self._output, ObjectOutput) else None
        if found is None:
            raise UsageError("no object was made", subject=self.nick())
        made: dict[str, Any] = found
        return made

    # -- for helpers -----------------------------------------------------------------------

    @property
    def made(self) -> dict[str, Any]:
        """The resource of what was made; `{}` where that is no object."""
        return self.resource if isinstance(self._output, ObjectOutput) else {}

    @asynccontextmanager
    async def entered(self, run: Run, suffix: str | None = None) -> AsyncGenerator[OpenedOutput]:
        """Around a run that writes it; leaving commits."""
        if self._is_used:
            raise UsageError("a target is written once", subject=self.nick())
        self._is_used = True
        with self._output.pool().holding(run):
            async with self._output.opened(run, suffix) as opened:
                yield opened
