"""GIF: the rows of the first frame as they arrive; the rest only to see that the file is whole.

An interlaced frame has no final row before its last pass, and is shown as it comes.
https://www.w3.org/Graphics/GIF/spec-gif89a.txt is the rule.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from PIL import GifImagePlugin

from storage_stream.media.parsing.decoder import CanvasDecoder, Started, opened_header
from storage_stream.media.parsing.marked_rows import MarkedRows

if TYPE_CHECKING:
    from storage_stream.media.parsing.decoding_limits import Limits
    from storage_stream.media.parsing.pillow_bridge import Image

__all__ = ["GifBlocks", "GifStart"]

_SCREEN_BYTES: Final = 13
_EXTENSION, _FRAME, _TRAILER = 0x21, 0x2C, 0x3B
_FRAME_BYTES: Final = 10
_INTERLACED: Final = 0x40


def _palette_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


class GifStart:
    """Looks for the first frame of a GIF."""

    def __init__(self) -> None:
        self._blocks: GifBlocks | None = None
        self._seen = 0

    def __call__(self, prefix: bytearray, limits: Limits) -> Started | None:
        """See `Header`."""
        if self._blocks is None:
            if len(prefix) < _SCREEN_BYTES:
                return None
            limits.check(*(int.from_bytes(prefix[at : at + 2], "little") for at in (6, 8)))
            self._blocks = GifBlocks(_SCREEN_BYTES + _palette_bytes(prefix[10]))
        self._blocks.feed(bytes(prefix[self._seen :]))
        self._seen = len(prefix)
        start = self._blocks.data_start
        if start is None or start > len(prefix):
            return None
        head = bytes(prefix[:start])
        return Started(_Gif(head, limits, is_interlaced=self._blocks.is_interlaced), start)


class GifBlocks:
    """The blocks of a GIF file, as they arrive: where the first frame's data is, and the end.

    Args:
        at: Where in what is fed the first block begins.
        in_frame: Whether that is inside the data of the first frame.

    Attributes:
        data_start: Where the first frame's data begins, counted from the first byte fed.
        data_end: Where it ends.
        is_interlaced: Whether the first frame is.
        is_ended: The trailer was seen.
    """

    def __init__(self, at: int = 0, *, in_frame: bool = False) -> None:
        self._at = at
        self._fed = 0
        self._carry = b""
        self._in_data = in_frame  # a chain of sub-blocks goes on
        self._is_first = in_frame
        self.data_start: int | None = 0 if in_frame else None
        self.data_end: int | None = None
        self.is_interlaced = False
        self.is_ended = False

    def feed(self, data: bytes | memoryview) -> None:
        """Walk as far as these bytes reach."""
        buffer = b"".join((self._carry, data)) if self._carry else data
        base = self._fed - len(self._carry)
        self._fed += len(data)
        at = self._at - base
        while at < len(buffer) and not self.is_ended:
            after = self._block(buffer, at, base)
            if after is None:
                break
            at = after
        self._at = base + at
        self._carry = bytes(buffer[at:])

    def _block(self, buffer: bytes | memoryview, at: int, base: int) -> int | None:
        """Where the block after the one at `at` begins; None if its head is not there yet."""
        kind = buffer[at]
        if self._in_data:
            if kind == 0:
                self._end_of_data(base + at)
            return at + 1 + kind
        if kind == _FRAME:
            if at + _FRAME_BYTES > len(buffer):
                return None
            return self._frame(buffer[at + _FRAME_BYTES - 1], at, base)
        if kind == _EXTENSION:
            self._in_data = True
            return at + 2
        self.is_ended = kind == _TRAILER
        return at + 1  # decoders step over what no block begins with

    def _frame(self, flags: int, at: int, base: int) -> int:
        start = at + _FRAME_BYTES + _palette_bytes(flags) + 1  # the code size is in front
        self._in_data = True
        if self.data_start is None:
            self._is_first = True
            self.data_start = base + start
            self.is_interlaced = bool(flags & _INTERLACED)
        return start

    def _end_of_data(self, at: int) -> None:
        self._in_data = False
        if self._is_first:
            self._is_first = False
            self.data_end = at


class _Gif(CanvasDecoder):
    def __init__(self, head: bytes, limits: Limits, *, is_interlaced: bool) -> None:
        super().__init__(opened_header(GifImagePlugin.GifImageFile, io.BytesIO(head), limits))
        self._blocks = GifBlocks(in_frame=True)
        self._fed = 0
        self.incremental = not is_interlaced
        self._marks: MarkedRows | None = None
        if not is_interlaced:
            self._marks = MarkedRows(self._canvas)

    def feed(self, data: memoryview) -> None:
        if self._blocks.is_ended:
            return
        self._blocks.feed(data)
        end = self._blocks.data_end
        self._feed.feed(data if end is None else data[: max(0, end - self._fed)])
        self._fed += len(data)
        self.rows_ready = self._final_rows()
        self.is_whole = self._feed.done and self._blocks.is_ended

    def _final_rows(self) -> int:
        """A row is written pixel by pixel: it is final when the next one was begun."""
        if self._feed.done:
            return self._canvas.image.height
        if self._marks is None:
            return 0
        written = max(0, self._marks.written() - 1)
        return written + self._canvas.box[1] if written else 0

    def _tidy(self, image: Image.Image, factor: int) -> None:
        if self._marks is not None and not self._feed.done:
            self._marks.blank(image, max(0, self.rows_ready - self._canvas.box[1]), factor)
