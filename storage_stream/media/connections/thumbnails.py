"""Pictures made small, in a worker thread: what is checked before, and what an error then means."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

from storage_stream.errors import InvalidArgument
from storage_stream.media.connections import vips
from storage_stream.media.errors import (
    DamagedImage,
    MediaError,
    UnidentifiedImage,
    UnsupportedFormat,
)
from storage_stream.media.probing import probe_file

if TYPE_CHECKING:
    from storage_stream.media.bridge.run import Run
    from storage_stream.media.connections.inputs.opening import Opened
    from storage_stream.media.headers import ImageInfo
    from storage_stream.media.limits import PixelLimits

__all__ = ["Thumbnail", "checked_source", "will_read_all"]

_READ_WHOLE = frozenset({"JPEG", "PNG", "GIF", "WEBP", "AVIF", "HEIF"})

_LONGEST_SIDE = 10_000_000  # VIPS_MAX_COORD, of all coordinates in libvips

# As an option of the loader: libvips 8.18 takes `fail_on` of a thumbnail, and does not pass it on.
_WHOLE_OR_NOTHING = "[fail_on=error]"


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """What is wanted.

    Attributes:
        width: Pixels of the box that it has to fit in, 1 to 10 million.
        height: The same; None for as many as `width`.
        suffix: The format, as libvips spells it.
        save: Options of its saver.
        limits: What it may have.
        untrusted: Whether loaders are used, too, that are not for files of strangers.
    """

    width: int
    height: int | None
    suffix: str
    limits: PixelLimits
    untrusted: bool = False
    save: dict[str, Any] = field(default_factory=dict[str, Any])

    def __post_init__(self) -> None:
        """Refuse a box that cannot be; libvips would take it for another.

        Raises:
            InvalidArgument: A side of it has no pixel, or more than libvips counts.
        """
        for side in (self.width, self.height):
            if side is not None and not 0 < side <= _LONGEST_SIDE:
                raise InvalidArgument(f"a thumbnail is 1 to {_LONGEST_SIDE} pixels wide and high")

    def make(self, run: Run, opened: Opened) -> bytes:
        """The picture's file; in the worker of a run.

        Raises:
            UnidentifiedImage: It is no picture.
            ImageTooLarge: It is more than the limits; no pixel was read.
            DamagedImage: It cannot be decoded.
            UnsupportedFormat: libvips cannot write it so.
        """
        library = vips.pyvips()
        source = checked_source(run, opened, self.limits, untrusted=self.untrusted)
        box = {} if self.height is None else {"height": self.height}
        try:
            image = library.Image.thumbnail_source(
                source, self.width, option_string=_WHOLE_OR_NOTHING, **box
            )
            run.watch(image)
            image = image.copy_memory()  # so that an error of the saver is no damage of the source
        except library.Error as error:
            raise DamagedImage("it cannot be decoded", subject=run.subject) from error
        return self._saved(image)

    def _saved(self, image: Any) -> bytes:
        try:
            made: bytes = image.write_to_buffer(self.suffix, **self.save)
        except vips.pyvips().Error as error:
            why = " ".join(str(error).split())
            raise UnsupportedFormat(f"it cannot be written as {self.suffix!r}: {why}") from error
        return made


def will_read_all(beginning: bytes, limits: PixelLimits) -> bool:
    """Whether a file that begins so will be read whole, from front to back.

    Not of what has levels or tiles, nor of what will be refused, or looks strange.
    """
    try:
        info = probe_file(lambda start, length: beginning[start : start + length])
        limits.check(info)
    except MediaError:
        return False
    return info.format in _READ_WHOLE


def checked_source(
    run: Run,
    opened: Opened,
    limits: PixelLimits,
    *,
    random_access: bool = False,
    untrusted: bool,
) -> Any:
    """A `pyvips.Source` of what is a picture, and not too large a one.

    Raises:
        UnidentifiedImage: It is no picture, or one that only an untrusted loader reads.
        ImageTooLarge: It is more than the limits; no pixel was read.
    """
    info = _header(opened.file())
    if info is not None:
        limits.check(info, random_access=random_access, subject=run.subject)
    source = opened.source()
    loader = vips.loader_of(source)
    if loader is None:
        raise UnidentifiedImage("libvips knows no picture that begins so", subject=run.subject)
    if not untrusted and vips.is_untrusted(loader):
        why = f"{loader} is not for files of strangers; untrusted=True has it used"
        raise UnidentifiedImage(why, subject=run.subject)
    if info is None and (limits.max_pixels or limits.max_memory_pixels):
        image = vips.pyvips().Image.new_from_source(source, "", fail_on="error")
        limits.check_unknown(image.width, image.height, subject=run.subject)
    return source


def _header(file: BinaryIO) -> ImageInfo | None:
    """Its header, where it can be read here, without asking libvips, which reads a WebP whole."""
    if not file.seekable():
        return None

    def read_range(start: int, length: int) -> bytes:
        file.seek(start)
        return file.read(length)

    try:
        return probe_file(read_range)
    except UnidentifiedImage:  # libvips knows more formats
        return None
    finally:
        file.seek(0)
