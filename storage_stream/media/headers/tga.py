"""Targa: eighteen bytes without a magic number, so all of them have to make sense.

https://www.dca.fee.unicamp.br/~martino/disciplinas/ia978/tgaffs.pdf
"""

from __future__ import annotations

import struct

from storage_stream.media.headers.info import ImageInfo
from storage_stream.media.headers.reading import Reading, check_size, exactly

__all__ = ["is_tga", "read_tga"]

_INDEXED, _COLOUR, _GREY = (1, 9), (2, 10), (3, 11)
_DEPTHS = {**dict.fromkeys(_INDEXED, (8, 16)), **dict.fromkeys(_COLOUR, (15, 16, 24, 32)),
           **dict.fromkeys(_GREY, (8, 16))}  # fmt: skip
_MAP_DEPTHS = (15, 16, 24, 32)
_HEAD_BYTES = 18


def is_tga(data: bytes) -> bool:
    """Whether a file that begins so may be one; asked when nothing else fits."""
    if len(data) < _HEAD_BYTES:
        return False
    has_map, kind = data[1], data[2]
    first, colours, map_depth = struct.unpack_from("<HHB", data, 3)
    width, height, depth, flags = struct.unpack_from("<HHBB", data, 12)
    map_fits = (
        has_map == 1 and colours > 0 and map_depth in _MAP_DEPTHS
        if kind in _INDEXED
        else has_map == 0 and not (first or colours or map_depth)
    )
    return (
        map_fits
        and depth in _DEPTHS.get(kind, ())
        and bool(width and height)
        and not flags & 0xC0  # interleaving, which nobody writes
        and flags & 0x0F <= 8  # noqa: PLR2004 - bits of transparency
    )


def read_tga() -> Reading[ImageInfo]:
    """The head."""
    data = yield from exactly(0, _HEAD_BYTES)
    width, height, depth = struct.unpack_from("<HHB", data, 12)
    width, height = check_size("TGA", width, height)
    return ImageInfo("TGA", width, height, _mode(data[2], depth), "image/x-tga")


def _mode(kind: int, depth: int) -> str:
    if kind in _INDEXED:
        return "P"
    if kind in _GREY:
        return "LA" if depth == 16 else "L"  # noqa: PLR2004 - grey and transparency
    return "RGBA" if depth == 32 else "RGB"  # noqa: PLR2004 - the same of colours
