"""JPEG: rows as they arrive, where one scan holds the whole picture; else kept until its end.

Baseline pictures of one scan go straight into Pillow's decoder. A progressive one has no final row
before its last scan, and its decoder holds all coefficients: its bytes are kept instead (they are
few), decoded at the end, and for a preview as far as they came, with an end marker behind them.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from PIL import JpegImagePlugin

from storage_stream.media.bridge.run import check_wanted
from storage_stream.media.parsing.decoder import (
    CanvasDecoder,
    FormatDecoder,
    Started,
    opened_header,
)
from storage_stream.media.parsing.jpeg_markers import JpegHeader, JpegScan
from storage_stream.media.parsing.marked_rows import MarkedRows
from storage_stream.media.parsing.pillow_bridge import Canvas
from storage_stream.media.spool import Spool

if TYPE_CHECKING:
    from storage_stream.media.parsing.decoding_limits import Limits
    from storage_stream.media.parsing.pillow_bridge import Image, ImageFile

__all__ = ["JpegStart"]

_END_MARKER: Final = b"\xff\xd9"
_WIDTH_OF_MARKS: Final = 8
"""Pixels from which on the count of written rows is sure."""
_LINES_OF_BLOCKS: Final = 32
"""At most, of blocks that stand together in a JPEG: 8 lines, by a sampling factor of 4."""
_PIXELS_AHEAD: Final = 128
"""libjpeg wants to see 8 bits more than it needs, which may be 16 blocks of one colour."""


class JpegStart:
    """Looks for the end of a JPEG header; metadata is stepped over, however long it is."""

    def __init__(self) -> None:
        self._header = JpegHeader()

    def __call__(self, prefix: bytearray, limits: Limits) -> Started | None:
        """See `Header`."""
        if not self._header.find(prefix):
            return None
        head = bytes(prefix[: self._header.position])
        if self._header.is_buffered:
            return Started(_Buffered(head, limits), len(head))
        return Started(_Baseline(head, limits), len(head))


def _opened(head: bytes, limits: Limits) -> ImageFile.ImageFile:
    opened = opened_header(JpegImagePlugin.JpegImageFile, io.BytesIO(head), limits)
    if limits.target_size is not None:
        opened.draft(None, fitted(opened.size, limits.target_size))
    return opened


def fitted(size: tuple[int, int], box: tuple[int, int]) -> tuple[int, int]:
    """The size of the picture when it just fits into the box; at least one pixel."""
    scale = min(box[0] / size[0], box[1] / size[1], 1)
    return max(1, int(size[0] * scale)), max(1, int(size[1] * scale))


def _rows_held(width: int) -> int:
    """Rows that may not be written yet when only the end marker is missing: more if they are short.

    One row of blocks is decoded, one waits for it, and the bits that are looked at ahead.
    """
    if width < _WIDTH_OF_MARKS:
        return 1 << 16  # more than any picture has: nothing is told by marks
    return _LINES_OF_BLOCKS * (2 + -(-_PIXELS_AHEAD // width))


class _Baseline(CanvasDecoder):
    """One scan: every row that the decoder writes is final."""

    def __init__(self, head: bytes, limits: Limits) -> None:
        super().__init__(_opened(head, limits))
        self._marks = MarkedRows(self._canvas)
        self._scan: JpegScan | None = JpegScan()  # None when its end was seen
        self._feed.feed(head)

    def feed(self, data: memoryview) -> None:
        if self._scan is None:
            return  # what follows the end marker is no part of this picture
        end = self._scan.end_in(data)
        if end is not None:
            self._finish(data[:end])
            return
        self._feed.feed(data)
        self.rows_ready = self._canvas.image.height if self._feed.done else self._marks.written()

    def _finish(self, data: memoryview) -> None:
        """The last bytes of the scan. At the end marker the decoder invents what is missing."""
        marker = max(0, len(data) - len(_END_MARKER))
        self._feed.feed(data[:marker])
        rows, height = self._marks.written(), self._canvas.image.height
        self._feed.feed(data[marker:])
        self._scan = None
        is_early = rows < height - _rows_held(self._canvas.image.width)
        self.is_whole = self._feed.done and not is_early
        self.rows_ready = rows if is_early or not self._feed.done else height

    def _tidy(self, image: Image.Image, factor: int) -> None:
        self._marks.blank(image, self.rows_ready, factor)


class _Buffered(FormatDecoder):
    """Several scans: rows are final when all of them came."""

    incremental = False

    def __init__(self, head: bytes, limits: Limits) -> None:
        super().__init__()
        self._head = head
        self._limits = limits
        self._canvas = Canvas(_opened(head, limits))
        self.image = self._canvas.image
        self._scan: JpegScan | None = JpegScan()
        self._spool = Spool(limits.max_spool_bytes, "max_bytes")

    def feed(self, data: memoryview) -> None:
        if self._scan is None:
            return
        end = self._scan.end_in(data)
        self._spool.append(data[:end])
        if end is not None:
            self._scan = None

    def end(self) -> None:
        if self._scan is None:
            self.is_whole = self._decode_into(self._canvas, b"")
            self.rows_ready = self._canvas.image.height if self.is_whole else 0
            self._spool.close()

    def partial(self) -> Image.Image:
        self._decode_into(self._canvas, _END_MARKER)
        return self._canvas.image

    def preview(self, box: tuple[int, int] | None) -> Image.Image:
        if self.is_whole:
            return self._canvas.image.copy()
        opened = opened_header(JpegImagePlugin.JpegImageFile, io.BytesIO(self._head), self._limits)
        if box is not None:
            opened.draft(None, fitted(opened.size, box))
        canvas = Canvas(opened)
        self._decode_into(canvas, _END_MARKER)
        return canvas.image

    def close(self) -> None:
        self._spool.close()

    def _decode_into(self, canvas: Canvas, tail: bytes) -> bool:
        feed = canvas.feed()
        try:
            feed.feed(self._head)
            for piece in self._spool.pieces():
                check_wanted()
                feed.feed(piece)
            feed.feed(tail)
            return feed.done
        finally:
            feed.close()
