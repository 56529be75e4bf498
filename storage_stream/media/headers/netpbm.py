"""PBM, PGM, PPM and PFM: numbers in words after two letters.

https://netpbm.sourceforge.net/doc/ppm.html, https://www.pauldebevec.com/Research/HDR/PFM/
"""

from __future__ import annotations

from storage_stream.media.errors import UnidentifiedImage
from storage_stream.media.headers.info import ImageInfo
from storage_stream.media.headers.reading import Reading, at_most, check_size

__all__ = ["is_netpbm", "read_netpbm"]

_MODES = {b"P1": "1", b"P2": "L", b"P3": "RGB", b"P4": "1", b"P5": "L", b"P6": "RGB",
          b"Pf": "F", b"PF": "RGB"}  # fmt: skip
_NAMES = {"1": "bitmap", "L": "graymap", "RGB": "pixmap"}
_MAX_HEADER = 4096  # comments may stand anywhere in it
_MAX_DIGITS = 10
_BYTE, _TWO_BYTES = 0xFF, 0xFFFF


def is_netpbm(data: bytes) -> bool:
    """Whether a file that begins so is one."""
    return data[:2] in _MODES and (data[2:3].isspace() or data[2:3] == b"#")


def read_netpbm() -> Reading[ImageInfo]:
    """Width, height and the largest value."""
    kind = yield from at_most(0, 2)
    mode = _MODES[kind]
    at = 2
    width, at = yield from _number(at)
    height, at = yield from _number(at)
    width, height = check_size("PPM", width, height)
    if kind in {b"Pf", b"PF"}:
        return ImageInfo("PPM", width, height, mode, "image/x-portable-floatmap", bits=32)
    highest, at = (1, at) if mode == "1" else (yield from _number(at))
    if not 0 < highest <= _TWO_BYTES:
        raise UnidentifiedImage(f"a PPM whose largest value is {highest}")
    deep = "I" if mode == "L" and highest > _BYTE else mode
    mime = f"image/x-portable-{_NAMES[mode]}"
    return ImageInfo("PPM", width, height, deep, mime, bits=highest.bit_length())


def _number(at: int) -> Reading[tuple[int, int]]:
    digits = b""
    in_comment = False
    while at < _MAX_HEADER:
        sign = yield from at_most(at, 1)
        at += 1
        if in_comment:
            in_comment = sign not in {b"\n", b"\r", b""}
        elif sign == b"#":
            in_comment = True
        elif sign.isdigit() and len(digits) < _MAX_DIGITS:
            digits += sign
        elif sign.isspace() and not digits:
            continue
        elif sign.isspace():
            return int(digits), at
        else:
            break
    raise UnidentifiedImage("a PPM header without its numbers")
