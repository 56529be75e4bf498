"""A header that is read by ranges: which to fetch next, and how much of each.

Requests cost time and bytes cost little, so more is fetched than is asked for; but a file can
send its reader from place to place, so all of it has a bound.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from storage_stream.media.errors import UnidentifiedImage
from storage_stream.media.headers.reading import MAX_STEPS
from storage_stream.media.headers.sniffing import read_header

if TYPE_CHECKING:
    from storage_stream.media.headers.info import ImageInfo
    from storage_stream.media.headers.reading import Need

__all__ = ["FIRST_BYTES", "MAX_BYTES", "HeaderRanges"]

FIRST_BYTES = 16 * 1024
"""Of the first range: the header of most files, and 24 KiB are not reached with a jump more."""
MAX_BYTES = 1 << 20
"""Of all ranges together."""
_JUMP_BYTES = 4096  # a directory of TIFF, or the head of a segment and the next one's
_PATIENCE = 24  # jumps of that size; 1.5 MB of metadata in segments of 64 KB need no more
_EACH = 4  # jumps of each larger size: a mebibyte is used up by 45 of them
_NEAR = 4096  # a gap between two ranges that is no jump


class HeaderRanges:
    """Decides which ranges of a file are fetched until its header is known; does no I/O.

        ranges = HeaderRanges()
        while (wanted := ranges.next_range()) is not None:
            ranges.receive(fetch(*wanted))
        ranges.info

    Args:
        first: Bytes of the first range.
        max_bytes: At most so many bytes are fetched.
    """

    def __init__(self, *, first: int = FIRST_BYTES, max_bytes: int = MAX_BYTES) -> None:
        self._first = min(first, max_bytes)
        self._max_bytes = max_bytes
        self._pieces: list[tuple[int, bytearray]] = []
        self._size: int | None = None
        self._info: ImageInfo | None = None
        self._fetched = 0
        self._requests = 0
        self._jump = _JUMP_BYTES
        self._jumps = 0
        self._steps = 0
        self._asked: tuple[int, int] | None = None
        self._reading = read_header()
        self._need: Need = next(self._reading)

    @property
    def info(self) -> ImageInfo:
        """The header.

        Raises:
            UnidentifiedImage: It is not known yet.
        """
        if self._info is None:
            raise UnidentifiedImage("the header was not read to its end")
        return replace(self._info, bytes_read=self._fetched, requests=self._requests)

    def know_size(self, size: int) -> None:
        """Take note of the file's length: nothing is asked for behind it."""
        self._size = size

    def next_range(self) -> tuple[int, int] | None:
        """Where the next range begins and how long it is; None when the header is known.

        Raises:
            UnidentifiedImage: It is no picture, or its header does not fit `max_bytes`.
        """
        while self._info is None:
            need = self._need
            data = self._held(need)
            is_whole = len(data) == need.length or need.optional or self._ends_at(need, data)
            if not is_whole:
                self._asked = self._range_for(need, need.start + len(data))
                return self._asked
            self._send(data)
        return None

    def receive(self, data: bytes) -> None:
        """Take what was asked for; less of it only if the file ends there."""
        assert self._asked is not None  # noqa: S101 - `next_range` came first
        start, length = self._asked
        data = data[:length]
        self._requests += 1
        self._fetched += len(data)
        if len(data) < length:
            end = start + len(data)  # or the file ends before, when there is nothing
            self._size = end if self._size is None else min(self._size, end)
        held = next((piece for begin, piece in self._pieces if begin + len(piece) == start), None)
        if held is not None:
            held += data
        else:
            self._pieces.append((start, bytearray(data)))

    def _send(self, data: bytes) -> None:
        self._steps += not self._need.optional
        if self._steps > MAX_STEPS:
            raise UnidentifiedImage(f"no header within {MAX_STEPS} steps")
        try:
            self._need = self._reading.send(data)
        except StopIteration as result:
            self._info = result.value
            self._pieces.clear()

    def _held(self, need: Need) -> bytes:
        for start, piece in self._pieces:
            if start <= need.start < start + len(piece):
                return bytes(piece[need.start - start : need.end - start])
        return b""

    def _ends_at(self, need: Need, data: bytes) -> bool:
        return self._size is not None and need.start + len(data) >= self._size

    def _range_for(self, need: Need, start: int) -> tuple[int, int]:
        left = self._max_bytes - self._fetched
        missing = need.end - start
        if missing > left:
            raise UnidentifiedImage(f"no header within {self._max_bytes} bytes")
        length = min(max(missing, self._ahead(start)), left)
        if self._size is not None:
            length = min(length, self._size - start)
        return start, length

    def _ahead(self, start: int) -> int:
        """How much to fetch: more when it goes on from the last range, or never seems to end."""
        if not self._pieces:
            return self._first
        begin, last = self._pieces[-1]
        goes_on = self._requests > 1 and 0 <= start - begin - len(last) <= _NEAR
        self._jumps += 1
        is_impatient = self._jumps > _PATIENCE and (self._jumps - _PATIENCE) % _EACH == 1
        if goes_on or is_impatient:
            self._jump *= 2
        return self._jump
