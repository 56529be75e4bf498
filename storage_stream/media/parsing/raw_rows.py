"""BMP, PPM and TGA: rows that are stored one after the other, plain or run-length encoded.

These files have no mark at their end: such a picture is whole when its last row is.
"""

from __future__ import annotations

import io
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, Final

from PIL import BmpImagePlugin, PpmImagePlugin, TgaImagePlugin

from storage_stream.media.errors import UnidentifiedImage
from storage_stream.media.parsing.decoder import (
    CanvasDecoder,
    FormatDecoder,
    Started,
    opened_header,
)
from storage_stream.media.parsing.marked_rows import MarkedRows
from storage_stream.media.parsing.pillow_bridge import Image
from storage_stream.media.parsing.ppm_header import PPM_HEADER, PPM_MOST_HEADER_BYTES
from storage_stream.media.parsing.spooled import Spooled

if TYPE_CHECKING:
    from collections.abc import Callable

    from storage_stream.media.parsing.decoding_limits import Limits
    from storage_stream.media.parsing.pillow_bridge import ImageFile

__all__ = ["start_bmp", "start_ppm", "start_tga"]

# Bits of a pixel as it is stored, by Pillow's name of the layout.
_PIXEL_BITS: Final = {
    "1": 1, "1;I": 1, "P;1": 1, "P;4": 4, "P": 8, "L": 8, "LA": 16, "I;16B": 16, "BGR;15": 16,
    "BGR;16": 16, "BGRA;15Z": 16, "RGB": 24, "BGR": 24, "BGRX": 32, "XBGR": 32, "BGXR": 32,
    "ABGR": 32, "RGBA": 32, "BGRA": 32, "BGAR": 32, "CMYK": 32, "F;32F": 32, "F;32BF": 32,
}  # fmt: skip
_BMP_HEAD_BYTES: Final = 14 + 4
_BMP_OLD_HEADER_BYTES: Final = 12  # with shorter fields, and three bytes for a colour
_BMP_MASK_BYTES: Final = 12  # colour masks may stand behind a header of 40 bytes
_TGA_HEAD_BYTES: Final = 18
_TGA_MIRRORED: Final = 0x10  # rows begin on the right
_TGA_FOOTER: Final = b"TRUEVISION-XFILE.\x00"
_TGA_FOOTER_BYTES: Final = 26
_TGA_ALPHA_AT: Final = 494  # in the extension area that the footer points to
_MOST_TAIL_BYTES: Final = 64 * 1024


def start_bmp(prefix: bytearray, limits: Limits) -> Started | None:
    """See `Header`."""
    if len(prefix) < _BMP_HEAD_BYTES:
        return None
    pixels_at = int.from_bytes(prefix[10:14], "little")
    header = int.from_bytes(prefix[14:18], "little")
    if header > limits.max_header_bytes:
        raise UnidentifiedImage(f"a BMP header of {header} bytes")
    if len(prefix) < max(pixels_at, 14 + header):
        return None
    if not _is_palette_before(prefix, pixels_at, header):
        return Started(Spooled("BMP", limits), 0)  # Pillow would read on for the palette
    return _started(BmpImagePlugin.BmpImageFile, prefix, limits)


def _is_palette_before(prefix: bytearray, pixels_at: int, header: int) -> bool:
    """Whether everything that Pillow reads of the header stands in front of the pixels."""
    if header <= _BMP_OLD_HEADER_BYTES:
        bits, colours, entry = prefix[24], 0, 3
    else:
        bits, colours, entry = prefix[28], int.from_bytes(prefix[46:50], "little"), 4
    palette = (colours or 1 << bits) * entry if bits <= 8 else _BMP_MASK_BYTES * (prefix[30] == 3)  # noqa: PLR2004 - the format's numbers
    return 14 + header + palette <= pixels_at


def start_ppm(prefix: bytearray, limits: Limits) -> Started | None:
    """See `Header`."""
    found = PPM_HEADER.match(prefix)
    if found is None:
        if len(prefix) > PPM_MOST_HEADER_BYTES:
            raise UnidentifiedImage("a PPM file without the numbers of a header")
        return None
    return _started(PpmImagePlugin.PpmImageFile, prefix[: found.end()], limits)


