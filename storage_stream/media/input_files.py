"""What is read, as files for code in worker threads: libvips' handlers, Pillow, zipfile.

One of them belongs to one run and holds a position; it goes to the loop only for what is not
here. It raises what went wrong, and has the run keep it, because who reads may swallow it.
"""

from __future__ import annotations

import errno
import inspect
import io
import time
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, TypeVar, cast

from storage_stream.media.errors import OutsideRunError, UnseekableTooLarge
from storage_stream.media.positions import checked_position
from storage_stream.media.running import Stopped

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from storage_stream import StreamResponse
    from storage_stream.media.object_blocks import ObjectBlocks
    from storage_stream.media.pinned import PinnedObject
    from storage_stream.media.running import Run

__all__ = ["BlockFile", "CustomFile", "ForwardFile", "MemoryFile", "RunFile", "position_of"]

T = TypeVar("T")


class RunFile(io.RawIOBase):
    """A file that is read inside a run, by one thread at a time.

    Args:
        run: To which it belongs.
        timeout: Seconds to wait for bytes.
    """

    def __init__(self, run: Run, timeout: float | None) -> None:
        super().__init__()
        self._run = run
        self._timeout = timeout

    @abstractmethod
    def fill(self, view: memoryview) -> int:
        """Write the next bytes into it, as many as are at hand; 0 at the end."""

    def fill_all(self, view: memoryview) -> int:
        """Fill it; less only at the end.

        Pillow takes less for a damaged file, and so does the TIFF loader of libvips 8.16.
        """
        filled = 0
        while filled < len(view) and (count := self.fill(view[filled:])):
            filled += count
        return filled

    def move(self, offset: int, whence: int) -> int:
        """Set the position, as `io.IOBase.seek`."""
        raise io.UnsupportedOperation(f"seek({offset}, {whence}): it is read from front to back")

    def retire(self) -> None:
        """The run is over: let go of the bytes, as libvips may keep this for long."""

    def guarded(self, handler: Callable[..., int]) -> Callable[..., int]:
        """The handler as libvips may call it, in the run that is under way then."""

        def guarding(*arguments: Any) -> int:
            return self._run.guard(handler, *arguments)

        return guarding

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer; less only at the end.

        Raises:
            StorageError: It cannot be read.
            OSError: It could not be read before.
        """
        return self._kept(lambda: self.fill_all(memoryview(buffer).cast("B")))

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Set the position."""
        return self._kept(lambda: self.move(offset, whence))

    def _kept(self, act: Callable[[], T]) -> T:
        try:
            self._run.check()
            return act()
        except (io.UnsupportedOperation, OutsideRunError):
            raise  # a question, not a failure of the run
        except Stopped:
            raise OSError("reading failed before, or was ended") from None
        except BaseException as error:
            self._run.keep(error)
            raise

    def wait_for(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What the loop does for it."""
        return self._run.wait_for(make, self._timeout)


def position_of(offset: int, whence: int, position: int, size: int) -> int:
    """Where a seek leads; behind the end is allowed.

    Raises:
        OSError: Before the beginning.
    """
    found = {io.SEEK_SET: 0, io.SEEK_CUR: position, io.SEEK_END: size}[whence] + offset
    if found < 0:
        raise OSError(errno.EINVAL, "a file has no position before its beginning")
    return found


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


class MemoryFile(RunFile):
    """Bytes that are here."""

    def __init__(self, run: Run, data: bytes) -> None:
        super().__init__(run, None)
        self._data = memoryview(data)
        self._position = 0

    def retire(self) -> None:
        """Let go of them."""
        self._data = memoryview(b"")

    def seekable(self) -> bool:
        """Always."""
        return True

    def fill(self, view: memoryview) -> int:
        """Copy the next bytes into it."""
        piece = self._data[self._position : self._position + len(view)]
        view[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def move(self, offset: int, whence: int) -> int:
        """Set the position."""
        self._position = position_of(offset, whence, self._position, len(self._data))
        return self._position


class ForwardFile(RunFile):
    """An object that comes from front to back only: decompressed on the way, or without ranges.

    libvips keeps what it read of such a source in memory, as long as it may need to go back.

    Args:
        run: To which it belongs.
        pinned: The object.
        limit: Bytes that may come in all.
        size: Bytes of one step.
        timeout: Seconds to wait for bytes.
    """

    def __init__(
        self, run: Run, pinned: PinnedObject, limit: int, size: int, timeout: float | None
    ) -> None:
        super().__init__(run, timeout)
        self._object = pinned
        self._limit = limit
        self._step = size
        self._taken = 0
        self._held = memoryview(b"")
        self._opened: Any = None
        self._stream: StreamResponse | None = None

    def retire(self) -> None:
        """Let go of the object."""
        self._held = memoryview(b"")
        del self._object

    def fill(self, view: memoryview) -> int:
        """Write the next bytes into it."""
        self._object.stats.callbacks += 1
        if self._held:
            self._object.stats.cache_hits += 1
        else:
            self._held = memoryview(self.wait_for(self._next))
        count = min(len(self._held), len(view))
        view[:count] = self._held[:count]
        self._held = self._held[count:]
        return count

    async def _next(self) -> bytes:
        if self._stream is None:
            opened = self._object.stream()
            self._stream = await opened.__aenter__()
            self._opened = opened
            self._check(self._stream.content_length or 0)
        data = await self._stream.read(self._step)
        self._taken += len(data)
        self._check(self._taken)
        self._object.count(len(data))
        return data

    def _check(self, size: int) -> None:
        if size > self._limit:
            raise UnseekableTooLarge(
                "it can only be read from front to back, because of its encoding or its server,"
                f" and is more than max_unseekable={self._limit} bytes",
                subject=self._object.subject,
            )

    async def end(self) -> None:
        """Let go of the connection."""
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened.__aexit__(None, None, None)


class CustomFile(RunFile):
    """What handlers of the caller's read; plain ones are called here, async ones on the loop."""

    def __init__(
        self,
        run: Run,
        read: Callable[[int], Any],
        seek: Callable[[int, int], Any] | None,
        timeout: float | None,
    ) -> None:
        super().__init__(run, timeout)
        self._read = read
        self._seek = seek

    def seekable(self) -> bool:
        """Whether there is a seek handler."""
        return self._seek is not None

    def retire(self) -> None:
        """Let go of the functions; there is no run after this."""
        del self._read, self._seek

    def rebind(self, run: Run) -> None:
        """Go on in another run."""
        self._run = run

    def fill(self, view: memoryview) -> int:
        """What the read handler gives.

        Raises:
            TypeError: It gave no bytes.
            ValueError: It gave more than it was asked for.
        """
        data = self._of(self._read(len(view)))
        if data is None:
            return 0
        if not isinstance(data, bytes | bytearray | memoryview):
            raise TypeError(f"a read handler returns bytes, not {type(data).__name__}")
        with memoryview(cast("bytes", data)).cast("B") as given:
            if len(given) > len(view):
                raise ValueError(
                    f"the read handler was asked for at most {len(view)} bytes, and returned"
                    f" {len(given)}: keep the rest for the next call"
                )
            view[: len(given)] = given
            return len(given)

    def move(self, offset: int, whence: int) -> int:
        """What the seek handler gives.

        Raises:
            TypeError: It gave no position.
            OSError: It gave one that cannot be.
        """
        if self._seek is None:
            return super().move(offset, whence)
        return checked_position(self._of(self._seek(offset, whence)))

    def _of(self, given: Any) -> Any:
        if not inspect.isawaitable(given):
            return given
        return self.wait_for(lambda: _awaited(given))


async def _awaited(given: Awaitable[T]) -> T:
    return await given
