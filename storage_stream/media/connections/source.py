"""`Source`: what pyvips reads a picture from, with an object in place of a file.

libvips waits for bytes; an event loop may not. So pictures are computed in worker threads, inside
`run`, and what they read is brought by the loop meanwhile. What the bytes are is the matter of
`inputs`.
"""

from __future__ import annotations

import asyncio
import inspect
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, Self, TypeVar, Unpack, cast

from storage_stream.errors import StreamClosed
from storage_stream.media.bridge.run import Run, current_run
from storage_stream.media.connections import vips
from storage_stream.media.connections.blocks.object_blocks import ObjectBlocks
from storage_stream.media.connections.blocks.pinned_object import PinnedObject, SourceStats
from storage_stream.media.connections.connection import DEFAULT_TIMEOUT, Connection, path_text
from storage_stream.media.connections.inputs.local import DescriptorInput, FileInput
from storage_stream.media.connections.inputs.memory import MemoryInput
from storage_stream.media.connections.inputs.objects import ObjectInput
from storage_stream.media.connections.save_formats import checked_format
from storage_stream.media.connections.thumbnails import Thumbnail, will_read_all
from storage_stream.media.errors import OutsideRunError, UnidentifiedImage
from storage_stream.media.limits import MAX_MEMORY_PIXELS, MAX_STREAMED_PIXELS, PixelLimits

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncGenerator, Callable
    from types import TracebackType

    from storage_stream import DownloadKeywords, RequestKeywords, Storage
    from storage_stream.media.bridge.pool import MediaPool
    from storage_stream.media.connections.inputs.opening import Input, Opened

__all__ = ["Source", "SourceRun"]

T = TypeVar("T")

_MIB = 1024 * 1024


class SourceRun(NamedTuple):
    """A run of a source, and its bytes in it."""

    run: Run
    opened: Opened


