"""WebP: RIFF chunks; the orientation stands behind the picture.

https://developers.google.com/speed/webp/docs/riff_container
"""

from __future__ import annotations

from dataclasses import replace

from storage_stream.media.errors import UnidentifiedImage
from storage_stream.media.headers.ifd import orientation_at
from storage_stream.media.headers.info import ImageInfo
from storage_stream.media.headers.reading import (
    MAX_STEPS,
    Reading,
    at_most,
    check_size,
    exactly,
    in_hand,
)

__all__ = ["is_webp", "read_webp"]

_ICC, _ALPHA, _EXIF, _ANIMATED = 0x20, 0x10, 0x08, 0x02
_FIRST_CHUNK = 12
_CHUNK_HEAD = 8
_TAIL_BYTES = 6144  # Exif and XMP that cameras write fit; with the first request still 24 KiB
_PICTURES = frozenset({b"VP8 ", b"VP8L"})
_EXIF_PREFIX = b"Exif\0\0"  # of JPEG; some writers leave it there


def is_webp(data: bytes) -> bool:
    """Whether a file that begins so is one."""
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def read_webp() -> Reading[ImageInfo]:
    """The size; for the orientation, where there is one, a jump behind the picture."""
    head = yield from exactly(0, 20)
    kind = head[12:16]
    if kind == b"VP8X":
        return (yield from _extended(8 + int.from_bytes(head[4:8], "little")))
    if kind == b"VP8L":
        return _lossless((yield from exactly(20, 5)))
    if kind == b"VP8 ":
        return _lossy((yield from exactly(20, 10)))
    raise UnidentifiedImage("a WebP without a picture")


def _info(width: int, height: int, *, alpha: bool) -> ImageInfo:
    width, height = check_size("WebP", width, height)
    return ImageInfo("WEBP", width, height, "RGBA" if alpha else "RGB", "image/webp")


def _lossy(data: bytes) -> ImageInfo:
    if data[0] & 1 or data[3:6] != b"\x9d\x01\x2a":
        raise UnidentifiedImage("a WebP whose first frame is no key frame")
    width, height = int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")
    return _info(width & 0x3FFF, height & 0x3FFF, alpha=False)


def _lossless(data: bytes) -> ImageInfo:
    bits = int.from_bytes(data[1:5], "little")
    if data[0] != 0x2F or bits >> 29:  # noqa: PLR2004 - the signature; version 0
        raise UnidentifiedImage("a WebP whose lossless picture has no signature")
    return _info((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, alpha=bool(bits >> 28 & 1))


def _extended(file_end: int) -> Reading[ImageInfo]:
    data = yield from exactly(16, 14)
    if int.from_bytes(data[:4], "little") < 10:  # noqa: PLR2004 - flags and a size
        raise UnidentifiedImage("a WebP whose extended header is too short")
    flags = data[4]
    width = int.from_bytes(data[8:11], "little") + 1
    height = int.from_bytes(data[11:14], "little") + 1
    info = replace(_info(width, height, alpha=bool(flags & _ALPHA)), has_icc=bool(flags & _ICC))
    first = 20 + int.from_bytes(data[:4], "little") + (data[0] & 1)
    if flags & _ANIMATED:
        frames = yield from _count_frames(first, file_end)
        info = replace(info, animated=frames is None or frames > 1, frames=frames)
    if not flags & _EXIF:
        return info
    at = yield from _find_exif(first, file_end, info)
    if at is None:
        return info
    prefix = yield from at_most(at, len(_EXIF_PREFIX), info)
    at += len(_EXIF_PREFIX) * (prefix == _EXIF_PREFIX)
    return replace(info, orientation=(yield from orientation_at(at)))


def _count_frames(at: int, file_end: int) -> Reading[int | None]:
    frames = 0
    for _ in range(MAX_STEPS):
        if at >= file_end:
            return frames
        head = yield from in_hand(at, _CHUNK_HEAD)
        if len(head) < _CHUNK_HEAD:
            break
        frames += head[:4] == b"ANMF"
        at = _after(at, head)
    return None


def _find_exif(at: int, file_end: int, info: ImageInfo) -> Reading[int | None]:
    """Where the Exif block begins.

    As long as chunks are in hand they are followed. When the last of them is the picture, what
    comes next is what is looked for; before that (frames; a profile and transparency that fill
    the first request) the file's tail is looked at: one request in place of many.
    """
    last, looked = b"", False
    while at + _CHUNK_HEAD <= file_end:
        head = yield from in_hand(at, _CHUNK_HEAD)
        if len(head) < _CHUNK_HEAD:
            if last not in _PICTURES and not looked:
                found = yield from _in_tail(file_end, at, info)
                if found is not None:
                    return found
                looked = True
            head = yield from at_most(at, _CHUNK_HEAD, info)
        if len(head) < _CHUNK_HEAD:
            break
        last = head[:4]
        if last == b"EXIF":
            return at + _CHUNK_HEAD
        at = _after(at, head)
    # The chunks do not lead there; a file that is damaged in the middle may still have it.
    return None if looked else (yield from _in_tail(file_end, _FIRST_CHUNK, info))


def _in_tail(file_end: int, lowest: int, info: ImageInfo) -> Reading[int | None]:
    start = max(file_end - _TAIL_BYTES, lowest)
    tail = yield from at_most(start, file_end - start, info)
    at = tail.find(b"EXIF")
    while at >= 0:
        if _leads_to_end(tail, at):
            return start + at + _CHUNK_HEAD
        at = tail.find(b"EXIF", at + 1)
    return None


def _leads_to_end(tail: bytes, at: int) -> bool:
    """Whether the chunk there, and those behind it, end where the file does."""
    while at + _CHUNK_HEAD <= len(tail):
        at = _after(at, tail[at : at + _CHUNK_HEAD])
    return at == len(tail)


def _after(at: int, head: bytes) -> int:
    size = int.from_bytes(head[4:8], "little")
    return at + _CHUNK_HEAD + size + (size & 1)
