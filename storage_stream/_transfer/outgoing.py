"""Bytes on their way out: which are still needed, and what their checksum is.

An upload may have to send bytes again that it has sent before. `RewindableBytes` reads them from
the source once more; `HeldBytes` holds them until the service has confirmed them, and no longer.
Either way each byte of the source enters the checksum exactly once.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Protocol

from storage_stream._protocol.checksums import Crc32c
from storage_stream._protocol.lending import CountedContent, LendingContent, lent_chunks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from storage_stream._protocol.http import Content
    from storage_stream._protocol.meter import Meter
    from storage_stream._protocol.multipart import MultipartFrame
    from storage_stream._transfer.source import Rewindable

__all__ = [
    "FramedContent",
    "HeldBytes",
    "Outgoing",
    "RewindableBytes",
    "RewindableSlice",
    "metered",
]

_MARK_BYTES = 256 * 1024  # what the service keeps of an upload that broke is a multiple of this
_MOST_MARKS = 1024
_SMALL_BYTES = 64 * 1024  # smaller pieces are joined: each has a cost of its own in memory


class Outgoing(Protocol):
    """What the driver of an upload sends from."""

    crc: Crc32c

    async def prepare(self, offset: int) -> None:
        """Make sure that the checksum covers all before `offset`."""
        ...

    def content(self, start: int, stop: int) -> Content:
        """The bytes from `start` to `stop`, as a request's body."""
        ...

    def confirmed(self, offset: int) -> None:
        """The service has all up to here for good."""
        ...

    def checked(self, offset: int) -> Crc32c:
        """The checksum of the longest known beginning that does not go beyond `offset`."""
        ...


class RewindableBytes:
    """Bytes that are read from the source when they are sent."""

    def __init__(self, source: Rewindable) -> None:
        self._source = source
        self._marks = [Crc32c()]
        self._mark_bytes = _MARK_BYTES
        self.crc = Crc32c()

    async def prepare(self, offset: int) -> None:
        """See `Outgoing.prepare`: what another process sent is read for its checksum."""
        if offset > self.crc.length:
            async for _ in self.read_lent(self.crc.length, offset):
                pass

    def content(self, start: int, stop: int) -> RewindableSlice:
        """See `Outgoing.content`."""
        return RewindableSlice(self, start, stop)

    def confirmed(self, offset: int) -> None:
        """See `Outgoing.confirmed`; nothing is held here."""

    def checked(self, offset: int) -> Crc32c:
        """See `Outgoing.checked`."""
        return max(
            (mark for mark in self._marks if mark.length <= offset), key=lambda mark: mark.length
        )

    def read(self, start: int, stop: int) -> AsyncIterator[bytes | memoryview]:
        """The bytes; those that were not read before enter the checksum."""
        return self._summed(start, self._source.chunks(start, stop))

    def read_lent(self, start: int, stop: int) -> AsyncIterator[bytes | memoryview]:
        """The same; see `LendingContent.lent_chunks`."""
        return self._summed(start, self._source.lent_chunks(start, stop))

    async def _summed(
        self, position: int, chunks: AsyncIterator[bytes | memoryview]
    ) -> AsyncIterator[bytes | memoryview]:
        async for chunk in chunks:
            end = position + len(chunk)
            if end > self.crc.length:
                self._take_in(memoryview(chunk)[self.crc.length - position :])
            position = end
            yield chunk

    def _take_in(self, data: memoryview) -> None:
        """Sum bytes up, and remember the sum of the beginning at every mark."""
        while data:
            room = self._marks[-1].length + self._mark_bytes - self.crc.length
            self.crc.update(data[:room])
            if len(data) >= room:
                self._marks.append(Crc32c(self.crc.value, self.crc.length))
            if len(self._marks) > _MOST_MARKS:
                self._marks = self._marks[::2]
                self._mark_bytes *= 2
            data = data[room:]


