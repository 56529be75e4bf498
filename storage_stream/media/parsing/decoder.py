"""What the decoders of all formats have in common.

A decoder begins where its header was understood. It is fed the bytes behind the header, tells how
many rows of the picture are final, and judges at the end whether the picture is whole. It knows
neither tasks nor callbacks.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from storage_stream.media.errors import UnidentifiedImage
from storage_stream.media.parsing.pillow_bridge import Canvas, Image

if TYPE_CHECKING:
    from collections.abc import Callable

    from storage_stream.media.headers import ImageInfo
    from storage_stream.media.parsing.decoding_limits import Limits
    from storage_stream.media.parsing.pillow_bridge import ImageFile, PixelFeed

__all__ = [
    "CanvasDecoder",
    "FormatDecoder",
    "Header",
    "Started",
    "opened_header",
    "reduction",
    "shrunk",
]

_AVERAGED = frozenset({"L", "LA", "RGB", "RGBA", "CMYK"})  # elsewhere averages mean nothing


class FormatDecoder(ABC):
    """A picture of one format, from the end of its header on.

    Attributes:
        incremental: Whether rows become final while bytes arrive.
        bottom_up: Whether the lowest row comes first.
        image: The picture, as far as it is decoded; None before there is one.
        rows_ready: How many rows of it are final.
        is_whole: Every row is final, and so is what ends a file of this format.
        info: The header, where it was known only at the end.
    """

    incremental = True
    bottom_up = False

    def __init__(self) -> None:
        self.image: Image.Image | None = None
        self.rows_ready = 0
        self.is_whole = False
        self.info: ImageInfo | None = None

    @abstractmethod
    def feed(self, data: memoryview) -> None:
        """Decode what these bytes bring, in time proportional to them.

        Raises:
            DamagedImage: They cannot be decoded.
        """

    def end(self) -> None:  # noqa: B027 - most formats have nothing left to do
        """No more bytes come: decode what waited for the end.

        Raises:
            DamagedImage: It cannot be decoded.
        """

    def partial(self) -> Image.Image | None:
        """The picture of a file that ended early; what is missing is blank."""
        return self.image

    def preview(self, box: tuple[int, int] | None) -> Image.Image | None:  # noqa: ARG002
        """A picture of its own of what has arrived, not smaller than fits into `box`."""
        return None

    def close(self) -> None:  # noqa: B027 - some hold nothing
        """Give back what a decoder holds; `image` stays."""


@dataclass(frozen=True, slots=True)
class Started:
    """A header was understood.

    Attributes:
        decoder: Takes the rest.
        offset: Where in the file the rest begins.
    """

    decoder: FormatDecoder
    offset: int


class Header(Protocol):
    """Looks for the end of a format's header in the beginning of a file."""

    def __call__(self, prefix: bytearray, limits: Limits) -> Started | None:
        """What `prefix` starts, or None if more of the file is needed.

        Each call gets all the bytes of the last one and more behind them.

        Raises:
            UnidentifiedImage: It is no header of this format.
            ImageTooLarge: The picture is larger than allowed.
        """


def opened_header(
    plugin: Callable[..., ImageFile.ImageFile], file: object, limits: Limits
) -> ImageFile.ImageFile:
    """A header, as Pillow understands it; no pixel has memory yet.

    `Image.open` is not asked: it compares with a limit of the whole process, and warns.

    Raises:
        UnidentifiedImage: Pillow cannot read it.
        ImageTooLarge: It has more pixels than are allowed.
    """
    try:
        opened = plugin(file, "")
    except MemoryError:
        raise
    except Exception as error:  # Pillow's plugins raise whatever their parsing came upon
        raise UnidentifiedImage(f"the header cannot be read: {error}") from error
    limits.check(*opened.size)
    return opened


class CanvasDecoder(FormatDecoder):
    """A decoder that fills the memory of its picture while bytes arrive."""

    def __init__(self, opened: ImageFile.ImageFile) -> None:
        super().__init__()
        self._canvas = Canvas(opened)
        self._feed: PixelFeed = self._canvas.feed()
        self.image = self._canvas.image

    def partial(self) -> Image.Image:
        """See `FormatDecoder`."""
        self._tidy(self._canvas.image, 1)
        return self._canvas.image

    def preview(self, box: tuple[int, int] | None) -> Image.Image:
        """See `FormatDecoder`."""
        factor = reduction(self._canvas.image.size, box)
        copy = shrunk(self._canvas.image, factor)
        self._tidy(copy, factor)
        return copy

    def close(self) -> None:
        """See `FormatDecoder`."""
        self._feed.close()

    def _tidy(self, image: Image.Image, factor: int) -> None:
        """Blank what is not final in the picture, or in a copy of it that is `factor` smaller."""


def shrunk(image: Image.Image, factor: int) -> Image.Image:
    """A copy that is smaller by a whole number."""
    if factor == 1:
        return image.copy()
    if image.mode in _AVERAGED:
        return image.reduce(factor)
    width, height = image.size
    size = (-(-width // factor), -(-height // factor))
    return image.resize(size, Image.Resampling.NEAREST)


def reduction(size: tuple[int, int], box: tuple[int, int] | None) -> int:
    """By what a picture can be divided and is still not smaller than fits into the box."""
    return 1 if box is None else max(1, size[0] // box[0], size[1] // box[1])
