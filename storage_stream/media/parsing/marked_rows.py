"""How many rows a decoder has written that does not tell.

Pillow's decoders of JPEG, GIF and run-length TGA keep their row number to themselves. So every row
is marked before it is decoded, with random pixels at its beginning: a row is written when its mark
is gone. A picture can equal its marks only by chance: one in 2^64 for a grey row, and a row of
fewer than eight pixels is told late at worst, never too early.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from storage_stream.media.parsing.pillow_bridge import Image

if TYPE_CHECKING:
    from storage_stream.media.parsing.pillow_bridge import Canvas

__all__ = ["MarkedRows"]

_MARK_PIXELS = 8


class MarkedRows:
    """The marks in the rows of a canvas that are not written yet.

    Args:
        canvas: A picture that nothing was decoded into.
        bottom_up: Whether its decoder begins with the lowest row.
    """

    def __init__(self, canvas: Canvas, *, bottom_up: bool = False) -> None:
        self._image = canvas.image
        self._left, self._top, self._right, self._bottom = canvas.box
        self._bottom_up = bottom_up
        self._width = min(_MARK_PIXELS, self._right - self._left)
        self._height = self._bottom - self._top
        self._blank = self._image.getpixel((self._left, self._top))
        self._marks = self._marked()
        self._written = 0

    def written(self) -> int:
        """How many rows were written to, counted from the first that is decoded.

        The search goes on from the last answer in steps that double: few rows are looked at.
        """
        step, low, high = 1, self._written, self._height
        while low + step <= high and not self._is_marked(low + step - 1):
            low += step
            step *= 2
        high = min(high, low + step - 1)
        while low < high:
            middle = (low + high + 1) // 2
            if self._is_marked(middle - 1):
                high = middle - 1
            else:
                low = middle
        self._written = low
        return low

    def blank(self, image: Image.Image, written: int, factor: int = 1) -> None:
        """Make what is not written what it was before.

        Args:
            image: The canvas's picture, or a smaller copy.
            written: How many rows are kept.
            factor: By what the copy is smaller.
        """
        left, right = self._left // factor, -(-self._right // factor)
        upper, lower = self._top, self._bottom - written
        if not self._bottom_up:
            upper, lower = self._top + written, self._bottom
        upper, lower = upper // factor, -(-lower // factor)
        if upper < lower and self._blank is not None:
            image.paste(self._blank, (left, upper, right, lower))

    def _marked(self) -> Image.Image:
        marks = Image.new(self._image.mode, (self._width, self._height))
        size = len(marks.tobytes())
        marks = Image.frombytes(marks.mode, marks.size, os.urandom(size))
        self._image.im.paste(
            marks.im, (self._left, self._top, self._left + self._width, self._bottom)
        )
        return marks

    def _is_marked(self, number: int) -> bool:
        row = self._height - 1 - number if self._bottom_up else number
        here, mark = self._image.im.getpixel, self._marks.im.getpixel
        return all(
            here((self._left + x, self._top + row)) == mark((x, row)) for x in range(self._width)
        )
