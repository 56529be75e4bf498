"""Which bytes of a body are wanted, which comes next, and where the body may end.

Offsets count the bytes of the body as the service would send it whole. Nothing here knows why a
body began or broke; it holds every answer to what was known before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage_stream._protocol.ranges import ByteRange
from storage_stream.errors import (
    ObjectChanged,
    ProtocolError,
    RangeNotSatisfiable,
    TruncatedStream,
)

if TYPE_CHECKING:
    from storage_stream._protocol.ranges import ContentRange

__all__ = ["DownloadPosition"]


class DownloadPosition:
    """Where a download stands.

    Attributes:
        wanted: What was asked for in the beginning.
        start: The first wanted byte; None while a suffix is wanted of a size that is not known.
        stop: Behind the last wanted byte, or None for the end of the object.
        offset: The next wanted byte.
        total: Bytes of the whole body, or None while that is not known.
    """

    __slots__ = ("_body_stop", "_skip", "offset", "start", "stop", "total", "wanted")

    def __init__(
        self, wanted: ByteRange, *, offset: int | None = None, total: int | None = None
    ) -> None:
        self.wanted = wanted
        self.total = total
        self.start: int | None = wanted.start
        if wanted.start < 0:
            self.start = None if total is None else max(0, total + wanted.start)
        self.stop = wanted.stop
        self.offset = wanted.start if offset is None else offset
        self._skip = 0  # bytes of this body before the next wanted one
        self._body_stop: int | None = None  # behind the last byte that this body can have

    @property
    def begun(self) -> bool:
        """Whether a wanted byte is here."""
        return self.start is not None and self.offset > self.start

    @property
    def taken(self) -> int:
        """How many wanted bytes are here."""
        return 0 if self.start is None else self.offset - self.start

    @property
    def end(self) -> int | None:
        """The offset behind the last byte that is wanted, if it is known."""
        if self.stop is None:
            return self.total
        return self.stop if self.total is None else min(self.stop, self.total)

    @property
    def has_all(self) -> bool:
        """Whether every wanted byte is here."""
        end = self.end
        return end is not None and self.offset >= end

    @property
    def is_whole(self) -> bool:
        """Whether what is here is all that the body has."""
        return self.start == 0 and self.offset == self.total

    @property
    def length(self) -> int | None:
        """How many bytes are wanted in all; None while the body may end before `stop`."""
        if self.start is None or self.total is None or self.end is None:
            return None
        return max(0, self.end - self.start)

    @property
    def rest(self) -> ByteRange:
        """What is still to be asked for."""
        return self.wanted if self.start is None else ByteRange(self.offset, self.stop)

    def want_everything(self) -> None:
        """All bytes from the first one are wanted, whatever was wanted before."""
        self.start = self.offset = 0
        self.stop = None

    def learn_total(self, total: int | None) -> None:
        """An answer told how many bytes there are; None: it did not.

        Raises:
            ObjectChanged: It contradicts what was told or received before.
        """
        if total is None:
            return
        if self.total is not None and self.total != total:
            raise ObjectChanged(f"the object had {self.total} bytes, and now has {total}")
        if self.begun and total < self.offset:
            raise ObjectChanged(f"{self.offset} bytes are here, and the object now has {total}")
        self.total = total

    def meet(self, given: ContentRange) -> None:
        """The body of a 206 brings this range: it has to be the one that comes next.

        Raises:
            ProtocolError: It is not.
        """
        if given.start is None or given.stop is None:
            raise ProtocolError("a 206 answer names no range")
        if self.start is None:
            self._find_suffix(given.start, given.total)
        elif given.start != self.offset:
            raise ProtocolError(f"byte {self.offset} was asked for, {given.start} came")
        self._skip, self._body_stop = 0, given.stop

    def _find_suffix(self, given_start: int, total: int | None) -> None:
        """Where the last bytes of an object begin, the service says."""
        start = self._start_of_suffix(total)
        if given_start != start:
            raise ProtocolError(f"the last {-self.wanted.start} bytes do not begin there")
        self.start = self.offset = start

    def _start_of_suffix(self, total: int | None) -> int:
        if total is None:
            raise ProtocolError("the end of an object was asked for, and its size is not told")
        return max(0, total + self.wanted.start)

    def meet_whole(self) -> None:
        """The body of a 200: it begins at byte 0, whatever was asked for.

        Raises:
            ProtocolError: A suffix is wanted, and nothing tells where it begins.
            RangeNotSatisfiable: The body ends before what is wanted.
        """
        if self.start is None:
            self.start = self.offset = self._start_of_suffix(self.total)
        if self.total is not None and 0 < self.start >= self.total:
            raise _behind_the_end(self.start, self.total)
        self._skip, self._body_stop = self.offset, self.total

    def take(self, data: bytes | memoryview) -> bytes | memoryview:
        """Bytes of the body arrived; gives the part of them that is new and wanted.

        Raises:
            ProtocolError: More bytes than the answer announced.
        """
        view = data
        if self._skip:
            skipped = min(self._skip, len(data))
            self._skip -= skipped
            view = memoryview(data)[skipped:]
        if self._body_stop is not None and self.offset + len(view) > self._body_stop:
            raise ProtocolError(f"more than the bytes up to {self._body_stop} arrived")
        room = None if (end := self.end) is None else end - self.offset
        if room is not None and len(view) > room:
            view = memoryview(view)[:room]
        self.offset += len(view)
        return view

    def check_may_end(self) -> None:
        """The body ended in good order, and wanted bytes are missing.

        A 206 is not the end of the object, even where it does not tell its size: a server may
        send less than the range (RFC 9110 §15.3.7).

        Raises:
            TruncatedStream: It ended before what it announced.
        """
        end = self._body_stop if self.total is None else self.end
        if end is not None:
            raise TruncatedStream(f"the body ended at byte {self.offset} of {end}")

    def end_here(self) -> None:
        """The body, whose length nobody told, is over: this is the end of the object.

        Raises:
            RangeNotSatisfiable: It ended before what is wanted.
            ObjectChanged: It ended before what is here already.
        """
        if self.start and self.offset == self.start:
            raise _behind_the_end(self.start, self.start - self._skip)
        if self._skip:
            raise ObjectChanged("the object became shorter while it was read")
        self.total = self.offset


def _behind_the_end(start: int, total: int) -> RangeNotSatisfiable:
    return RangeNotSatisfiable(f"the object has {total} bytes, {start} is behind them", status=416)
