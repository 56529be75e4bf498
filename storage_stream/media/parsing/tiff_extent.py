"""How far a TIFF file must reach, by its directories: of its pages, and of what hangs under them.

https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf, section 2, is the rule;
https://www.awaresystems.be/imaging/tiff/bigtiff.html is the one for BigTIFF.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import IO, Any, Final

from storage_stream.media.errors import DamagedImage

__all__ = ["is_tiff_cut"]

_BYTES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8,
                 13: 4, 16: 8, 17: 8, 18: 8}  # fmt: skip
_CODES: Final = {3: "H", 4: "I", 16: "Q"}
_LEAST_BYTES: Final = 2  # of a number of those
_PIXELS: Final = ((273, 279), (324, 325))  # offsets and byte counts, of strips and of tiles
_BELOW: Final = 330  # directories under a page, such as the smaller copies of a pyramid
_BIG: Final = 43
_MOST_NUMBERS: Final = 4_000_000  # read of all directories; a strip for each row takes two


def is_tiff_cut(file: IO[bytes], size: int) -> bool:
    """Whether a directory, a value of one or some of the pixels lies beyond the end.

    Args:
        file: The file.
        size: Its length in bytes.

    Raises:
        DamagedImage: Its directories hold more than any picture needs.
    """
    file.seek(0)
    head = file.read(16)
    order = "<" if head[:2] == b"II" else ">"
    try:
        is_big = struct.unpack_from(order + "H", head, 2)[0] == _BIG
        at = struct.unpack_from(order + ("Q" if is_big else "I"), head, 8 if is_big else 4)[0]
        return _Directories(file, size, order, is_big=is_big).end(at) > size
    except (struct.error, OverflowError):
        return True  # something was not there to be read


@dataclass(frozen=True, slots=True)
class _Entry:
    kind: int
    count: int
    inline: bytes


class _Directories:
    def __init__(self, file: IO[bytes], size: int, order: str, *, is_big: bool) -> None:
        self._file = file
        self._size = size
        self._left = _MOST_NUMBERS
        self._order = order
        self._offset = "Q" if is_big else "I"
        self._count = "Q" if is_big else "H"  # of the entries
        self._slot = 8 if is_big else 4

    def end(self, first: int) -> int:
        """One behind the last byte that any directory speaks of, from this one on."""
        ends, waiting, seen = [0], [first], {0}
        while waiting:
            at = waiting.pop()
            if at in seen:
                continue
            seen.add(at)
            entries, following = self._entries(at)
            waiting.append(following)
            waiting += self._values(entries[_BELOW]) if _BELOW in entries else ()
            ends += self._ends(entries)
        return max(ends)

    def _ends(self, entries: dict[int, _Entry]) -> list[int]:
        ends = [self._end_of(entry) for entry in entries.values()]
        for offsets, counts in _PIXELS:
            if offsets in entries and counts in entries:
                starts, lengths = self._values(entries[offsets]), self._values(entries[counts])
                ends += [start + length for start, length in zip(starts, lengths, strict=False)]
        return ends

    def _entries(self, at: int) -> tuple[dict[int, _Entry], int]:
        """The entries of a directory, by tag, and where the next directory is."""
        (count,) = self._read(at, self._count)
        at += struct.calcsize(self._order + self._count)
        shape = f"{self._order}HH{self._offset}{self._slot}s"
        length = count * struct.calcsize(shape)
        (data,) = self._read(at, f"{length}s")
        entries = {tag: _Entry(*rest) for tag, *rest in struct.iter_unpack(shape, data)}
        (following,) = self._read(at + length, self._offset)
        return entries, following

    def _end_of(self, entry: _Entry) -> int:
        length = entry.count * _BYTES.get(entry.kind, 1)
        return self._place(entry) + length if length > self._slot else 0

    def _values(self, entry: _Entry) -> tuple[int, ...]:
        """The numbers of an entry, or none if it holds no whole numbers."""
        code = _CODES.get(entry.kind)
        if code is None:
            return ()
        if entry.count * _BYTES[entry.kind] <= self._slot:
            return struct.unpack_from(f"{self._order}{entry.count}{code}", entry.inline)
        return self._read(self._place(entry), f"{entry.count}{code}")

    def _place(self, entry: _Entry) -> int:
        return int(struct.unpack(self._order + self._offset, entry.inline)[0])

    def _read(self, at: int, shape: str) -> tuple[Any, ...]:
        """What stands there.

        Raises:
            struct.error: The file ends before.
            DamagedImage: This and what was read before is too much.
        """
        length = struct.calcsize(self._order + shape)
        if at + length > self._size:
            raise struct.error("it lies beyond the end")
        self._left -= 1 + length // _LEAST_BYTES
        if self._left < 0:
            raise DamagedImage(f"a TIFF with more than {_MOST_NUMBERS} numbers in its directories")
        self._file.seek(at)
        return struct.unpack(self._order + shape, self._file.read(length))
