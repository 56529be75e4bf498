"""`StreamWriter`: an object that is written piece by piece, and is there only when it is whole."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Self, cast

from storage_stream.errors import StorageError, StreamClosed, UsageError

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import TracebackType

    from storage_stream._protocol.resources import ObjectResource
    from storage_stream._transfer.upload import StreamUpload

__all__ = ["StreamWriter"]


class StreamWriter:
    """A new object, written as its bytes come, in bounded memory.

    Not made by hand:

        async with storage.upload_stream("bucket", "name") as writer:
            await writer.write(b"...")
        print(writer.resource["generation"])

    Leaving the block makes the object and compares it with what was written; leaving it by an
    exception (or a cancel) gives the upload up, and nothing of it becomes visible; only where the
    exception is the upload's own and has a `state`, `Storage.resume_upload` can go on. One chunk (8
    MiB) is held at most, besides what one `write` brings; an object smaller than that goes out in
    one request. A connection that breaks is replaced, and the upload goes on from what the service
    confirms.

    One task at a time may write.
    """

    def __init__(self, upload: StreamUpload, subject: str) -> None:
        self._upload = upload
        self._subject = subject
        self._resource: ObjectResource | None = None
        self._ended = False
        self._busy = False

    @property
    def bytes_written(self) -> int:
        """Bytes that were given to `write`."""
        return self._upload.received

    @property
    def confirmed_bytes(self) -> int:
        """Bytes that the service has confirmed; they would outlive this process."""
        return self._upload.session.confirmed

    @property
    def resource(self) -> ObjectResource:
        """The object's resource, once it is made.

        Raises:
            UsageError: It is not made yet, or never.
        """
        if self._resource is None:
            raise UsageError("the object is not made", subject=self._subject)
        return self._resource

    def state(self) -> dict[str, Any]:
        """Where the upload stands, for `Storage.resume_upload` in this or another process.

        It can be written as JSON. Who has it can write to the object: keep it as a password.

        Raises:
            UsageError: Nothing was sent yet, so there is nothing to go on from.
        """
        if self._upload.session.machine.session_uri is None:
            raise UsageError("nothing was sent yet", subject=self._subject)
        return self._upload.session.state()

    async def write(self, data: bytes | bytearray | memoryview) -> int:
        """Write bytes; returns when less than a chunk waits to be sent, so it is its own `drain`.

        Cancelling loses nothing: the bytes are taken, and the next call sends them.

        Args:
            data: What to write; it may be changed afterwards.

        Returns:
            How many bytes were written: all.

        Raises:
            StreamClosed: The object is made already, or was given up.
            StorageError: The upload cannot go on.
        """
        self._check_open()
        if not isinstance(data, bytes | bytearray | memoryview):
            raise TypeError(f"write() takes bytes, not {type(data).__name__}")
        with self._alone():
            taken = bytes(cast("bytes", data))
            await self._upload.write(taken)
        return len(taken)  # of a memoryview of larger items, data has fewer

    async def close(self) -> None:
        """Make the object of what was written. Idempotent.

        Raises:
            IntegrityError: The service keeps something else; it was deleted.
            UsageError: Another task is writing.
            StorageError: The upload cannot be ended.
        """
        if self._ended:
            return
        with self._alone():
            self._resource = await self._upload.finish()
        self._ended = True

    async def abort(self) -> None:
        """Give the upload up: nothing of it becomes visible. Idempotent."""
        if not self._ended:
            self._ended = True
            await self._upload.session.cancel()

    async def __aenter__(self) -> Self:
        self._check_open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            await self._give_up(error)
            return
        try:
            await self.close()
        except BaseException as failure:
            await self._give_up(failure)
            raise

    async def _give_up(self, error: BaseException) -> None:
        """Abort, unless the error hands the upload out for somebody to go on with."""
        state = error.state if isinstance(error, StorageError) else None
        if state is not None and state.get("session_uri") == self._upload.session.uri:
            self._ended = True
        else:
            await self.abort()

    def _check_open(self) -> None:
        if self._ended:
            raise StreamClosed("the object is made, or given up", subject=self._subject)

    @contextlib.contextmanager
    def _alone(self) -> Generator[None]:
        if self._busy:
            raise UsageError("another task is writing to this stream", subject=self._subject)
        self._busy = True
        try:
            yield
        finally:
            self._busy = False

    def __repr__(self) -> str:
        return f"<StreamWriter {self._subject} {self.bytes_written} bytes>"