class Source(Connection):
    """Where pyvips reads a picture from.

        async with Source.new_from_object(storage, "bucket", "photo.tif") as source:
            small = await source.thumbnail(300)
            mean = await source.run(lambda given: pyvips.Image.new_from_source(given, "").avg())

    Made by the `new_from_…` methods; none of them reads anything. Leaving the block ends what is
    under way and lets go of what is held.

    Pictures can only be read inside `run`. Failures of the network are raised by `run` as they
    are, never hidden in a picture that is half grey: what libvips makes of them does not count.

    Attributes:
        stats: What reading cost so far; of an object only.
    """

    def __init__(
        self,
        given: Input,
        stats: SourceStats | None = None,
        *,
        filename: str = "",
        nick: str = "",
    ) -> None:
        super().__init__(filename, nick)
        self._input = given
        self.stats = stats or SourceStats()
        self._runs: dict[Run, Opened | None] = {}
        self._is_idle = asyncio.Event()
        self._is_idle.set()
        self._is_closed = False
        self._outside: OutsideRunError | None = None

    @staticmethod
    def new_from_object(
        storage: Storage,
        bucket: str,
        name: str,
        *,
        generation: int | None = None,
        block_size: int = 64 * 1024,
        cache_size: int = 8 * _MIB,
        max_read_ahead: int = 4 * _MIB,
        max_bytes: int | None = None,
        max_unseekable: int = 256 * _MIB,
        **options: Unpack[RequestKeywords],
    ) -> Source:
        """An object, read by ranges: what libvips does not read is not downloaded. No request.

        The first read asks for one block; all further requests are for the generation that its
        answer names. Reading on asks for twice as much each time, jumping for one block again. A
        broken request goes on from the first byte that is missing.

        An object that the service decompresses on the way, or a server that answers ranges with
        the whole object, can only be read from front to back; libvips then keeps what it may need
        again in memory.

        Args:
            storage: The client.
            bucket: The bucket.
            name: The object.
            generation: The generation to read; None for the live one.
            block_size: Bytes of the smallest request, and of what is held together.
            cache_size: Bytes that are held at most.
            max_read_ahead: Bytes of one request at most; at most half of `cache_size` counts.
            max_bytes: Bytes that may be downloaded in all; None for no limit.
            max_unseekable: Bytes that an object may have that is read from front to back.
            **options: See `RequestKeywords`; `timeout` is 30 seconds unless it is given, and is
                also how long libvips waits for bytes.

        Raises:
            InvalidName: A name that cannot be.
            InvalidArgument: A size that cannot be.
        """
        storage.download_stream(bucket, name)  # which refuses names, and requests nothing
        timeout = options.setdefault("timeout", DEFAULT_TIMEOUT)
        keywords = cast("DownloadKeywords", options)
        pinned = PinnedObject(
            *(storage, bucket, name), generation=generation, max_bytes=max_bytes, options=keywords
        )
        blocks = ObjectBlocks(
            pinned, block_size=block_size, cache_size=cache_size, max_read_ahead=max_read_ahead
        )
        given = ObjectInput(blocks, timeout, max_unseekable)
        return Source(given, pinned.stats, filename=pinned.subject)

    @staticmethod
    def new_from_memory(data: bytes | bytearray | memoryview) -> Source:
        """Bytes that are here; what can be changed is copied."""
        return Source(MemoryInput(bytes(data)), nick="memory")

    @staticmethod
    def new_from_file(path: str | os.PathLike[str]) -> Source:
        """A file, by its name; libvips reads it by itself."""
        text = path_text(path)
        return Source(FileInput(text), filename=text)

    @staticmethod
    def new_from_descriptor(descriptor: int) -> Source:
        """An open file; it stays the caller's, and may be closed at once.

        Raises:
            OSError: It is no open file.
        """
        return Source(DescriptorInput(descriptor), nick="descriptor")

    # -- reading ---------------------------------------------------------------------------

    async def run(self, fn: Callable[[Any], T], *, timeout: float | None = None) -> T:  # noqa: ASYNC109 - a limit, as for every call
        """Call a function with a `pyvips.Source` in a worker thread, and give what it returns.

        Everything that reads pixels belongs into it, and nothing else works: an image that it
        leaves behind cannot be computed later. Load with `fail_on="error"`. Several runs may go on
        at once where the source can seek.

        Cancelling ends the reading at once, and the computing of images that `cancellable` knows;
        it is raised when the thread is done.

        Args:
            fn: Takes the source; returns anything but an image.
            timeout: Seconds for all of it; None for no limit.

        Raises:
            UnidentifiedImage: It is no picture.
            NotFound: There is no such object.
            StorageError: It cannot be read.
            TypeError: `fn` returned an image, whose pixels are not read yet.
            TimeoutError: It took too long.
            Exception: What `fn` raised, `pyvips.Error` among others.
        """
        async with asyncio.timeout(timeout), self.entered() as entered:
            return await self.work(entered, lambda: self._call(fn, entered))

    async def run_reader(
        self,
        fn: Callable[[BinaryIO], T],
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - a limit, as for every call
    ) -> T:
        """Call a function with a file in a worker thread: as `run`, without pyvips.

        Cancelling ends the reading at once, and nothing else: a function that computes without
        reading is waited for.

        Args:
            fn: Takes a readable binary file, for Pillow, zipfile and others.
            timeout: Seconds for all of it; None for no limit.

        Raises:
            StorageError: It cannot be read, also when `fn` made something else of that.
        """
        async with asyncio.timeout(timeout), self.entered() as entered:
            return await self.work(entered, lambda: fn(entered.opened.file()))

    async def thumbnail(
        self,
        width: int,
        *,
        height: int | None = None,
        format: str = ".jpg",  # noqa: A002 - the word that pyvips' users look for
        max_pixels: int | None = MAX_STREAMED_PIXELS,
        max_memory_pixels: int | None = MAX_MEMORY_PIXELS,
        untrusted: bool = False,
        timeout: float | None = None,  # noqa: ASYNC109 - a limit, as for every call
        **save: Any,
    ) -> bytes:
        """A small picture of it, upright, as a file.

        Only what it takes is decoded, and downloaded where the format has levels or tiles.
        Cancelling ends reading and computing, as with `run`.

        Args:
            width: Pixels of the box that it has to fit in.
            height: The same; None for as many as `width`.
            format: Its suffix, with options or without: `.jpg`, `.webp[Q=80]`.
            max_pixels: Pixels that it may have, 1000 million unless said; None for no limit.
            max_memory_pixels: Pixels that may be in memory at once; None for no limit.
            untrusted: Whether SVG is read, too, and what else libvips' authors do not trust with
                files of strangers (PDF, ImageMagick, numbers as text), where it has it.
            timeout: Seconds for all of it; None for no limit.
            **save: Options of the saver, such as `Q`.

        Raises:
            InvalidArgument: A box without a pixel, or a limit less than 1.
            UnsupportedFormat: Nothing here writes such files, and nothing was requested; or it
                has no such option, or no room for so large a picture.
            UnidentifiedImage: It is no picture.
            ImageTooLarge: It has too many pixels, or takes too much memory; no pixel was read.
            DamagedImage: It cannot be decoded.
            StorageError: It cannot be read.
        """
        limits = PixelLimits(max_pixels, max_memory_pixels)
        wanted = Thumbnail(width, height, format, limits, untrusted, save)
        await checked_format(format, self.pool)
        async with asyncio.timeout(timeout), self.entered() as entered:
            entered.opened.read_ahead(lambda first: will_read_all(first, limits))
            return await self.work(entered, lambda: wanted.make(*entered))

    def reader(self) -> BinaryIO:
        """A file of its own on the same bytes, for code inside the function that `run` calls.

        It is an `io.RawIOBase` that gives as much as it is asked for, except at the end.

        Raises:
            OutsideRunError: This is no thread of a run of this source.
        """
        run = current_run()
        opened = None if run is None else self._runs.get(run)
        if opened is None:
            raise OutsideRunError(
                "reader() is for the function that run() calls", subject=self._subject
            )
        return opened.file()

    # -- ending ----------------------------------------------------------------------------

    async def close(self) -> None:
        """End what is under way and let go of what is held. Idempotent.

        Runs that go on raise `StreamClosed`; their threads are waited for.
        """
        self._is_closed = True
        for run in list(self._runs):
            run.stop(StreamClosed("the source was closed", subject=self._subject))
        await self._is_idle.wait()
        await self._input.close()

    async def __aenter__(self) -> Self:
        self._check_open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
        outside, self._outside = self._outside, None
        if outside is not None and error is None:
            raise outside

    # -- for helpers -----------------------------------------------------------------------

    @asynccontextmanager
    async def entered(self) -> AsyncGenerator[SourceRun]:
        """Around a run: the first bytes are here, and others wait for their turn."""
        self._check_open()
        run = Run(self._subject)
        run.tell_outside(self._note_outside)
        self._runs[run] = None
        self._is_idle.clear()
        try:
            with self.pool.holding(run):
                async with self._input.opened(run) as opened:
                    self._runs[run] = opened
                    yield SourceRun(run, opened)
        finally:
            del self._runs[run]
            if not self._runs:
                self._is_idle.set()

    @property
    def pool(self) -> MediaPool:
        """The threads that it is read in."""
        return self._input.pool()

    async def work(self, entered: SourceRun, work: Callable[[], T]) -> T:
        """Do it in a worker thread."""
        return await self.pool.run(entered.run, work)

    @property
    def _subject(self) -> str:
        return self.nick()

    def _check_open(self) -> None:
        if self._is_closed:
            raise StreamClosed("the source was closed", subject=self._subject)
        outside, self._outside = self._outside, None
        if outside is not None:
            raise outside

    def _note_outside(self, error: OutsideRunError) -> None:
        self._outside = error

    def _call(self, fn: Callable[[Any], T], entered: SourceRun) -> T:
        library = vips.pyvips()
        source = entered.opened.source()
        is_known = vips.loader_of(source) is not None
        try:
            result = fn(source)
        except library.Error as error:
            if not is_known and entered.run.error is None:
                raise UnidentifiedImage(
                    "libvips knows no picture that begins so", subject=self._subject
                ) from error
            raise
        if inspect.iscoroutine(result):
            result.close()
            raise TypeError("run() calls a plain function: async ones are for the event loop")
        if isinstance(result, library.Image):
            raise TypeError(
                "run() cannot return an image, because its pixels are not read yet: return bytes"
                " or numbers"
            )
        return result
