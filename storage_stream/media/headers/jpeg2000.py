"""JPEG 2000: the header box of a JP2 file, or the SIZ segment of a bare codestream.

https://www.itu.int/rec/T-REC-T.800 (annexes A and I)
"""

from __future__ import annotations

import struct

from storage_stream.media.errors import UnidentifiedImage
from storage_stream.media.headers.boxes import FILE_END, Box, children, next_box
from storage_stream.media.headers.info import ImageInfo
from storage_stream.media.headers.reading import Reading, at_most, check_size, exactly

__all__ = ["CODESTREAM_MAGIC", "MAGIC", "read_codestream", "read_jp2"]

MAGIC = b"\0\0\0\x0cjP  \r\n\x87\n"
CODESTREAM_MAGIC = b"\xff\x4f\xff\x51"
_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_CMYK = 12  # of enumerated colour spaces
_PROFILES = (2, 3)  # methods of specifying a colour space
_MAX_COMPONENTS = 16384


def read_jp2() -> Reading[ImageInfo]:
    """The header box, which stands somewhere before the codestream."""
    at = len(MAGIC)
    while (box := (yield from next_box(at, FILE_END))) is not None:
        if box.kind == b"jp2h":
            return (yield from _header(box))
        if box.kind == b"jp2c":
            raise UnidentifiedImage("a JP2 file whose header does not stand before its data")
        at = box.end
    raise UnidentifiedImage("a JP2 file without a header")


def _header(outer: Box) -> Reading[ImageInfo]:
    boxes = yield from children(outer.start, outer.end)
    if not boxes or boxes[0].kind != b"ihdr":
        raise UnidentifiedImage("a JP2 header without an image header")
    data = yield from exactly(boxes[0].start, 11)
    height, width, components, depth = struct.unpack_from(">IIHB", data)
    enumerated, has_icc = 0, False
    for box in boxes:
        if box.kind == b"colr":
            colour = yield from at_most(box.start, 7)
            has_icc = has_icc or (colour[:1] != b"" and colour[0] in _PROFILES)
            enumerated = enumerated or (int.from_bytes(colour[3:7]) if colour[:1] == b"\1" else 0)
    mode = "P" if any(box.kind == b"pclr" for box in boxes) else None
    if components == 4 and enumerated == _CMYK:  # noqa: PLR2004 - C, M, Y, K
        mode = "CMYK"
    bits = (depth & 0x7F) + 1 if depth != 0xFF else 8  # noqa: PLR2004 - each has its own
    return _info(width, height, components, bits, mode=mode, mime="image/jp2", has_icc=has_icc)


def read_codestream() -> Reading[ImageInfo]:
    """The SIZ segment, which is the first."""
    data = yield from exactly(6, 37)
    right, bottom, left, top = struct.unpack_from(">IIII", data, 2)
    components = int.from_bytes(data[34:36])
    bits = (data[36] & 0x7F) + 1
    return _info(right - left, bottom - top, components, bits, mime="image/j2c")


def _info(
    width: int,
    height: int,
    components: int,
    bits: int,
    *,
    mime: str,
    mode: str | None = None,
    has_icc: bool = False,
) -> ImageInfo:
    width, height = check_size("JPEG 2000", width, height)
    if not 1 <= components <= _MAX_COMPONENTS:
        raise UnidentifiedImage(f"a JPEG 2000 of {components} components")
    grey = "I;16" if bits > 8 else "L"  # noqa: PLR2004 - what fits a byte
    chosen = mode or (grey if components == 1 else _MODES.get(components, "RGB"))
    return ImageInfo("JPEG2000", width, height, chosen, mime, bits=bits, has_icc=has_icc)
