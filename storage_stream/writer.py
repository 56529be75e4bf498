"""`StreamWriter`: an object that is written piece by piece, and is there only when it is whole."""

from __future__ import annotations

import contextlib
import warnings
from typing import TYPE_CHECKING, Any, Self, cast

from storage_stream._protocol.observed_call import ObservedCall
from storage_stream._transfer.commit_on_exit import CommitOnExit
from storage_stream._transfer.turn import Turn
from storage_stream.errors import StorageError, UsageError

if TYPE_CHECKING:
    from collections.abc import Generator

    from storage_stream._protocol.meter import Meter
    from storage_stream._protocol.resources import ObjectResource
    from storage_stream._transfer.upload import StreamUpload

__all__ = ["StreamWriter"]


class StreamWriter(CommitOnExit):
    """A new object, written as its bytes come, in bounded memory.

    Not made by hand:

        async with storage.upload_stream("bucket", "name") as writer:
            await writer.write(b"...")
        print(writer.resource["generation"])

    Leaving the block makes the object and compares it with what was written; leaving it by an
    exception (or a cancel) gives the upload up, and nothing of it becomes visible; only where the
    exception is the upload's own and has a `state`, `Storage.resume_upload` can go on. An upload
    that is cancelled when its last bytes have gone out may be whole by then, and visible: it is
    there as a whole, or not at all. One chunk (8
    MiB) is held at most, besides what one `write` brings; an object smaller than that goes out in
    one request. A connection that breaks is replaced, and the upload goes on from what the service
    confirms.

    One task at a time may write.
    """

    def __init__(self, upload: StreamUpload, subject: str, meter: Meter | None = None) -> None:
        self._upload = upload
        self._subject = subject
        self._resource: ObjectResource | None = None
        self._turn = Turn(subject, "stream", "the object is made, or given up")
        self._call = meter if isinstance(meter, ObservedCall) else None
        self._is_stuck = False
        self._is_told = False  # somebody has its state, or its failure, or looks after it

    @property
    def bytes_written(self) -> int:
        """Bytes that were given to `write`."""
        return self._upload.received

    @property
    def confirmed_bytes(self) -> int:
        """Bytes that the service has confirmed; they would outlive this process."""
        return self._upload.session.confirmed

    @property
    def is_stuck(self) -> bool:
        """Whether the bytes of a `write` that failed still wait to be sent."""
        return self._is_stuck

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
        self._is_told = True
        return self._upload.session.state()

    async def write(self, data: bytes | bytearray | memoryview) -> int:
        """Write bytes; returns when less than a chunk waits to be sent, so it is its own `drain`.

        Cancelling loses nothing: the bytes are taken, and the next call sends them. So it is after
        a `StorageError`, and who writes the same bytes again would have them twice: then
        `write(b"")` tries once more, or `close` does, and other bytes are refused until it works.

        Args:
            data: What to write; it may be changed afterwards.

        Returns:
            How many bytes were written: all.

        Raises:
            StreamClosed: The object is made already, or was given up.
            UsageError: Another task is writing; or the bytes of an earlier call, which failed,
                still wait. Nothing was taken.
            StorageError: The upload cannot go on for now; the bytes are taken.
        """
        self._turn.check_open()
        if not isinstance(data, bytes | bytearray | memoryview):
            raise TypeError(f"write() takes bytes, not {type(data).__name__}")
        with self._turn:
            taken = bytes(cast("bytes", data))
            if taken and self._is_stuck:
                raise UsageError(
                    "the bytes of a write that failed still wait: write(b'') or close() sends them",
                    subject=self._subject,
                )
            with self._failing():
                await self._upload.write(taken)
        return len(taken)  # of a memoryview of larger items, data has fewer

    async def close(self) -> None:
        """Make the object of what was written. Idempotent.

        Raises:
            IntegrityError: The service keeps something else; it was deleted.
            UsageError: Another task is writing.
            StorageError: The upload cannot be ended.
        """
        if self._turn.closed:
            return
        with self._turn, self._failing():
            self._resource = await self._upload.finish()
        self._turn.closed = True
        if self._call is not None:
            self._call.ended()

    async def abort(self, error: BaseException | None = None) -> None:
        """Give the upload up: nothing of it becomes visible. Idempotent.

        A session that is just being begun is waited for, a few seconds, to be ended; cancelling
        ends the waiting.

        Args:
            error: Why. One that holds the state of this upload hands it out to whoever catches it,
                and then the session is left for `Storage.resume_upload`.
        """
        if not self._turn.closed:
            self._turn.closed = True
            if not self._upload.session.is_handed_out(error):
                await self._upload.session.cancel()
            if self._call is not None:
                self._call.ended(error)

    def disown(self) -> None:
        """Say nothing when it is dropped open: whoever holds it says it."""
        self._is_told = True

    def __await__(self) -> Generator[Any, Any, Self]:
        """Itself, as `open` and `download_stream` give what they opened; no request is made."""
        return self.__aenter__().__await__()

    async def __aenter__(self) -> Self:
        self._turn.check_open()
        return self

    def __del__(self) -> None:
        if not self._turn.closed and not self._is_told and self.bytes_written:
            warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self, stacklevel=2)

    @contextlib.contextmanager
    def _failing(self) -> Generator[None]:
        """Around what sends: whether the bytes that were taken still wait."""
        try:
            yield
        except StorageError:
            self._is_stuck = self._is_told = True
            raise
        self._is_stuck = False

    def __repr__(self) -> str:
        return f"<StreamWriter {self._subject} {self.bytes_written} bytes>"
