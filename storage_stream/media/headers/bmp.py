"""BMP: the information header, of any of its lengths.

https://learn.microsoft.com/windows/win32/api/wingdi/ns-wingdi-bitmapv5header
"""

from __future__ import annotations

import struct

from storage_stream.media.errors import UnidentifiedImage
from storage_stream.media.headers.info import ImageInfo
from storage_stream.media.headers.reading import Reading, at_most, check_size, exactly

__all__ = ["is_bmp", "read_bmp"]

_CORE = 12
_SIZES = frozenset({_CORE, 16, 40, 52, 56, 64, 108, 124})
_BITS = frozenset({1, 2, 4, 8, 16, 24, 32})
_BITFIELDS = (3, 6)
_ALPHA_MASK_END, _V5 = 56, 124  # bytes of the header
_EMBEDDED_PROFILE = b"DEBM"  # 'MBED' as a little-endian number


def is_bmp(data: bytes) -> bool:
    """Whether a file that begins so is one: "BM" alone begins many a text."""
    return data[:2] == b"BM" and int.from_bytes(data[14:18], "little") in _SIZES


def read_bmp() -> Reading[ImageInfo]:
    """The header."""
    head = yield from exactly(14, _CORE)
    size = int.from_bytes(head[:4], "little")
    if size == _CORE:
        width, height, planes, bits = struct.unpack_from("<HHHH", head, 4)
        rest = b""
    else:
        rest = yield from exactly(14, size)
        width, height, planes, bits = struct.unpack_from("<iiHH", rest, 4)
    if planes != 1 or bits not in _BITS:
        raise UnidentifiedImage(f"a BMP of {planes} planes and {bits} bits")
    width, height = check_size("BMP", width, abs(height))  # rows from the top have it negative
    mode = "P" if bits <= 8 else "RGB"  # noqa: PLR2004 - more than a palette has
    if (yield from _has_alpha(rest, bits)):
        mode = "RGBA"
    has_icc = size == _V5 and rest[56:60] == _EMBEDDED_PROFILE
    sample = bits if mode == "P" else 8
    return ImageInfo("BMP", width, height, mode, "image/bmp", bits=sample, has_icc=has_icc)


def _has_alpha(header: bytes, bits: int) -> Reading[bool]:
    if bits not in {16, 32} or int.from_bytes(header[16:20], "little") not in _BITFIELDS:
        return False
    mask = header[52:_ALPHA_MASK_END]
    if len(header) == 40:  # noqa: PLR2004 - the masks follow the oldest header
        masks = 16 if int.from_bytes(header[16:20], "little") == _BITFIELDS[1] else 12
        mask = (yield from at_most(14 + 40, masks))[12:]
    return any(mask)
