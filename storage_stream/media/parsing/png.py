"""PNG: rows as they arrive; an interlaced one as a whole picture that gets finer.

The data is decompressed here and given to Pillow's decoder in blocks that are not compressed:
that costs a copy, and tells exactly how many rows are there, that the stream's own checksum is
right, and bounds what a small piece of data can blow up to.
"""

from __future__ import annotations

import contextlib
import io
import zlib
from typing import TYPE_CHECKING, Final

from PIL import PngImagePlugin

from storage_stream.media.errors import DamagedImage, UnidentifiedImage
from storage_stream.media.parsing.decoder import (
    CanvasDecoder,
    Started,
    opened_header,
    reduction,
    shrunk,
)
from storage_stream.media.parsing.pillow_bridge import Image
from storage_stream.media.parsing.png_chunks import SIGNATURE, PngChunks, first_data_chunk
from storage_stream.media.parsing.png_passes import PngLayout

if TYPE_CHECKING:
    from storage_stream.media.parsing.decoding_limits import Limits

__all__ = ["PngStart"]

_IHDR: Final = slice(16, 29)  # its data, in every PNG file
_PIECE_BYTES: Final = 256 * 1024  # decompressed at once
_STORED_BYTES: Final = 65535  # the most that an uncompressed block of deflate holds
_ZLIB_HEAD: Final = b"\x78\x01"
_TAIL_KINDS: Final = frozenset({b"tEXt", b"zTXt", b"iTXt", b"eXIf"})  # allowed behind the pixels
_MAX_TAIL_BYTES: Final = 1 << 20


class PngStart:
    """Looks for the first chunk of a PNG's pixels."""

    def __init__(self) -> None:
        self._at = len(SIGNATURE)

    def __call__(self, prefix: bytearray, limits: Limits) -> Started | None:
        """See `Header`."""
        if len(prefix) < _IHDR.stop:
            return None
        if not prefix.startswith(b"\x00\x00\x00\x0dIHDR", len(SIGNATURE)):
            raise UnidentifiedImage("a PNG file that does not begin with its header")
        layout = PngLayout.of(bytes(prefix[_IHDR]))
        limits.check(layout.width, layout.height)
        self._at, is_found = first_data_chunk(prefix, self._at)
        if not is_found:
            return None
        return Started(_Png(bytes(prefix[: self._at]), layout, limits), self._at)


class _Png(CanvasDecoder):
    def __init__(self, head: bytes, layout: PngLayout, limits: Limits) -> None:
        super().__init__(_opened(head, limits))
        self.incremental = not layout.interlaced
        self._head = head
        self._limits = limits
        self._layout = layout
        self._size = layout.size
        self._done = 0  # bytes, decompressed
        self._chunks: PngChunks | None = PngChunks()  # None when the end was seen
        self._inflate = zlib.decompressobj()
        self._tail: list[bytes] = []
        self._tail_size = 0
        self._feed.feed(_ZLIB_HEAD)

    def feed(self, data: memoryview) -> None:
        if self._chunks is None:
            return
        for kind, part, is_last in self._chunks.parts(data):
            if kind == b"IDAT":
                self._take(part)
            elif kind in _TAIL_KINDS:
                self._keep(kind, part, is_last=is_last)
            elif kind == b"IEND" and is_last:
                self._finish()
                return

    def preview(self, box: tuple[int, int] | None) -> Image.Image:
        if self.incremental or self.is_whole:
            return super().preview(box)
        filled = _filled(self._canvas.image, self._layout.grid(self._done))
        return shrunk(filled, reduction(filled.size, box))

    def _take(self, compressed: bytes | memoryview) -> None:
        while self._done < self._size and memoryview(compressed):
            most = min(_PIECE_BYTES, self._size - self._done)
            try:
                pixels = self._inflate.decompress(compressed, most)
            except zlib.error as error:
                raise DamagedImage(f"the PNG's pixels cannot be decompressed: {error}") from error
            compressed = self._inflate.unconsumed_tail
            self._done += len(pixels)
            self._feed.feed(_stored(pixels))
            self.rows_ready = self._layout.rows_ready(self._done)
            if self._inflate.eof:
                return

    def _keep(self, kind: bytes, part: memoryview, *, is_last: bool) -> None:
        """Metadata behind the pixels; more of it than is sensible is left out."""
        self._tail_size += len(part)
        if self._tail_size > _MAX_TAIL_BYTES:
            return
        if is_last:
            data = b"".join(self._tail)
            self._head += _chunk(kind, data)
            self._tail.clear()
        else:
            self._tail.append(bytes(part))

    def _finish(self) -> None:
        self._chunks = None
        self.is_whole = self._feed.done
        if self._tail_size:
            # All pixels are right; words that cannot be read do not take them away.
            with contextlib.suppress(UnidentifiedImage):
                self._canvas.image.info.update(_opened(self._head, self._limits).info)


def _opened(head: bytes, limits: Limits) -> PngImagePlugin.PngImageFile:
    """What Pillow understands of the chunks before the pixels; an empty IDAT ends them."""
    file = io.BytesIO(head + bytes(4) + b"IDAT")
    opened = opened_header(PngImagePlugin.PngImageFile, file, limits)
    if not isinstance(opened, PngImagePlugin.PngImageFile):
        raise TypeError("Pillow's PNG plugin opened a PNG as something else")
    return opened


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(data, zlib.crc32(kind))
    return len(data).to_bytes(4, "big") + kind + data + check.to_bytes(4, "big")


def _stored(data: bytes) -> bytes:
    """The data as uncompressed blocks of deflate (RFC 1951, 3.2.4), none of them the last."""
    blocks: list[bytes] = []
    for start in range(0, len(data), _STORED_BYTES):
        block = data[start : start + _STORED_BYTES]
        length = len(block)
        blocks += [b"\x00", length.to_bytes(2, "little"), (length ^ 0xFFFF).to_bytes(2, "little")]
        blocks.append(block)
    return b"".join(blocks)


def _filled(image: Image.Image, grid: tuple[int, int] | None) -> Image.Image:
    """A whole picture made of those pixels of an interlaced one that are known."""
    if grid is None:
        return image.copy()
    columns, rows = grid
    width, height = image.size
    known = image.transform(
        (-(-width // columns), -(-height // rows)),
        Image.Transform.AFFINE,
        # Output pixel (0, 0) is looked up at its middle; the known ones stand at the corners.
        (columns, 0, (1 - columns) / 2, 0, rows, (1 - rows) / 2),
        Image.Resampling.NEAREST,
    )
    smooth = image.mode in {"L", "RGB", "RGBA"}
    how = Image.Resampling.BILINEAR if smooth else Image.Resampling.NEAREST
    box = (0, 0, width / columns, height / rows)
    return known.resize(image.size, how, box)
