"""Formats that only a whole file can be decoded of: kept, and decoded at the end.

WebP, AVIF, JPEG 2000 and QOI have no decoder in Pillow that takes pieces, and a TIFF has its
directory anywhere. The bytes are kept (`Spool`); whether the file is whole is judged by its own
lengths, because some of these decoders give a picture for half a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage_stream.media.errors import DamagedImage, ImageTooLarge, UnidentifiedImage
from storage_stream.media.parsing.decoder import FormatDecoder, opened_header, reduction, shrunk
from storage_stream.media.parsing.pillow_bridge import Image, plain_image
from storage_stream.media.parsing.wholeness import is_cut
from storage_stream.media.probing import probe_file
from storage_stream.media.spool import Spool

if TYPE_CHECKING:
    from storage_stream.media.headers import ImageInfo
    from storage_stream.media.parsing.decoding_limits import Limits
    from storage_stream.media.parsing.pillow_bridge import ImageFile

__all__ = ["Spooled"]


class Spooled(FormatDecoder):
    """A picture that is there when its last byte is.

    Args:
        name: The format, as Pillow names it.
        limits: What it may cost.

    Raises:
        UnidentifiedImage: This Pillow does not read the format.
    """

    incremental = False

    def __init__(self, name: str, limits: Limits) -> None:
        super().__init__()
        self._name = name
        self._plugin = _plugin(name)
        self._limits = limits
        self._spool = Spool(limits.max_spool_bytes, "max_bytes")

    def feed(self, data: memoryview) -> None:
        """See `FormatDecoder`."""
        self._spool.append(data)

    def end(self) -> None:
        """See `FormatDecoder`."""
        if is_cut(self._name, self._spool.file, self._spool.size):
            return
        self.info = probe_file(self._range, size=self._spool.size, max_bytes=self._spool.size)
        self._limits.check(self.info.width, self.info.height)
        image = self._decoded(self.info)
        self.image = image
        self.rows_ready = image.height
        self.is_whole = True

    def preview(self, box: tuple[int, int] | None) -> Image.Image | None:
        """See `FormatDecoder`."""
        return None if self.image is None else shrunk(self.image, reduction(self.image.size, box))

    def close(self) -> None:
        """See `FormatDecoder`."""
        self._spool.close()

    def _range(self, start: int, length: int) -> bytes:
        file = self._spool.file
        file.seek(start)
        return file.read(length)

    def _decoded(self, info: ImageInfo) -> Image.Image:
        try:
            opened = opened_header(self._plugin, self._spool.file, self._limits)
        except UnidentifiedImage as error:
            if not isinstance(error.__cause__, Image.DecompressionBombError):
                raise
            most = 2 * (Image.MAX_IMAGE_PIXELS or 0)  # what the WebP plugin compares with
            why = "by PIL.Image.MAX_IMAGE_PIXELS"
            raise ImageTooLarge(info.width, info.height, most, why=why) from error
        try:
            opened.load()
            return _plain(opened)
        except MemoryError:
            raise
        except Exception as error:  # Pillow's decoders raise whatever their data led them to
            raise DamagedImage(f"the {self._name} cannot be decoded: {error}") from error


def _plain(opened: ImageFile.ImageFile) -> Image.Image:
    image = plain_image(opened)
    if "exif" not in image.info:  # a TIFF's tags are those of the file object
        image.getexif().update(opened.getexif())
    opened.fp = None  # the spool is closed by its owner
    return image


def _plugin(name: str) -> type[ImageFile.ImageFile]:
    """What Pillow reads this format with.

    Raises:
        UnidentifiedImage: This Pillow was built without it.
    """
    if name not in Image.OPEN:
        Image.init()
    found = Image.OPEN.get(name)
    if found is None:
        raise UnidentifiedImage(f"this Pillow does not read {name}")
    return found[0]  # type: ignore[return-value]  # some are functions that give such