def start_tga(prefix: bytearray, limits: Limits) -> Started | None:
    """See `Header`."""
    if len(prefix) < _TGA_HEAD_BYTES:
        return None
    palette = int.from_bytes(prefix[5:7], "little") * ((prefix[7] + 7) // 8) if prefix[1] else 0
    needed = _TGA_HEAD_BYTES + prefix[0] + palette
    if len(prefix) < needed:
        return None
    started = _started(TgaImagePlugin.TgaImageFile, prefix[:needed], limits)
    if prefix[17] & _TGA_MIRRORED and isinstance(started.decoder, CanvasDecoder):
        return Started(_Mirrored(started.decoder), started.offset)
    return started


def _started(
    plugin: Callable[..., ImageFile.ImageFile], prefix: bytearray, limits: Limits
) -> Started:
    """A decoder for what the header announces; what no decoder in C reads is kept whole."""
    opened = opened_header(plugin, io.BytesIO(prefix), limits)
    if not opened.tile:
        raise UnidentifiedImage(f"a {opened.format} of a kind that is not read")
    codec, _, offset, arguments = opened.tile[0]
    arguments = arguments if isinstance(arguments, tuple) else (arguments,)
    if codec == "raw" and arguments[0] in _PIXEL_BITS:
        return Started(_PlainRows(opened, offset, arguments), offset)
    if codec == "tga_rle" and opened.mode != "1":
        return Started(_RunLengths(opened, offset, arguments), offset)
    return Started(Spooled(str(opened.format), limits), 0)


class _Rows(CanvasDecoder):
    """What plain and encoded rows have in common: nothing marks the end of the file."""

    def __init__(self, opened: ImageFile.ImageFile, offset: int) -> None:
        super().__init__(opened)
        is_wanted = opened.format == "TGA" and opened.mode == "RGBA"
        self._tail = _TgaTail(offset) if is_wanted else None

    def feed(self, data: memoryview) -> None:
        if self._tail is not None:
            self._tail.keep(data)
        if not self.is_whole:
            self._decode(data)
            self.is_whole = self._feed.done

    def end(self) -> None:
        if self.is_whole and self._tail is not None and self._tail.is_opaque():
            self._canvas.image.putalpha(255)

    @abstractmethod
    def _decode(self, data: memoryview) -> None:
        """Decode, and tell `rows_ready`."""


class _PlainRows(_Rows):
    """Rows of a fixed length: bytes tell how many there are."""

    def __init__(
        self, opened: ImageFile.ImageFile, offset: int, arguments: tuple[Any, ...]
    ) -> None:
        super().__init__(opened, offset)
        layout: str = arguments[0]
        stride, direction = arguments[1:] or (0, 1)
        row = (opened.width * _PIXEL_BITS[layout] + 7) // 8
        self._stride = max(row, stride)
        self._padding = self._stride - row  # the last row may lack it
        self.bottom_up = direction < 0
        self._fed = 0
        self._waiting = bytearray()  # less than a row

    def _decode(self, data: memoryview) -> None:
        self._waiting += data
        self._fed += len(data)
        rows = min(self._canvas.image.height, (self._fed + self._padding) // self._stride)
        if rows > self.rows_ready:
            self._feed.feed(bytes(self._waiting))
            self._waiting.clear()
            self.rows_ready = rows


class _RunLengths(_Rows):
    """Run-length encoded TGA."""

    def __init__(
        self, opened: ImageFile.ImageFile, offset: int, arguments: tuple[Any, ...]
    ) -> None:
        super().__init__(opened, offset)
        self.bottom_up = arguments[1] < 0
        self._marks = MarkedRows(self._canvas, bottom_up=self.bottom_up)

    def _decode(self, data: memoryview) -> None:
        self._feed.feed(data)
        self.rows_ready = self._canvas.image.height if self._feed.done else self._marks.written()

    def _tidy(self, image: Image.Image, factor: int) -> None:
        self._marks.blank(image, self.rows_ready, factor)


class _Mirrored(FormatDecoder):
    """Rows that begin on the right: they are turned round when all are there."""

    incremental = False

    def __init__(self, inner: CanvasDecoder) -> None:
        super().__init__()
        self._inner = inner

    def feed(self, data: memoryview) -> None:
        self._inner.feed(data)
        self.is_whole = self._inner.is_whole

    def end(self) -> None:
        self._inner.end()
        if self.is_whole:
            self.image = self.partial()
            self.rows_ready = self.image.height

    def partial(self) -> Image.Image:
        image = self._inner.partial()
        turned = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        turned.format = image.format
        return turned

    def preview(self, box: tuple[int, int] | None) -> Image.Image:
        return self._inner.preview(box).transpose(Image.Transpose.FLIP_LEFT_RIGHT)

    def close(self) -> None:
        self._inner.close()


class _TgaTail:
    """What follows the pixels of a TGA: its extension may say that there is no transparency.

    Args:
        offset: Where in the file the first byte stands that is kept.
    """

    def __init__(self, offset: int) -> None:
        self._end = offset
        self._bytes = bytearray()

    def keep(self, data: memoryview) -> None:
        """The last bytes so far; enough for an extension where writers put it, at the end."""
        self._end += len(data)
        self._bytes += data
        del self._bytes[:-_MOST_TAIL_BYTES]

    def is_opaque(self) -> bool:
        """Whether the file says that its fourth channel means nothing."""
        footer = self._bytes[-_TGA_FOOTER_BYTES:]
        if not footer.endswith(_TGA_FOOTER):
            return False
        extension = int.from_bytes(footer[:4], "little")
        at = extension + _TGA_ALPHA_AT - (self._end - len(self._bytes))
        return extension > 0 and at >= 0 and self._bytes.startswith(b"\x00", at)