class RewindableSlice(LendingContent):
    """A part of rewindable bytes, as a request's body."""

    def __init__(self, owner: RewindableBytes, start: int, stop: int) -> None:
        self._owner = owner
        self._start = start
        self._stop = stop
        self.length = stop - start

    @property
    def crc(self) -> Crc32c:
        """The checksum of all that was read of the source so far."""
        return self._owner.crc

    def chunks(self) -> AsyncIterator[bytes | memoryview]:
        """See `Content.chunks`."""
        return self._owner.read(self._start, self._stop)

    def lent_chunks(self) -> AsyncIterator[bytes | memoryview]:
        """See `LendingContent.lent_chunks`."""
        return self._owner.read_lent(self._start, self._stop)


class HeldBytes:
    """Bytes that came once, held until they are confirmed."""

    def __init__(self) -> None:
        self._pieces: deque[memoryview] = deque()
        self._small = bytearray()  # the latest bytes, not yet a piece
        self._released = Crc32c()
        self.crc = Crc32c()

    @property
    def end(self) -> int:
        """The offset behind the last byte that came."""
        return self.crc.length

    @property
    def begin(self) -> int:
        """The offset of the first byte that is held."""
        return self._released.length

    def append(self, data: bytes) -> None:
        """Take in the next bytes."""
        self.crc.update(data)
        if len(data) < _SMALL_BYTES:
            self._small += data
            if len(self._small) >= _SMALL_BYTES:
                self._join_small()
        else:
            self._join_small()
            self._pieces.append(memoryview(data))

    def _join_small(self) -> None:
        if self._small:
            self._pieces.append(memoryview(bytes(self._small)))
            self._small.clear()

    async def prepare(self, offset: int) -> None:
        """See `Outgoing.prepare`; every byte entered the checksum when it came."""

    def content(self, start: int, stop: int) -> Content:
        """See `Outgoing.content`."""
        return _Pieces(self._between(start, stop))

    def joined(self) -> bytes:
        """All that is held."""
        self._join_small()
        return b"".join(self._pieces)

    def confirmed(self, offset: int) -> None:
        """See `Outgoing.confirmed`; what lies before is let go."""
        while self._released.length < min(offset, self.end):
            if not self._pieces:
                self._join_small()
            piece = self._pieces.popleft()
            gone = piece[: offset - self._released.length]
            self._released.update(gone)
            if len(gone) < len(piece):
                self._pieces.appendleft(piece[len(gone) :])

    def checked(self, offset: int) -> Crc32c:  # noqa: ARG002 - what is confirmed is the offset
        """See `Outgoing.checked`."""
        return self._released

    def _between(self, start: int, stop: int) -> list[memoryview]:
        self._join_small()
        position, found = self._released.length, list[memoryview]()
        for piece in self._pieces:
            part = piece[max(0, start - position) : max(0, stop - position)]
            if part:
                found.append(part)
            position += len(piece)
        return found


class _Pieces:
    def __init__(self, pieces: list[memoryview]) -> None:
        self._pieces = pieces
        self.length = sum(map(len, pieces))

    async def chunks(self) -> AsyncIterator[memoryview]:
        for piece in self._pieces:
            yield piece


def metered(content: Content, meter: Meter | None) -> Content:
    """The same content, counted as it goes out where somebody counts."""
    return content if meter is None else CountedContent(content, meter.moved)


class FramedContent(LendingContent):
    """A content inside a multipart frame."""

    def __init__(self, frame: MultipartFrame, content: bytes | Content) -> None:
        self._frame = frame
        self._content = content
        size = len(content) if isinstance(content, bytes) else content.length
        self.length = len(frame.head) + size + len(frame.tail)

    def chunks(self) -> AsyncIterator[bytes | memoryview]:
        """See `Content.chunks`."""
        content = self._content
        return self._framed(content if isinstance(content, bytes) else content.chunks())

    def lent_chunks(self) -> AsyncIterator[bytes | memoryview]:
        """See `LendingContent.lent_chunks`."""
        content = self._content
        return self._framed(content if isinstance(content, bytes) else lent_chunks(content))

    async def _framed(
        self, content: bytes | AsyncIterator[bytes | memoryview]
    ) -> AsyncIterator[bytes | memoryview]:
        yield self._frame.head
        if isinstance(content, bytes):
            if content:
                yield content
        else:
            async for chunk in content:
                yield chunk
        yield self._frame.tail
