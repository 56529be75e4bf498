"""Directories of tags as TIFF has them; Exif is one, too. Classic and BigTIFF.

https://www.loc.gov/preservation/digital/formats/content/tiff_tags.shtml
https://www.awaresystems.be/imaging/tiff/bigtiff.html
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from storage_stream.media.errors import UnidentifiedImage
from storage_stream.media.headers.reading import Reading, at_most, exactly, in_hand

__all__ = ["Directory", "Entry", "Layout", "orientation_at", "read_directory", "read_layout"]

ORIENTATION = 0x0112
_CLASSIC, _BIG = 42, 43
_MAX_ENTRIES = 1024  # of which any picture has dozens; what is wanted stands among the first
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4,
          16: 8, 17: 8, 18: 8}  # fmt: skip
_INTEGERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
_MAX_ORIENTATION = 8


@dataclass(frozen=True, slots=True)
class Layout:
    """How numbers are written in a file.

    Attributes:
        order: `<` or `>`, as `struct` has it.
        is_big: Whether it is BigTIFF.
        base: Where the file begins that offsets count from: inside another one, for Exif.
    """

    order: str
    is_big: bool
    base: int

    @property
    def slot(self) -> int:
        """Bytes of an offset, and of the values that an entry holds itself."""
        return 8 if self.is_big else 4

    @property
    def entry_size(self) -> int:
        """Bytes of an entry."""
        return 20 if self.is_big else 12

    def offset(self, data: bytes) -> int:
        """An offset that stands there."""
        (value,) = struct.unpack_from(self.order + ("Q" if self.is_big else "I"), data)
        return int(value)


@dataclass(frozen=True, slots=True)
class Entry:
    """The values of a tag, or where they are."""

    kind: int
    count: int
    inline: bytes

    def integer(self, layout: Layout) -> int | None:
        """The first value if it stands here and is an integer."""
        code = _INTEGERS.get(self.kind)
        if code is None or not self.count or not self.is_inline:
            return None
        (value,) = struct.unpack_from(layout.order + code, self.inline)
        return int(value)

    @property
    def is_inline(self) -> bool:
        """Whether the values stand in the entry itself."""
        return self.count * _SIZES.get(self.kind, 1) <= len(self.inline)

    def first(self, layout: Layout) -> Reading[int | None]:
        """The first value; None for what is no integer, or stands where nothing was fetched."""
        code = _INTEGERS.get(self.kind)
        if code is None or not self.count:
            return None
        if self.is_inline:
            return self.integer(layout)
        size = _SIZES[self.kind]
        data = yield from in_hand(layout.base + layout.offset(self.inline), size)
        return int(struct.unpack(layout.order + code, data)[0]) if len(data) == size else None


@dataclass(frozen=True, slots=True)
class Directory:
    """The first entries of a directory.

    Attributes:
        entries: By tag.
        next: Where the next directory is, 0 for nowhere, None where that was not read.
    """

    entries: dict[int, Entry]
    next: int | None


def read_layout(base: int) -> Reading[tuple[Layout, int]]:
    """The head of a TIFF file, and where its first directory is.

    Raises:
        UnidentifiedImage: It is none.
    """
    head = yield from exactly(base, 8)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None:
        raise UnidentifiedImage("a TIFF header begins with II or MM")
    (version,) = struct.unpack_from(order + "H", head, 2)
    layout = Layout(order, version == _BIG, base)
    if version == _CLASSIC:
        return layout, layout.offset(head[4:])
    if version != _BIG or struct.unpack_from(order + "HH", head, 4) != (8, 0):
        raise UnidentifiedImage(f"{version} is no version of TIFF")
    return layout, layout.offset((yield from exactly(base + 8, 8)))


def read_directory(layout: Layout, at: int) -> Reading[Directory]:
    """The directory at an offset.

    Raises:
        UnidentifiedImage: There is none.
    """
    width = 8 if layout.is_big else 2
    start = layout.base + at
    head = yield from exactly(start, width)
    (count,) = struct.unpack(layout.order + ("Q" if layout.is_big else "H"), head)
    taken = min(int(count), _MAX_ENTRIES)
    is_whole = taken == count
    body = taken * layout.entry_size
    data = yield from at_most(start + width, body + layout.slot * is_whole)
    if len(data) < body:
        raise UnidentifiedImage(f"the file ends inside a directory of {count} tags")
    rest = data[body:]
    following = layout.offset(rest) if len(rest) == layout.slot else None
    return Directory(dict(_entries(layout, data[:body])), following)


def _entries(layout: Layout, data: bytes) -> list[tuple[int, Entry]]:
    form = layout.order + ("HHQ8s" if layout.is_big else "HHI4s")
    found = struct.iter_unpack(form, data)
    # The first of several wins, as with libtiff.
    return [(tag, Entry(kind, count, inline)) for tag, kind, count, inline in found][::-1]


def orientation_of(layout: Layout, directory: Directory) -> int:
    """The orientation, 1 where none that exists is said."""
    entry = directory.entries.get(ORIENTATION)
    value = entry.integer(layout) if entry is not None else None
    return value if value is not None and 1 <= value <= _MAX_ORIENTATION else 1


def orientation_at(base: int) -> Reading[int]:
    """The orientation that an Exif block says; a broken block says nothing, as for all viewers."""
    try:
        layout, at = yield from read_layout(base)
        return orientation_of(layout, (yield from read_directory(layout, at)))
    except UnidentifiedImage:
        return 1
