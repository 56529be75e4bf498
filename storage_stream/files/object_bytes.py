"""The bytes of an object around a position: one connection, and a window of what came by it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from storage_stream.errors import IntegrityError, RangeNotSatisfiable, StorageError, StreamClosed
from storage_stream.files.window import ByteWindow

if TYPE_CHECKING:
    from storage_stream.files.pinned_object import PinnedObject
    from storage_stream.streams import StreamResponse

__all__ = ["ObjectBytes"]

# A new request costs a round trip and often a new connection: in that time a moderate line
# carries about this much, and aiohttp and the kernel hold it already where the reader is slower.
_READ_OVER_BYTES = 256 * 1024
_KEEP_BYTES = 256 * 1024


class ObjectBytes:
    """What a reader holds of its object, and how it gets more.

    Where there is a connection, its next byte is the one behind the window. This holds before and
    after every await, so that whoever is cancelled loses nothing.
    """

    def __init__(self, pinned: PinnedObject) -> None:
        self.object = pinned
        self.window = ByteWindow(_KEEP_BYTES)
        self._stream: StreamResponse | None = None
        self._resumes = 0  # of connections that are over
        self._closed = False

    @property
    def verified(self) -> bool | None:
        """What the present connection says of the checksum."""
        return None if self._stream is None else self._stream.verified

    @property
    def resumes(self) -> int:
        """How often a broken connection was replaced."""
        return self._resumes + (0 if self._stream is None else self._stream.resumes)

    async def reach(self, position: int) -> bool:
        """Bring the window to the position; False when that is behind the end."""
        window, size = self.window, self.object.size
        if window.covers(position):
            return True
        if size is not None and position >= size:
            return False
        if self._stream is not None and 0 < position - window.end <= _READ_OVER_BYTES:
            await self.receive(position - window.end)
            return window.end == position
        self._drop_stream()
        window.restart(position)
        return True

    async def receive(self, size: int) -> bytes:
        """The next `size` bytes behind the window, or all; they count as read."""
        stream = await self._connected()
        if stream is None:
            return b""
        try:
            data = await stream.read(size)
        except StorageError as error:
            self._failed(error)
            raise
        self.window.pass_by(data)
        if size < 0 or len(data) < size:
            self._note_end(stream)
        return data

    async def receive_some(self) -> bool:
        """Whatever comes next behind the window, to be read; False at the end."""
        stream = await self._connected()
        if stream is None:
            return False
        try:
            data = await stream.read1()
        except StorageError as error:
            self._failed(error)
            raise
        self.window.extend(data)
        if not data:
            self._note_end(stream)
        return bool(data)

    async def ask_size(self, offset: int) -> int:
        """The size, from the first answer: to the request that a read at `offset` would make."""
        pinned = self.object
        if pinned.size is None and self._stream is None:
            suffix = offset < 0 and not pinned.decodes
            try:
                stream = await pinned.open_at(offset if suffix else 0)
                if suffix and pinned.size is None:
                    stream.close()
                    suffix, stream = False, await pinned.open_at(0)
            except RangeNotSatisfiable:  # of the last bytes: there are none
                suffix, stream = False, await pinned.open_at(0)
            self._adopt(stream)
            self.window.restart(max(0, (pinned.size or 0) + offset) if suffix else 0)
        if pinned.size is None:
            raise io.UnsupportedOperation("the size is not known before the end is read")
        return pinned.size

    def close(self) -> None:
        """Let go of the connection and of what is held. Idempotent."""
        self._closed = True
        if self._stream is not None:
            self._stream.close()
        self.window.restart(0)

    async def _connected(self) -> StreamResponse | None:
        """The connection that goes on behind the window; None when that is the end."""
        if self._stream is None:
            self._adopt(await self.object.stream_from(self.window.end))
        return self._stream

    def _adopt(self, stream: StreamResponse | None) -> None:
        if self._closed:
            if stream is not None:
                stream.close()
            raise StreamClosed("the file was closed", subject=self.object.subject)
        self._stream = stream

    def _note_end(self, stream: StreamResponse) -> None:
        if stream.bytes_read or self.window.end == 0:  # else it began behind the end
            self.object.ended_at(self.window.end)

    def _failed(self, error: StorageError) -> None:
        """A further read begins anew; only wrong bytes do not become right by that."""
        if not isinstance(error, IntegrityError | StreamClosed):
            self._drop_stream()

    def _drop_stream(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            self._resumes += stream.resumes
            stream.close()
