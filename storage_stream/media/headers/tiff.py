"""TIFF and BigTIFF: the first directory, wherever in the file it is.

https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage_stream.media.errors import UnidentifiedImage
from storage_stream.media.headers.ifd import (
    Directory,
    Layout,
    orientation_of,
    read_directory,
    read_layout,
)
from storage_stream.media.headers.info import ImageInfo
from storage_stream.media.headers.reading import Reading, check_size, in_hand

if TYPE_CHECKING:
    from storage_stream.media.headers.ifd import Entry

__all__ = ["MAGIC", "read_tiff"]

MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_SAMPLES, _TILE_WIDTH, _EXTRA, _FORMAT, _ICC = 277, 322, 338, 339, 34675
_MAX_PAGES = 5000  # that are counted
_JPEG = (6, 7)  # compressions that store other colours than they give
_FLOAT, _SIGNED = 3, 2
_GREY = (0, 1)
_RGB, _INDEXED, _SEPARATED, _YCBCR, _LAB = 2, 3, 5, 6, 8
_ALPHAS = (1, 2)  # of the extra sample: associated, or not
_GREY_MODES: dict[tuple[int | None, int], str] = {
    (1, 1): "1",
    (16, 1): "I;16",
    (16, _SIGNED): "I",
    (32, 1): "I",
    (32, _SIGNED): "I",
    (32, _FLOAT): "F",
}


def read_tiff() -> Reading[ImageInfo]:
    """The first page. The others are counted if their directories were fetched with it."""
    layout, first = yield from read_layout(0)
    directory = yield from read_directory(layout, first)
    tags = directory.entries
    width, height = _number(layout, tags, _WIDTH), _number(layout, tags, _HEIGHT)
    if width is None or height is None:
        raise UnidentifiedImage("a TIFF directory without width and height")
    width, height = check_size("TIFF", width, height)
    # Those of three samples stand elsewhere, behind the tiles' offsets say: a request more.
    bits = (yield from tags[_BITS].first(layout)) if _BITS in tags else 1
    mode = _mode(layout, tags)
    pages = yield from _count(layout, first, directory)
    return ImageInfo(
        "TIFF",
        width,
        height,
        mode,
        "image/tiff",
        orientation=orientation_of(layout, directory),
        bits=bits,
        pages=pages,
        tiled=_TILE_WIDTH in tags,
        has_icc=_ICC in tags,
    )


def _number(layout: Layout, tags: dict[int, Entry], tag: int) -> int | None:
    return tags[tag].integer(layout) if tag in tags else None


def _mode(layout: Layout, tags: dict[int, Entry]) -> str:
    photometric = _number(layout, tags, _PHOTOMETRIC)
    samples = _number(layout, tags, _SAMPLES) or 1
    if photometric == _RGB or (photometric == _YCBCR and _is_jpeg(layout, tags)):
        has_alpha = samples > 3 and _number(layout, tags, _EXTRA) in _ALPHAS  # noqa: PLR2004 - RGB
        return "RGBA" if has_alpha else "RGB"
    if photometric in _GREY or photometric is None:
        if samples > 1:
            return "LA"
        bits = _number(layout, tags, _BITS) if _BITS in tags else 1
        return _GREY_MODES.get((bits, _number(layout, tags, _FORMAT) or 1), "L")
    if photometric == _INDEXED:
        return "PA" if samples > 1 else "P"
    return {_SEPARATED: "CMYK", _YCBCR: "YCbCr", _LAB: "LAB"}.get(photometric, "L")


def _is_jpeg(layout: Layout, tags: dict[int, Entry]) -> bool:
    return _number(layout, tags, _COMPRESSION) in _JPEG


def _count(layout: Layout, first: int, directory: Directory) -> Reading[int | None]:
    """Pages, or None where a directory is not in hand, or they go round in a circle."""
    seen = {first}
    at = directory.next
    width = 8 if layout.is_big else 2
    while at:
        head = yield from in_hand(at, width)
        if len(head) < width or at in seen or len(seen) >= _MAX_PAGES:
            return None
        seen.add(at)
        count = int.from_bytes(head, "little" if layout.order == "<" else "big")
        link = yield from in_hand(at + width + count * layout.entry_size, layout.slot)
        at = layout.offset(link) if len(link) == layout.slot else None
    return None if at is None else len(seen)
