"""GIF: the screen, and the first frame.

https://www.w3.org/Graphics/GIF/spec-gif89a.txt
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from storage_stream.media.errors import UnidentifiedImage
from storage_stream.media.headers.info import ImageInfo
from storage_stream.media.headers.reading import MAX_STEPS, Reading, check_size, exactly, in_hand

__all__ = ["MAGIC", "read_gif"]

MAGIC = (b"GIF87a", b"GIF89a")
_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_INTERLACED = 0x40


@dataclass(frozen=True, slots=True)
class _Frame:
    width: int
    height: int
    interlaced: bool
    end: int  # where its blocks begin


def read_gif() -> Reading[ImageInfo]:
    """The screen's size, as large as the first frame needs it.

    Frames cannot be counted without the file; they are if it was fetched with the header. That
    it says how often to repeat them tells nothing: libvips says so of a single one.
    """
    head = yield from exactly(0, 13)
    width, height = struct.unpack_from("<HH", head, 6)
    at = 13 + _colours(head[10])
    frame = yield from _first_frame(at)
    width, height = max(width, frame.width), max(height, frame.height)
    width, height = check_size("GIF", width, height)
    frames, is_second = yield from _count(frame.end)
    return ImageInfo(
        "GIF",
        width,
        height,
        "P",
        "image/gif",
        bits=(head[10] & 7) + 1,
        frames=frames,
        animated=is_second or (None if frames is None else False),
        interlaced=frame.interlaced,
    )


def _colours(packed: int) -> int:
    return 3 << (packed & 7) + 1 if packed & 0x80 else 0


def _first_frame(at: int) -> Reading[_Frame]:
    while (kind := (yield from exactly(at, 1))[0]) != _IMAGE:
        if kind == _EXTENSION:
            at += 2
            while size := (yield from exactly(at, 1))[0]:
                at += size + 1
        elif kind != 0:  # a terminator too many, which decoders skip
            raise UnidentifiedImage("a GIF without a picture")
        at += 1
    return _frame(at, (yield from exactly(at, 10)))


def _frame(at: int, data: bytes) -> _Frame:
    left, top, width, height, packed = struct.unpack_from("<HHHHB", data, 1)
    end = at + 10 + _colours(packed) + 1  # and the size of the codes
    return _Frame(left + width, top + height, bool(packed & _INTERLACED), end)


def _count(at: int) -> Reading[tuple[int | None, bool]]:
    """Frames if the file's end is in hand, and whether a second one is."""
    frames, in_blocks = 1, True
    for _ in range(MAX_STEPS):
        kind = yield from in_hand(at, 1)
        if not kind:
            break
        if in_blocks:
            at += kind[0] + 1
            in_blocks = kind != b"\0"
        elif kind[0] == _TRAILER:
            return frames, frames > 1
        elif kind[0] == _IMAGE:
            head = yield from in_hand(at, 10)
            if len(head) < 10:  # noqa: PLR2004 - an image descriptor
                break
            frames += 1
            at, in_blocks = _frame(at, head).end, True
        elif kind[0] in {_EXTENSION, 0}:
            at, in_blocks = (at + 2, True) if kind[0] else (at + 1, False)
        else:
            break
    return None, frames > 1
