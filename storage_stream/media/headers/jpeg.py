"""JPEG: markers from the front to the frame header, jumping over what stands between.

https://www.w3.org/Graphics/JPEG/itu-t81.pdf (annex B), https://www.color.org (ICC in APP2)
"""

from __future__ import annotations

from dataclasses import dataclass

from storage_stream.media.errors import UnidentifiedImage
from storage_stream.media.headers.ifd import orientation_at
from storage_stream.media.headers.info import ImageInfo
from storage_stream.media.headers.reading import Reading, at_most, check_size, exactly

__all__ = ["MAGIC", "read_jpeg"]

MAGIC = b"\xff\xd8\xff"
_APP1, _APP2 = 0xE1, 0xE2
_EXIF, _ICC = b"Exif\0\0", b"ICC_PROFILE\0"
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})  # SOF0 to SOF15
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a segment
_ENDS = frozenset({0xD9, 0xDA})  # the picture's end, and its data: no frame came before
_MODES = {1: "L", 3: "RGB", 4: "CMYK"}
_MAX_GARBAGE = 4096  # bytes between two segments; decoders skip them, too


@dataclass(slots=True)
class _Found:
    orientation: int | None = None
    has_icc: bool = False


def read_jpeg() -> Reading[ImageInfo]:
    """The frame header, and the orientation and profile that stand before it."""
    found = _Found()
    at = 2
    while True:
        marker, at = yield from _next_marker(at)
        if marker in _ALONE:
            continue
        if marker in _ENDS:
            raise UnidentifiedImage("a JPEG whose data begins before its frame header")
        length = int.from_bytes((yield from exactly(at, 2)))
        if length < 2:  # noqa: PLR2004 - it counts itself
            raise UnidentifiedImage(f"a JPEG segment of {length} bytes")
        if marker in _FRAMES:
            return (yield from _frame(at + 2, length - 2, marker, found))
        yield from _look_into(marker, at + 2, length - 2, found)
        at += length


def _next_marker(at: int) -> Reading[tuple[int, int]]:
    """The next marker, and where its segment begins."""
    garbage = at + _MAX_GARBAGE
    data = yield from exactly(at, 2)
    while data[0] != 0xFF or data[1] in {0x00, 0xFF}:  # noqa: PLR2004 - not FF, stuffed, filled
        at += 1 if data[1] == 0xFF else 2  # noqa: PLR2004 - the marker may begin there
        if at > garbage:
            raise UnidentifiedImage("no JPEG marker where one has to be")
        data = yield from exactly(at, 2)
    return data[1], at + 2


def _look_into(marker: int, at: int, size: int, found: _Found) -> Reading[None]:
    if marker == _APP1 and found.orientation is None and size > len(_EXIF):
        if (yield from at_most(at, len(_EXIF))) == _EXIF:
            found.orientation = yield from orientation_at(at + len(_EXIF))
    elif marker == _APP2 and not found.has_icc and size > len(_ICC):
        found.has_icc = (yield from at_most(at, len(_ICC))) == _ICC


def _frame(at: int, size: int, marker: int, found: _Found) -> Reading[ImageInfo]:
    data = yield from exactly(at, 6)
    bits, components = data[0], data[5]
    if components not in _MODES or size != 6 + 3 * components:
        raise UnidentifiedImage(f"a JPEG frame of {components} components in {size} bytes")
    height, width = int.from_bytes(data[1:3]), int.from_bytes(data[3:5])
    width, height = check_size("JPEG", width, height)
    return ImageInfo(
        "JPEG",
        width,
        height,
        _MODES[components],
        "image/jpeg",
        orientation=found.orientation or 1,
        bits=bits,
        progressive=marker in _PROGRESSIVE,
        has_icc=found.has_icc,
    )
