"""Where libvips writes, as handlers see it, in the thread that computes the picture.

By its first bytes a file tells whether it is written from front to back, as all but TIFF are, or
has to be kept until it is whole, because its saver goes back to what it wrote.
"""

from __future__ import annotations

import io
import tempfile
from typing import TYPE_CHECKING, Any, Protocol, cast

from storage_stream.media.errors import SpoolTooSmall, UnsupportedFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from storage_stream.media.running import Run

__all__ = ["ForwardWriter", "Spool", "Writing", "is_patched_later"]

_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # the last two are BigTIFF


def is_patched_later(beginning: bytes) -> bool:
    """Whether the saver of a file that begins so goes back to its bytes 4 to 8 at the end."""
    return beginning.startswith(_TIFF)


class Writing(Protocol):
    """What the handlers of a target write to; called in the threads of libvips."""

    def write(self, data: bytes, /) -> int:
        """Take bytes where it stands; how many it took."""
        ...

    def read(self, size: int, /) -> bytes:
        """Give back what was written where it stands."""
        ...

    def seek(self, offset: int, whence: int, /) -> int:
        """Set the position."""
        ...


class Spool:
    """A file that is kept until it is whole: in memory, and on disk when it is large.

    Args:
        memory: Bytes that stay in memory.
        folder: Where the rest goes; None for the system's temporary folder.
        limit: Bytes in all; None for no limit.
        subject: For whom, in messages.
    """

    def __init__(self, memory: int, folder: str | None, limit: int | None, subject: str) -> None:
        self.file: Any = tempfile.SpooledTemporaryFile(max_size=memory, dir=folder)  # noqa: SIM115 - `close` closes it
        self._limit = limit
        self._subject = subject

    def write(self, data: bytes) -> int:
        """Write where it stands.

        Raises:
            SpoolTooSmall: It would be more than the limit.
        """
        if self._limit is not None and self.file.tell() + len(data) > self._limit:
            raise SpoolTooSmall(
                f"the file is kept until it is whole, and is more than spool_limit={self._limit}"
                " bytes",
                subject=self._subject,
            )
        self.file.write(data)
        return len(data)

    def read(self, size: int) -> bytes:
        """Read back."""
        return cast("bytes", self.file.read(size))

    def seek(self, offset: int, whence: int) -> int:
        """Set the position."""
        self.file.seek(offset, whence)
        return cast("int", self.file.tell())

    def rewound(self) -> Any:
        """The file, from its beginning."""
        self.file.seek(0)
        return self.file

    def close(self) -> None:
        """Delete it."""
        self.file.close()


class ForwardWriter:
    """Bytes on their way to the loop: one piece is under way while the next one is filled.

    Who is faster than the network waits here, in his thread.

    Args:
        run: What waits for the loop.
        send: Sends a piece, on the loop.
        piece_size: Bytes of a piece.
        timeout: Seconds to wait until a piece was sent; None waits for ever.
    """

    def __init__(
        self,
        run: Run,
        send: Callable[[bytes], Coroutine[Any, Any, Any]],
        piece_size: int,
        timeout: float | None,
    ) -> None:
        self._run = run
        self._send = send
        self._piece_size = piece_size
        self._timeout = timeout
        self._filling = bytearray()
        self._under_way: Callable[[], None] | None = None

    def write(self, data: bytes) -> int:
        """Take the next bytes."""
        self._filling += data
        if len(self._filling) >= self._piece_size:
            self._hand_over()
        return len(data)

    def seek(self, offset: int, whence: int) -> int:
        """Nothing goes back here.

        Raises:
            UnsupportedFormat: A saver does.
        """
        raise UnsupportedFormat(
            f"a saver goes back to what it wrote (seek({offset}, {whence})), and only TIFF is kept"
            " for that",
            subject=self._run.subject,
        )

    def read(self, size: int) -> bytes:
        """Nothing is read back here."""
        raise io.UnsupportedOperation(f"read({size}): what was written is on its way")

    def flush(self) -> None:
        """Wait until all of it was sent; in the worker."""
        if self._filling:
            self._hand_over()
        if self._under_way is not None:
            self._under_way()
            self._under_way = None

    def _hand_over(self) -> None:
        piece, self._filling = bytes(self._filling), bytearray()
        if self._under_way is not None:
            self._under_way()
        self._under_way = self._run.start(lambda: self._send(piece), self._timeout)
