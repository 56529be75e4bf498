"""`ObjectWriter`: a new object as a binary file."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from storage_stream._transfer.turn import Turn
from storage_stream.files.base import WritableFile

if TYPE_CHECKING:
    from storage_stream._protocol.resources import ObjectResource
    from storage_stream.writer import StreamWriter

__all__ = ["ObjectWriter"]

_GATHER_BYTES = 256 * 1024  # short writes are joined: each piece that is held costs 200 bytes more


class ObjectWriter(WritableFile[bytes]):
    """A new object as a binary file, written from its beginning to its end.

    Not made by hand: `async with storage.open("bucket", "name", "wb") as file:`.

    Closing it, and so leaving its block, makes the object and compares it with what was written.
    Leaving the block by an exception or a cancel gives it up: nothing becomes visible, and an
    object of that name stays as it was. With mode `xb` an object that is there already is a
    `PreconditionFailed`, from the first request: at the latest on closing.

    One task at a time may use it. At most one chunk (8 MiB) is held.

    Attributes:
        bucket: The bucket's name.
        name: The object's name.
        mode: As it was opened, `wb` or `xb`.
    """

    def __init__(
        self, stream: StreamWriter, bucket: str, name: str, *, mode: str, subject: str
    ) -> None:
        self.bucket = bucket
        self.name = name
        self.mode = mode
        self._stream = stream
        stream.disown()  # a file that is dropped open says so itself
        self._gathered = bytearray()
        self._subject = subject
        self._turn = Turn(subject)

    @property
    def position(self) -> int:
        """Bytes that were written."""
        return self._stream.bytes_written + len(self._gathered)

    @property
    def confirmed_bytes(self) -> int:
        """Bytes that the service has confirmed."""
        return self._stream.confirmed_bytes

    @property
    def resource(self) -> ObjectResource:
        """The object's resource, once it is made.

        Raises:
            UsageError: It is not made yet, or never.
        """
        return self._stream.resource

    @property
    def closed(self) -> bool:
        """Whether the object is made, or was given up."""
        return self._turn.closed

    async def write(self, data: bytes | bytearray | memoryview) -> int:
        """Write bytes; returns when less than a chunk waits to be sent.

        Cancelling loses nothing: the bytes are taken, and are sent later. So it is after a
        `StorageError`: then `write(b"")` or `close` tries once more, and other bytes are refused
        until it works.

        Returns:
            How many bytes were written: all.

        Raises:
            StreamClosed: The file was closed.
            UsageError: The bytes of a call that failed still wait; nothing was taken.
            StorageError: The upload cannot go on for now; the bytes are taken.
        """
        if not isinstance(data, bytes | bytearray | memoryview):
            raise TypeError(f"write() takes bytes, not {type(data).__name__}")
        with self._turn:
            size = data.nbytes if isinstance(data, memoryview) else len(data)
            if self._stream.is_stuck or (not self._gathered and size >= _GATHER_BYTES):
                return await self._stream.write(data)  # which refuses, or takes without a copy
            self._gathered += data
            if len(self._gathered) >= _GATHER_BYTES:
                await self._hand_on()
            return size

    async def flush(self) -> None:
        """Check that it is open: nothing of an object is visible before all of it is."""
        self._turn.check_open()

    async def tell(self) -> int:
        """How many bytes were written."""
        self._turn.check_open()
        return self.position

    async def close(self) -> None:
        """Make the object of what was written. Idempotent.

        When it fails, it can be called again, or `abort` instead.

        Raises:
            PreconditionFailed: With `xb`: there is such an object.
            IntegrityError: The service keeps something else; it was deleted.
            StorageError: The upload cannot be ended.
        """
        if self.closed:
            return
        with self._turn:
            await self._hand_on()
            await self._stream.close()
            self._turn.closed = True

    async def abort(self, error: BaseException | None = None) -> None:
        """Give it up: nothing of it becomes visible; see `StreamWriter.abort`. Idempotent."""
        if not self.closed:
            self._turn.closed = True
            self._gathered.clear()
            await self._stream.abort(error)

    def __del__(self) -> None:
        if not self.closed:
            warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self, stacklevel=2)

    def __repr__(self) -> str:
        state = "closed" if self.closed else "open"
        return f"<ObjectWriter {self._subject} {state}, {self.position} bytes>"

    async def _hand_on(self) -> None:
        if self._gathered:
            data = bytes(self._gathered)
            self._gathered.clear()
            await self._stream.write(data)  # it takes them before it waits
