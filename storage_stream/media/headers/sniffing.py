"""Which format a file has, by its first bytes; its name and its content type are not believed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage_stream.media.errors import UnidentifiedImage
from storage_stream.media.headers import (
    bmp,
    gif,
    heif,
    jpeg,
    jpeg2000,
    netpbm,
    png,
    qoi,
    tga,
    tiff,
    webp,
)
from storage_stream.media.headers.reading import Reading, at_most

if TYPE_CHECKING:
    from collections.abc import Callable

    from storage_stream.media.headers.info import ImageInfo

__all__ = ["read_header"]

_FIRST_BYTES = 64  # brands of HEIF may stand as far behind

_FORMATS: tuple[tuple[Callable[[bytes], bool], Callable[[], Reading[ImageInfo]]], ...] = (
    (lambda data: data.startswith(jpeg.MAGIC), jpeg.read_jpeg),
    (lambda data: data.startswith(png.MAGIC), png.read_png),
    (lambda data: data.startswith(gif.MAGIC), gif.read_gif),
    (webp.is_webp, webp.read_webp),
    (lambda data: data.startswith(tiff.MAGIC), tiff.read_tiff),
    (heif.is_heif, heif.read_heif),
    (lambda data: data.startswith(jpeg2000.MAGIC), jpeg2000.read_jp2),
    (lambda data: data.startswith(jpeg2000.CODESTREAM_MAGIC), jpeg2000.read_codestream),
    (bmp.is_bmp, bmp.read_bmp),
    (lambda data: data.startswith(qoi.MAGIC), qoi.read_qoi),
    (netpbm.is_netpbm, netpbm.read_netpbm),
    (tga.is_tga, tga.read_tga),  # has no magic number: last
)


def read_header() -> Reading[ImageInfo]:
    """The header of a picture of any format.

    Raises:
        UnidentifiedImage: It is none, or one that cannot be believed.
    """
    data = yield from at_most(0, _FIRST_BYTES)
    for fits, reader in _FORMATS:
        if fits(data):
            return (yield from reader())
    what = "an empty file" if not data else "no picture of a known format"
    raise UnidentifiedImage(what)
