"""The PPM family: a header of numbers in text, and how many samples have to follow it.

https://netpbm.sourceforge.net/doc/ppm.html is the rule, and its sisters for PBM, PGM and PFM.
"""

from __future__ import annotations

import re
from typing import IO, Final

__all__ = ["PPM_HEADER", "PPM_MOST_HEADER_BYTES", "is_ppm_cut"]

PPM_MOST_HEADER_BYTES: Final = 64 * 1024
"""Of a header that is looked at: three numbers; the rest could only be comments."""
_GAP: Final = rb"(?:[ \t-\r]|#[^\r\n]*[\r\n])+"
PPM_HEADER: Final = re.compile(
    rb"P(?:[14]" + (_GAP + rb"\d+") * 2 + rb"|(?:[2356]|0CMYK)" + (_GAP + rb"\d+") * 3
    + rb"|f" + (_GAP + rb"\d+") * 2 + _GAP + rb"[-+.eE\d]+)[ \t-\r]"
)  # fmt: skip
"""A whole header, with the one blank that ends it."""
_PIECE_BYTES: Final = 256 * 1024
_NUMBER: Final = re.compile(rb"\d+")
_DIGIT: Final = re.compile(rb"[01]")  # of a bitmap, where nothing has to separate them
_COMMENT: Final = re.compile(rb"#[^\r\n]*")
_LINE_END: Final = re.compile(rb"[\r\n]")
_MOST_IN_A_BYTE: Final = 255


def is_ppm_cut(file: IO[bytes], size: int) -> bool:
    """Whether samples are missing: of two bytes each, of one, or written as numbers.

    Args:
        file: The file.
        size: Its length in bytes.
    """
    file.seek(0)
    found = PPM_HEADER.match(file.read(PPM_MOST_HEADER_BYTES))
    if found is None:
        return True
    head = found.group()
    width, height, *most = (int(number) for number in _NUMBER.findall(_COMMENT.sub(b"", head[2:])))
    bands = 3 if head[1:2] in b"36" else 1
    needed = width * height * bands
    if head[1:2] not in b"123":
        return found.end() + needed * (2 if most and most[0] > _MOST_IN_A_BYTE else 1) > size
    file.seek(found.end())
    return _count_numbers(file, each_digit=head[1:2] == b"1") < needed


def _count_numbers(file: IO[bytes], *, each_digit: bool) -> int:
    """How many numbers follow, outside comments."""
    count, in_number, in_comment = 0, False, False
    while piece := file.read(_PIECE_BYTES):
        text = (b"#" if in_comment else b"") + piece
        cut = text.rfind(b"#")
        in_comment = cut >= 0 and not _LINE_END.search(text, cut)
        text = _COMMENT.sub(b" ", text)
        goes_on = in_number and not each_digit and text[:1].isdigit()
        count += len((_DIGIT if each_digit else _NUMBER).findall(text))
        count -= goes_on
        in_number = text[-1:].isdigit()
    return count
