"""`ObjectReader`: an object as a binary file that can seek.

Reading goes along one connection as long as that is cheap; a seek only notes the position. Which
the connections are is the matter of `object_bytes`, that they all bring the same generation that of
`pinned_object`.
"""

from __future__ import annotations

import io
import operator
from typing import TYPE_CHECKING

from storage_stream._transfer.turn import Turn
from storage_stream.errors import InvalidArgument
from storage_stream.files.base import ReadableFile
from storage_stream.files.object_bytes import ObjectBytes

if TYPE_CHECKING:
    from storage_stream._protocol.media_head import ObjectHead
    from storage_stream.files.pinned_object import PinnedObject

__all__ = ["ObjectReader"]


class ObjectReader(ReadableFile[bytes]):
    """An object as a binary file: read it, seek in it, go through its lines.

    Not made by hand: `async with storage.open("bucket", "name", "rb") as file:`.

    Nothing is requested before the first read (or the first seek from the end). All requests are
    for the generation of the first answer. A connection that breaks is replaced and the reader
    sees nothing of it. The connection reads ahead as far as its buffers go, some 100 KiB.

    A seek costs no request by itself. The next read costs none either when it begins in the last
    256 KiB that were read, or at most 256 KiB ahead of what has been received (that is read over);
    else it ends the connection and begins a new request there.

    At the end of a connection that began at byte 0 the crc32c of the object is compared, see
    `verified`. At most 512 KiB are held, besides what one read or one line brings.

    One task at a time may use it. Cancelling a read loses no byte and does not move the position.

    Attributes:
        bucket: The bucket's name.
        name: The object's name.
        mode: As it was opened, `rb`.
    """

    def __init__(self, pinned: PinnedObject, bucket: str, name: str, mode: str = "rb") -> None:
        self.bucket = bucket
        self.name = name
        self.mode = mode
        self._bytes = ObjectBytes(pinned)
        self._window = self._bytes.window
        self._position = 0
        self._turn = Turn(pinned.subject)

    # -- what is known ---------------------------------------------------------------------

    @property
    def size(self) -> int | None:
        """Bytes in all; None before the first answer.

        With `decode=True` also None until the end of an object stored as gzip was reached.
        """
        return self._bytes.object.size

    @property
    def position(self) -> int:
        """Where the next read begins."""
        return self._position

    @property
    def metadata(self) -> ObjectHead | None:
        """What the headers of the first answer say; None before it."""
        return self._bytes.object.head

    @property
    def generation(self) -> int | None:
        """The generation that is read; None before the first answer, unless it was asked for."""
        return self._bytes.object.generation

    @property
    def verified(self) -> bool | None:
        """Whether the checksum of the whole object was compared and is right.

        True at the end of a connection that began at byte 0, as it does when the file is read from
        the beginning to the end. None before, and after a seek that took a new request. A wrong
        checksum raises `IntegrityError` in place of the end.
        """
        return self._bytes.verified

    @property
    def resumes(self) -> int:
        """How often a broken connection was replaced."""
        return self._bytes.resumes

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._turn.closed

    # -- reading ---------------------------------------------------------------------------

    async def read(self, size: int | None = -1) -> bytes:
        """Read bytes, as many as asked for.

        Args:
            size: How many; fewer come only at the end. -1 (or None) reads all the rest.

        Returns:
            Bytes; `b""` at the end and behind it.

        Raises:
            StreamClosed: The file was closed.
            NotFound: There is no such object.
            ObjectChanged: It was overwritten or deleted since the first read.
            IntegrityError: The end was reached, and the checksum is wrong.
            StorageError: It cannot be read; a further read tries again.
        """
        with self._turn:
            if size == 0 or not await self._bytes.reach(self._position):
                return b""
            if size is None or size < 0:
                data = self._window.slice(self._position, self._window.end)
                rest = await self._bytes.receive(-1)
            else:
                data = self._window.slice(self._position, self._position + size)
                missing = size - len(data)
                rest = await self._bytes.receive(missing) if missing else b""
            data = data + rest if data else rest
            self._advance(len(data))
            return data

    async def read1(self, size: int = -1) -> bytes:
        """Read what is there, waiting only when nothing is.

        Args:
            size: At most so many bytes; -1 for whatever there is (up to 512 KiB or so).

        Raises:
            StorageError: As in `read`.
        """
        with self._turn:
            if size == 0 or not await self._bytes.reach(self._position):
                return b""
            if self._window.end == self._position:
                await self._bytes.receive_some()
            stop = self._window.end if size < 0 else self._position + size
            data = self._window.slice(self._position, stop)
            self._advance(len(data))
            return data

    async def readinto(self, buffer: bytearray | memoryview) -> int:
        """Fill a writable buffer.

        Returns:
            Bytes written to it; fewer than it holds only at the end, 0 there.

        Raises:
            TypeError: The buffer is read-only.
            StorageError: As in `read`; the buffer is as it was.
        """
        target = memoryview(buffer).cast("B")
        if target.readonly:
            raise TypeError("readinto takes a writable buffer")
        data = await self.read(len(target))
        target[: len(data)] = data
        return len(data)

    async def readline(self, limit: int | None = -1) -> bytes:
        r"""Read to the next `\n`, which is part of what is returned, or to the end.

        Args:
            limit: At most so many bytes; -1 (or None) for no limit: a line is held in memory.

        Raises:
            StorageError: As in `read`.
        """
        with self._turn:
            if limit == 0 or not await self._bytes.reach(self._position):
                return b""
            start = scanned = self._position
            stop = None if limit is None or limit < 0 else start + limit
            while (end := self._line_end(scanned, stop)) is None:
                scanned = self._window.end
                if not await self._bytes.receive_some():
                    end = scanned
                    break
            line = self._window.slice(start, end)
            self._advance(len(line))
            return line

    # -- positions -------------------------------------------------------------------------

    async def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Set the position. No request, but for the first one where the size has to be known.

        Args:
            offset: Bytes; a position before the beginning counts as 0, one behind the end is
                allowed and reads `b""`.
            whence: `io.SEEK_SET` from the beginning, `io.SEEK_CUR` from here, `io.SEEK_END` from
                the end.

        Returns:
            The new position.

        Raises:
            TypeError: An offset that is no whole number.
            InvalidArgument: A negative offset from the beginning, or another `whence`.
            io.UnsupportedOperation: From the end, and the size cannot be known yet
                (`decode=True`).
            StorageError: The size was asked for, as in `read`.
        """
        offset = operator.index(offset)
        with self._turn:
            if whence == io.SEEK_SET:
                if offset < 0:
                    raise InvalidArgument(f"a file has no position {offset}")
                origin = 0
            elif whence == io.SEEK_CUR:
                origin = self._position
            elif whence == io.SEEK_END:
                origin = await self._bytes.ask_size(offset)
            else:
                raise InvalidArgument(f"whence is 0, 1 or 2, not {whence}")
            self._position = max(0, origin + offset)
            return self._position

    async def tell(self) -> int:
        """The position: where the next read begins."""
        self._turn.check_open()
        return self._position

    # -- ending ----------------------------------------------------------------------------

    async def close(self) -> None:
        """Let go of the connection and of what is held. Idempotent."""
        self._turn.closed = True
        self._bytes.close()

    def __repr__(self) -> str:
        state = "closed" if self.closed else f"at {self._position} of {self.size} bytes"
        return f"<ObjectReader {self._bytes.object.subject} {state}>"

    def _check_open(self) -> None:
        self._turn.check_open()

    def _line_end(self, scanned: int, stop: int | None) -> int | None:
        """Behind the line that begins at the position; None when its end is not held yet."""
        held = self._window.end
        end = self._window.line_end(scanned, held if stop is None else min(stop, held))
        return stop if end is None and stop is not None and stop <= held else end

    def _advance(self, count: int) -> None:
        self._position += count
        self._window.trim(self._position)
