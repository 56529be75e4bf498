"""How much memory a picture needs before it is decoded, and the limits on that. Pure.

A file of a hundred bytes can announce 3600 megapixels. Its header is believed as far as this: what
it announces is refused here before a decoder allocates it. That memory does not depend on the
size is true of some formats only: measured with libvips, 201 megapixels of baseline JPEG, PNG or
TIFF take 36 to 137 MB, of progressive JPEG 612 MB, and 50 of AVIF take 755 MB.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage_stream.errors import InvalidArgument
from storage_stream.media.errors import ImageTooLarge

if TYPE_CHECKING:
    from storage_stream.media.headers import ImageInfo

__all__ = [
    "MAX_MEMORY_PIXELS",
    "MAX_PIXELS",
    "MAX_STREAMED_PIXELS",
    "MemoryClass",
    "PixelLimits",
    "check_memory",
    "check_pixels",
    "memory_class",
    "memory_pixels",
]

MAX_MEMORY_PIXELS = 100_000_000
"""Pixels that may be in memory at once: 300 to 400 MB for most formats."""
MAX_PIXELS = 256_000_000
"""Pixels that a picture may have which is decoded whole: 768 MB in RGB."""
MAX_STREAMED_PIXELS = 1_000_000_000
"""Pixels that a picture may have which comes row by row: about a second of computing. A JPEG of
600 bytes that announces 65500 x 65500 takes 1 to 5, and hardly any memory."""
_ROWS_AT_ONCE = 256  # what decoders and their threads hold of a picture that comes row by row
_BY_ROWS = frozenset({"JPEG", "PNG", "TIFF"})


class MemoryClass(enum.Enum):
    """What a decoder holds of a picture."""

    ROWS = "some rows at a time"
    WHOLE = "all of it"


def memory_class(info: ImageInfo, *, random_access: bool = False) -> MemoryClass:
    """What decoding it takes.

    Args:
        info: Its header.
        random_access: Whether rows are needed in another order than they are stored in.
    """
    by_rows = info.format in _BY_ROWS and not (info.progressive or info.interlaced)
    # Tiles are read where they are wanted, in whatever order that is.
    in_order = not random_access or info.tiled
    return MemoryClass.ROWS if by_rows and in_order else MemoryClass.WHOLE


def memory_pixels(info: ImageInfo, *, random_access: bool = False) -> int:
    """How many pixels are in memory at once while it is decoded, about.

    Args:
        info: Its header.
        random_access: Whether rows are needed in another order than they are stored in.
    """
    if memory_class(info, random_access=random_access) is MemoryClass.WHOLE:
        return info.pixels
    return info.width * min(info.height, _ROWS_AT_ONCE)


def check_memory(
    info: ImageInfo,
    max_memory_pixels: int | None = MAX_MEMORY_PIXELS,
    *,
    random_access: bool = False,
    subject: str | None = None,
) -> None:
    """Refuse a picture that takes too much memory to decode.

    Args:
        info: Its header.
        max_memory_pixels: Pixels that may be in memory at once; None for no limit.
        random_access: Whether rows are needed in another order than they are stored in.
        subject: The object's `gs://` name, for the error.

    Raises:
        ImageTooLarge: It has more.
        InvalidArgument: The limit is less than 1.
    """
    _check_limit("max_memory_pixels", max_memory_pixels)
    needed = memory_pixels(info, random_access=random_access)
    if max_memory_pixels is not None and needed > max_memory_pixels:
        kind = " ".join(word for word in (_adjective(info), info.format) if word)
        why = f"in memory at once, which {kind} needs"
        raise ImageTooLarge(info.width, info.height, max_memory_pixels, why=why, subject=subject)


def check_pixels(
    info: ImageInfo, max_pixels: int | None = MAX_PIXELS, *, subject: str | None = None
) -> None:
    """Refuse a picture that has too many pixels, whatever they take.

    Args:
        info: Its header.
        max_pixels: Pixels that it may have; None for no limit.
        subject: The object's `gs://` name, for the error.

    Raises:
        ImageTooLarge: It has more.
        InvalidArgument: The limit is less than 1.
    """
    _check_limit("max_pixels", max_pixels)
    if max_pixels is not None and info.pixels > max_pixels:
        raise ImageTooLarge(info.width, info.height, max_pixels, subject=subject)


@dataclass(frozen=True, slots=True)
class PixelLimits:
    """What a picture may have that libvips is to read.

    Attributes:
        max_pixels: Pixels in all, which take time; None for no limit.
        max_memory_pixels: Pixels that may be in memory at once; None for no limit.
    """

    max_pixels: int | None = MAX_STREAMED_PIXELS
    max_memory_pixels: int | None = MAX_MEMORY_PIXELS

    def __post_init__(self) -> None:
        """Refuse limits that nothing is within.

        Raises:
            InvalidArgument: One of them is less than 1.
        """
        _check_limit("max_pixels", self.max_pixels)
        _check_limit("max_memory_pixels", self.max_memory_pixels)

    def check(
        self, info: ImageInfo, *, random_access: bool = False, subject: str | None = None
    ) -> None:
        """Refuse a picture by its header.

        Args:
            info: Its header.
            random_access: Whether rows are needed in another order than they are stored in.
            subject: The object's `gs://` name, for the error.

        Raises:
            ImageTooLarge: It is more than one of the limits.
        """
        check_pixels(info, self.max_pixels, subject=subject)
        check_memory(info, self.max_memory_pixels, random_access=random_access, subject=subject)

    def check_unknown(self, width: int, height: int, *, subject: str | None = None) -> None:
        """Refuse a picture of a format of which it is not known what it holds in memory.

        Args:
            width: Its width in pixels.
            height: Its height in pixels.
            subject: The object's `gs://` name, for the error.

        Raises:
            ImageTooLarge: It is more than one of the limits.
        """
        memory = "in memory at once, which this format may need"
        for limit, why in ((self.max_pixels, ""), (self.max_memory_pixels, memory)):
            if limit is not None and width * height > limit:
                raise ImageTooLarge(width, height, limit, why=why, subject=subject)


def _check_limit(name: str, limit: int | None) -> None:
    if limit is not None and limit < 1:
        raise InvalidArgument(f"{name} takes a number of pixels, not {limit}")


def _adjective(info: ImageInfo) -> str:
    return "progressive" if info.progressive else "interlaced" if info.interlaced else ""
