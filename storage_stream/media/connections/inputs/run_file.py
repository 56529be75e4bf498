"""What is read, as files for code in worker threads: libvips' handlers, Pillow, zipfile.

One of them belongs to one run and holds a position; it goes to the loop only for what is not
here. It raises what went wrong, and has the run keep it, because who reads may swallow it.
"""

from __future__ import annotations

import errno
import io
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, TypeVar

from storage_stream.media.bridge.run import Stopped
from storage_stream.media.errors import OutsideRunError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from storage_stream.media.bridge.run import Run

__all__ = ["RunFile", "position_of"]

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
