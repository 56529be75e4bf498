"""Which decoder a file gets, by its first bytes; its name and its content type are not believed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from storage_stream.media.errors import UnidentifiedImage
from storage_stream.media.headers import gif, heif, jpeg, jpeg2000, png, qoi, tiff
from storage_stream.media.headers.bmp import is_bmp
from storage_stream.media.headers.netpbm import is_netpbm
from storage_stream.media.headers.tga import is_tga
from storage_stream.media.headers.webp import is_webp
from storage_stream.media.parsing.decoder import Started
from storage_stream.media.parsing.gif import GifStart
from storage_stream.media.parsing.jpeg import JpegStart
from storage_stream.media.parsing.png import PngStart
from storage_stream.media.parsing.raw_rows import start_bmp, start_ppm, start_tga
from storage_stream.media.parsing.spooled import Spooled

if TYPE_CHECKING:
    from collections.abc import Callable

    from storage_stream.media.parsing.decoder import Header
    from storage_stream.media.parsing.decoding_limits import Limits

__all__ = ["FIRST_BYTES", "header_of"]

FIRST_BYTES = 64
"""With so many, every format is told; with fewer, only where the file is shorter."""
_AVIF_BRANDS: Final = (b"avif", b"avis")


def header_of(prefix: bytes) -> Header:
    """What reads the header of a file that begins so.

    Raises:
        UnidentifiedImage: No picture of a format that is read here does.
    """
    for fits, make in _FORMATS:
        if fits(prefix):
            return make()
    raise UnidentifiedImage("an empty file" if not prefix else "no picture of a known format")


def _kept(name: str) -> Callable[[], Header]:
    def start(prefix: bytearray, limits: Limits) -> Started:  # noqa: ARG001 - all of it is kept
        return Started(Spooled(name, limits), 0)

    return lambda: start


def _is_avif(prefix: bytes) -> bool:
    return heif.is_heif(prefix) and any(brand in prefix for brand in _AVIF_BRANDS)


_FORMATS: Final[tuple[tuple[Callable[[bytes], bool], Callable[[], Header]], ...]] = (
    (lambda prefix: prefix.startswith(jpeg.MAGIC), JpegStart),
    (lambda prefix: prefix.startswith(png.MAGIC), PngStart),
    (lambda prefix: prefix.startswith(gif.MAGIC), GifStart),
    (is_webp, _kept("WEBP")),
    (lambda prefix: prefix.startswith(tiff.MAGIC), _kept("TIFF")),
    (_is_avif, _kept("AVIF")),
    (heif.is_heif, _kept("HEIF")),
    (lambda prefix: prefix.startswith(jpeg2000.MAGIC), _kept("JPEG2000")),
    (lambda prefix: prefix.startswith(jpeg2000.CODESTREAM_MAGIC), _kept("JPEG2000")),
    (is_bmp, lambda: start_bmp),
    (lambda prefix: prefix.startswith(qoi.MAGIC), _kept("QOI")),
    (is_netpbm, lambda: start_ppm),
    (is_tga, lambda: start_tga),  # has no signature: last
)
