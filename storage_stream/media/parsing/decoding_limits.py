"""What a picture may cost that is parsed. Pure: it is given before there is a decoder."""

from __future__ import annotations

from dataclasses import dataclass

from storage_stream.media.errors import ImageTooLarge

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a picture may cost, and how large it is wanted.

    Attributes:
        max_pixels: Width times height.
        max_header_bytes: Bytes in front of the pixels.
        max_spool_bytes: Bytes that are kept of a format that is decoded at the end.
        target_size: A box, in pixels; where the format can be decoded smaller it is, but never
            smaller than fits into the box.
    """

    max_pixels: int
    max_header_bytes: int
    max_spool_bytes: int
    target_size: tuple[int, int] | None = None

    def check(self, width: int, height: int) -> None:
        """Refuse a picture before there is memory for it.

        Raises:
            ImageTooLarge: It has more pixels than are allowed.
        """
        if width * height > self.max_pixels:
            raise ImageTooLarge(width, height, self.max_pixels)
