"""Whether a file was cut, by the lengths that it holds itself; nothing is decoded.

OpenJPEG gives a picture for half a file, and a decoder that fails does not say whether bytes are
missing or wrong. So the containers' own lengths are compared with what came.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Final

from storage_stream.media.parsing.ppm_header import is_ppm_cut
from storage_stream.media.parsing.tiff_extent import is_tiff_cut

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["is_cut"]

_QOI_END: Final = bytes(7) + b"\x01"
_JPEG2000_END: Final = b"\xff\xd9"
_BOX_HEAD_BYTES: Final = 8
_MOST_BOXES: Final = 10_000  # a file of more is not walked to its end


def is_cut(name: str, file: IO[bytes], size: int) -> bool:
    """Whether bytes are missing at the end.

    Args:
        name: The format, as Pillow names it.
        file: The bytes.
        size: How many they are.
    """
    check = _CHECKS.get(name)
    return check is not None and check(file, size)


def _webp(file: IO[bytes], size: int) -> bool:
    head = _at(file, 4, 4)
    return len(head) < 4 or 8 + int.from_bytes(head, "little") > size  # noqa: PLR2004 - RIFF's


def _qoi(file: IO[bytes], size: int) -> bool:
    return _at(file, max(0, size - len(_QOI_END)), len(_QOI_END)) != _QOI_END


def _jpeg2000(file: IO[bytes], size: int) -> bool:
    if _at(file, 0, 2) == b"\xff\x4f":  # a codestream without boxes
        return _at(file, max(0, size - 2), 2) != _JPEG2000_END
    return _boxes(file, size, b"jp2c", _JPEG2000_END)


def _avif(file: IO[bytes], size: int) -> bool:
    return _boxes(file, size, b"mdat", b"")


def _boxes(file: IO[bytes], size: int, needed: bytes, end: bytes) -> bool:
    """Whether a box reaches beyond the end, or the needed one is missing."""
    at, is_there = 0, False
    for _ in range(_MOST_BOXES):
        if at >= size:
            break
        head = _at(file, at, 2 * _BOX_HEAD_BYTES)
        if len(head) < _BOX_HEAD_BYTES:
            return True
        length, kind = int.from_bytes(head[:4], "big"), head[4:8]
        if length == 1:
            length = int.from_bytes(head[8:], "big")
        elif length == 0:  # to the end of the file
            return kind == needed and _at(file, max(0, size - len(end)), len(end)) != end
        if length < _BOX_HEAD_BYTES:
            return False  # broken, not cut: the decoder says it
        is_there |= kind == needed
        at += length
    return at > size or not is_there


def _bmp(file: IO[bytes], size: int) -> bool:
    """Whether it is shorter than it says; of runs there is no other measure."""
    return int.from_bytes(_at(file, 2, 4), "little") > size


def _at(file: IO[bytes], at: int, length: int) -> bytes:
    file.seek(at)
    return file.read(length)


_CHECKS: Final[Mapping[str, Callable[[IO[bytes], int], bool]]] = {
    "WEBP": _webp,
    "QOI": _qoi,
    "JPEG2000": _jpeg2000,
    "AVIF": _avif,
    "HEIF": _avif,
    "BMP": _bmp,
    "PPM": is_ppm_cut,
    "TIFF": is_tiff_cut,
}
