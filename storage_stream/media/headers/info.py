"""What the header of a picture says, whatever its format."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ImageInfo"]

_FIRST_TURNED = 5  # Exif: orientations 5 to 8 exchange width and height


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """A picture as its header describes it; no pixel was looked at.

    Attributes:
        format: `JPEG`, `PNG`, `GIF`, `WEBP`, `TIFF`, `BMP`, `JPEG2000`, `AVIF`, `HEIF`, `PPM`,
            `TGA` or `QOI`.
        width: Pixels of a row, as they are stored: before `orientation` is applied.
        height: Rows, as they are stored.
        mode: The colours as Pillow names them: `1`, `L`, `LA`, `P`, `RGB`, `RGBA`, `CMYK`, …
        mime: The MIME type.
        orientation: 1 to 8 as Exif counts them, 1 for upright; of HEIF and AVIF it is what their
            own rotation and mirror amount to.
        bits: Bits of one sample, or None where that would cost a request.
        frames: Pictures that are shown one after the other, or None where only the whole file
            would tell.
        pages: Pictures beside each other in one file, or None where only the whole file would
            tell.
        animated: Whether it has more than one frame, or None where only the whole file would
            tell.
        progressive: Whether it is a progressive JPEG.
        interlaced: Whether it is an interlaced PNG or GIF.
        tiled: Whether it is stored in tiles, so that parts can be read by themselves.
        has_icc: Whether a colour profile is embedded.
        bytes_read: Bytes that were fetched to learn this.
        requests: How many ranges they came in.
    """

    format: str
    width: int
    height: int
    mode: str
    mime: str
    orientation: int = 1
    bits: int | None = 8
    frames: int | None = 1
    pages: int | None = 1
    animated: bool | None = False
    progressive: bool = False
    interlaced: bool = False
    tiled: bool = False
    has_icc: bool = False
    bytes_read: int = 0
    requests: int = 0

    @property
    def oriented_size(self) -> tuple[int, int]:
        """Width and height as they are seen, with `orientation` applied."""
        if self.orientation >= _FIRST_TURNED:
            return self.height, self.width
        return self.width, self.height

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self.width * self.height
