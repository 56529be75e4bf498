"""The boxes that JPEG 2000 and HEIF files are made of.

ISO/IEC 14496-12; https://www.itu.int/rec/T-REC-T.800 (annex I) has them for JPEG 2000.
"""

from __future__ import annotations

from dataclasses import dataclass

from storage_stream.media.errors import UnidentifiedImage
from storage_stream.media.headers.reading import Reading, at_most, exactly

__all__ = ["FILE_END", "Box", "children", "next_box"]

FILE_END = 1 << 62
"""Stands for the end of a file whose length is not known."""
_TO_THE_END, _LONG = 0, 1  # sizes that mean something else
_MAX_CHILDREN = 512


@dataclass(frozen=True, slots=True)
class Box:
    """A box without what is in it.

    Attributes:
        kind: Its four letters.
        start: Where its body begins.
        end: One behind its last byte.
    """

    kind: bytes
    start: int
    end: int


def next_box(at: int, end: int) -> Reading[Box | None]:
    """The box that begins there; None at the end.

    Raises:
        UnidentifiedImage: It is longer than what it is in, or shorter than its own head.
    """
    if at + 8 > end:
        return None
    head = yield from at_most(at, 8)
    if len(head) < 8:  # noqa: PLR2004 - a length and a name
        return None
    size, start = int.from_bytes(head[:4]), at + 8
    if size == _LONG:
        size, start = int.from_bytes((yield from exactly(at + 8, 8))), at + 16
    stop = end if size == _TO_THE_END else at + size
    if stop < start or stop > end:
        raise UnidentifiedImage(f"a box of {size} bytes at byte {at}")
    return Box(head[4:8], start, stop)


def children(start: int, end: int) -> Reading[list[Box]]:
    """The boxes from there to the end of what they are in.

    Raises:
        UnidentifiedImage: They are broken, or more than any picture needs.
    """
    found: list[Box] = []
    while (box := (yield from next_box(start, end))) is not None:
        found.append(box)
        start = box.end
        if len(found) > _MAX_CHILDREN:
            raise UnidentifiedImage(f"more than {_MAX_CHILDREN} boxes in one")
    return found
