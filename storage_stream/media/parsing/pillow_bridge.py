"""Pillow, and every name of it that its documentation does not promise to keep.

Why there is such a place: fed directly, Pillow's decoders are incremental; through `Image.open`
they are not (https://pillow.readthedocs.io/en/stable/reference/ImageFile.html says what its own
parser does). A version in which one of these names moved shows here, in `missing_names`, and in
no decoder. Nothing here knows a format, and no process-wide setting of Pillow's is read or set.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final

from storage_stream.media.errors import DamagedImage, ExtraMissing

try:
    from PIL import Image, ImageFile
except ImportError as missing:  # pragma: no cover - the extra is installed where we test
    raise ExtraMissing("parsing pictures needs Pillow: install storage-stream[pillow]") from missing

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["Canvas", "Image", "ImageFile", "PixelFeed", "missing_names", "plain_image"]

_CODEC_ERRORS: Final = {
    -1: "it has more data than pixels",
    -2: "its data is broken",
    -3: "its data is of an unknown kind",
    -8: "its header asks for what cannot be decoded",
}
_OUT_OF_MEMORY: Final = -9  # the codes are those of PIL.ImageFile.ERRORS


def missing_names() -> list[str]:
    """What this version of Pillow lacks of what the decoders stand on; empty when all is well."""
    needed: tuple[tuple[Any, str], ...] = (
        (Image, "_getdecoder"),
        (Image.Image, "_new"),
        (Image, "OPEN"),
        (ImageFile.ImageFile, "load_prepare"),
        *(
            (vars(Image)["core"], f"{name}_decoder")
            for name in ("jpeg", "zip", "gif", "raw", "tga_rle")
        ),
    )
    return [name for owner, name in needed if not hasattr(owner, name)]


def plain_image(opened: ImageFile.ImageFile) -> Image.Image:
    """A picture that shares the pixels of an opened file, and knows its format and its metadata.

    The file object itself is not given away: its `seek` and `load` would ask for bytes that are
    gone.
    """
    image = opened._new(opened.im)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - see above
    image.format = opened.format
    return image


class Canvas:
    """The memory of a picture whose header was read; its pixels come one piece after another.

    Raises:
        DamagedImage: The header asks for what cannot be.

    Attributes:
        image: The picture, as far as it is decoded.
        box: Which part of it the data fills: left, upper, right, lower, in pixels.
    """

    def __init__(self, opened: ImageFile.ImageFile) -> None:
        # The header alone was opened, so the tile list is what the plugin understood of it.
        self._codec, box, _, self._arguments = opened.tile[0]
        with _as_damage("there is no memory like its header asks for"):
            opened.load_prepare()
        self._configuration = opened.decoderconfig
        self.image = plain_image(opened)
        self.box: tuple[int, int, int, int] = box or (0, 0, *opened.size)

    def feed(self) -> PixelFeed:
        """A decoder at the beginning of the picture's data.

        Raises:
            DamagedImage: The header asks for what no decoder does.
        """
        make = Image._getdecoder  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - see above
        with _as_damage("there is no decoder for what its header says"):
            decoder = make(self.image.mode, self._codec, self._arguments, self._configuration)
            decoder.setimage(self.image.im, self.box)
        return PixelFeed(decoder)


@contextlib.contextmanager
def _as_damage(what: str) -> Generator[None, None, None]:
    """Pillow's C code raises what its checks came upon; the message is for people."""
    try:
        yield
    except (ValueError, TypeError, OSError, SystemError, OverflowError) as error:
        raise DamagedImage(f"the picture cannot be decoded: {what}: {error}") from error


class PixelFeed:
    """One of Pillow's decoders in C: compressed bytes in, pixels into the canvas.

    Attributes:
        done: Every pixel was decoded; what is fed afterwards is ignored.
    """

    def __init__(self, decoder: Any) -> None:
        self._decoder = decoder
        self._rest = b""  # what the decoder wants to see again, with more behind it
        self.done = False

    def feed(self, data: bytes | memoryview) -> None:
        """Decode what can be decoded; without the GIL, as Pillow does.

        Raises:
            DamagedImage: The data cannot be decoded.
            MemoryError: The decoder did not get the memory it needs.
        """
        if self.done:
            return
        piece = b"".join((self._rest, data)) if self._rest else bytes(data)
        consumed, code = self._decoder.decode(piece)
        if consumed >= 0:
            self._rest = piece[consumed:]
            return
        self.close()
        if code == _OUT_OF_MEMORY:
            raise MemoryError("no memory for the decoder of a picture")
        if code < 0:
            reason = _CODEC_ERRORS.get(code, f"its decoder says {code}")
            raise DamagedImage(f"the picture cannot be decoded: {reason}")
        self.done = True

    def close(self) -> None:
        """Give back the decoder's memory; the canvas stays."""
        self._rest = b""
        with contextlib.suppress(AttributeError):
            self._decoder.cleanup()
            del self._decoder
