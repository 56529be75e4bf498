"""How the bytes of a decompressed PNG are laid out: rows, and the seven passes of Adam7.

Counting bytes tells exactly how much of the picture is there. Pure arithmetic.
https://www.w3.org/TR/png-3/#8InterlaceMethods is the rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from storage_stream.media.errors import UnidentifiedImage

__all__ = ["PngLayout"]

_CHANNELS: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
# Each pass: first column, first row, columns between two, rows between two.
_PASSES: Final = (
    (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
    (0, 1, 1, 2),
)  # fmt: skip
# What is known of the whole picture after each pass: one pixel of every so many columns, rows.
_GRIDS: Final = ((8, 8), (4, 8), (4, 4), (2, 4), (2, 2), (1, 2), (1, 1))


@dataclass(frozen=True, slots=True)
class PngLayout:
    """The layout of one picture.

    Attributes:
        width: In pixels.
        height: In rows.
        bits: Bits of a pixel.
        interlaced: Whether it comes in seven passes.
    """

    width: int
    height: int
    bits: int
    interlaced: bool

    @classmethod
    def of(cls, header: bytes) -> PngLayout:
        """The layout that the data of an IHDR chunk announces.

        Raises:
            UnidentifiedImage: The colour type does not exist.
        """
        channels = _CHANNELS.get(header[9])
        if channels is None:
            raise UnidentifiedImage(f"a PNG header with the colour type {header[9]}")
        width, height = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big")
        return cls(width, height, channels * header[8], header[12] == 1)

    @property
    def size(self) -> int:
        """Bytes of the whole picture, decompressed."""
        if self.interlaced:
            return self._pass_ends()[-1]
        return self.height * self._row_bytes(self.width)

    def rows_ready(self, done: int) -> int:
        """How many rows from the top are final after so many bytes."""
        if not self.interlaced:
            return min(self.height, done // self._row_bytes(self.width))
        ends = self._pass_ends()
        if done >= ends[-1]:
            return self.height
        if done < ends[-2]:
            return 0
        # The last pass brings every second row; those between them are there.
        return min(self.height, 2 * ((done - ends[-2]) // self._row_bytes(self.width)) + 1)

    def grid(self, done: int) -> tuple[int, int] | None:
        """Of an interlaced picture: every how many columns and rows a pixel is known."""
        known = [grid for grid, end in zip(_GRIDS, self._pass_ends(), strict=True) if done >= end]
        return known[-1] if known else None

    def _row_bytes(self, width: int) -> int:
        return 1 + (width * self.bits + 7) // 8  # the filter's number is in front

    def _pass_ends(self) -> list[int]:
        total = 0
        ends: list[int] = []
        for left, top, columns, rows in _PASSES:
            width = -(-(self.width - left) // columns)
            height = -(-(self.height - top) // rows)
            if width > 0 and height > 0:
                total += height * self._row_bytes(width)
            ends.append(total)
        return ends
