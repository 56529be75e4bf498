"""PNG and animated PNG: the chunks before the data.

https://www.w3.org/TR/png-3/
"""

from __future__ import annotations

import zlib
from dataclasses import replace

from storage_stream.media.errors import UnidentifiedImage
from storage_stream.media.headers.ifd import orientation_at
from storage_stream.media.headers.info import ImageInfo
from storage_stream.media.headers.reading import Reading, at_most, check_size, exactly

__all__ = ["MAGIC", "read_png"]

MAGIC = b"\x89PNG\r\n\x1a\n"
_HEADER_END = 33  # the magic, and a chunk of 13 bytes
_SMALL, _PALETTE, _LARGE = {1, 2, 4}, {1, 2, 4, 8}, {8, 16}
_BITS = {0: _SMALL | _LARGE, 2: _LARGE, 3: _PALETTE, 4: _LARGE, 6: _LARGE}  # by colour type
_MODES = {0: "L", 2: "RGB", 3: "P", 4: "LA", 6: "RGBA"}
_GREY_MODES = {1: "1", 16: "I;16"}
_DATA = frozenset({b"IDAT", b"IEND", b"fdAT"})


def read_png() -> Reading[ImageInfo]:
    """The header chunk, and what stands between it and the data.

    An eXIf chunk behind the data is not looked for: it would cost every file a second request.
    """
    info = _header((yield from exactly(0, _HEADER_END)))
    at = _HEADER_END
    while True:
        head = yield from at_most(at, 8, info)
        kind = head[4:8]
        if len(head) < 8 or kind in _DATA:  # noqa: PLR2004 - a length and a name
            return info
        if not kind.isalpha():
            raise UnidentifiedImage("a PNG chunk without a name")
        info = yield from _with_chunk(info, kind, at + 8)
        at += int.from_bytes(head[:4]) + 12


def _header(data: bytes) -> ImageInfo:
    if data[8:16] != b"\0\0\0\x0dIHDR" or zlib.crc32(data[12:29]) != int.from_bytes(data[29:33]):
        raise UnidentifiedImage("a PNG whose header chunk is missing or damaged")
    width, height = int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    bits, colour, interlace = data[24], data[25], data[28]
    if bits not in _BITS.get(colour, ()) or interlace > 1:
        raise UnidentifiedImage(f"a PNG of {bits} bits and colour type {colour}")
    width, height = check_size("PNG", width, height)
    mode = _GREY_MODES.get(bits, "L") if colour == 0 else _MODES[colour]
    interlaced = bool(interlace)
    return ImageInfo("PNG", width, height, mode, "image/png", bits=bits, interlaced=interlaced)


def _with_chunk(info: ImageInfo, kind: bytes, at: int) -> Reading[ImageInfo]:
    if kind == b"iCCP":
        return replace(info, has_icc=True)
    if kind == b"eXIf":
        return replace(info, orientation=(yield from orientation_at(at)))
    if kind == b"acTL":
        frames = int.from_bytes((yield from at_most(at, 4, info)))
        return replace(info, frames=max(frames, 1), animated=frames > 1)
    return info
