"""`StreamParser`: a picture from bytes that come in pieces, in time proportional to them.

It hands the bytes on, first to whoever finds the header, then to the format's decoder, and tells
what came of it. It knows no format, no thread and no network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, Unpack

from storage_stream.errors import InvalidArgument
from storage_stream.media.errors import (
    ExtraMissing,
    ParserClosed,
    TruncatedImage,
    UnidentifiedImage,
)
from storage_stream.media.headers import HeaderReader
from storage_stream.media.limits import MAX_PIXELS
from storage_stream.media.parsing.decoding_limits import Limits

_extra_missing: ExtraMissing | None = None
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType
    from typing import Self

    from storage_stream.media.headers import ImageInfo
    from storage_stream.media.parsing import starting
    from storage_stream.media.parsing.decoder import FormatDecoder, Header
    from storage_stream.media.parsing.pillow_bridge import Image
else:
    try:
        from storage_stream.media.parsing import starting
    except ExtraMissing as missing:  # told by who makes a parser: its name is there without Pillow
        _extra_missing = missing

__all__ = ["ParserKeywords", "StreamParser"]

_PIECE_BYTES = 64 * 1024  # what is decoded before rows are told
_LEAST_BYTES = 1024  # smaller pieces wait for each other: a call of a decoder has its price
_MAX_HEADER_BYTES = 1 << 20
_MAX_BYTES = 1 << 30


class ParserKeywords(TypedDict, total=False):
    """What a `StreamParser` can be told.

    Attributes:
        target_size: A box in pixels (a number means a square) for which a smaller picture will
            do: a JPEG is then decoded at 1/2, 1/4 or 1/8, never smaller than it fits into the
            box. None, the default, and other formats: the stored size.
            Rows are counted as they are decoded.
        max_pixels: Width times height that a picture may have; 256 million by default.
        max_header: Bytes that may stand in front of the pixels; 1 MiB by default.
        max_bytes: Bytes that are kept of a format that is decoded at the end, 1 GiB by default;
            those behind 8 MiB stand in a temporary file.
        allow_truncated: Whether `close` gives what there is of a picture that was cut, instead of
            raising.
        on_header: Called once, with the header.
        on_rows: Called with the picture and a range of rows, upper and lower, that became final.
    """

    target_size: int | tuple[int, int] | None
    max_pixels: int
    max_header: int
    max_bytes: int
    allow_truncated: bool
    on_header: Callable[[ImageInfo], object] | None
    on_rows: Callable[[Image.Image, int, int], object] | None


class StreamParser:
    """A picture from bytes as they arrive: feed them, then close.

        parser = StreamParser()
        async for chunk in stream:
            parser.feed(chunk)
        image = parser.close()

    JPEG, PNG, BMP, PPM, TGA and the first frame of a GIF are decoded while they arrive: rows
    become final as their bytes come (the lowest first in most BMP and TGA files). A progressive
    JPEG and an interlaced PNG are final at the end, with a `preview` that gets better. WebP, AVIF,
    JPEG 2000, QOI and TIFF are kept, up to 8 MiB in memory, and decoded by `close`.

    A picture that was cut never passes for a whole one, whatever Pillow's process-wide
    `LOAD_TRUNCATED_IMAGES` says; that flag is not touched. BMP, PPM and TGA have no mark at their
    end: they are whole when all rows are there.

    It is not to be used by two threads at once. Decoding takes time: on an event loop, use
    `parse_object`, or feed in a thread.

    Args:
        **options: See `ParserKeywords`.

    Attributes:
        info: The header, as soon as it is known; of a WebP the orientation may follow later.
        truncated: The picture that `close` gave is not whole.

    Raises:
        InvalidArgument: A limit or a size is less than 1.
        ExtraMissing: Pillow is not installed.
    """

    def __init__(self, **options: Unpack[ParserKeywords]) -> None:
        if _extra_missing is not None:
            raise ExtraMissing(str(_extra_missing)) from _extra_missing
        unknown = options.keys() - ParserKeywords.__annotations__.keys()
        if unknown:
            raise TypeError(f"StreamParser() has no argument {min(unknown)!r}")
        self._limits = _limits(options)
        self._allow_truncated = options.get("allow_truncated", False)
        self._on_header = options.get("on_header")
        self._on_rows = options.get("on_rows")
        self._begin()

    @property
    def image(self) -> Image.Image | None:
        """The picture; None before its header, and before the end of a format that is kept.

        Rows that are not final hold anything; `preview` gives a tidy copy.
        """
        return None if self._decoder is None else self._decoder.image

    @property
    def rows_ready(self) -> int:
        """How many rows are final; those of the last kilobyte may be told with the next bytes."""
        return 0 if self._decoder is None else self._decoder.rows_ready

    @property
    def incremental(self) -> bool:
        """Whether rows become final while bytes arrive; False as long as that is not known."""
        return self._decoder is not None and self._decoder.incremental

    @property
    def finished(self) -> bool:
        """Whether the whole picture is there, and the end of its file was seen."""
        return self._decoder is not None and self._decoder.is_whole

    @property
    def bytes_fed(self) -> int:
        """Bytes that were taken so far."""
        return self._fed

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next bytes, as many as there are; what follows the picture is ignored.

        Raises:
            UnidentifiedImage: They are no picture of a format that is read.
            ImageTooLarge: It has too many pixels; none was decoded.
            DamagedImage: It cannot be decoded.
            SpoolTooSmall: It has to be kept, and is longer than `max_bytes`.
            ParserClosed: The parser was closed, or has failed.
        """
        self._check_open()
        view = memoryview(data).cast("B")
        try:
            for piece in self._pieces(view):
                self._take(piece)
        except BaseException:
            self._release()
            raise

    def close(self) -> Image.Image:
        """The picture, when everything was fed.

        Raises:
            TruncatedImage: Bytes are missing, and `allow_truncated` was not given or nothing of
                the picture is there.
            UnidentifiedImage: It is no picture of a format that is read.
            ImageTooLarge: It has too many pixels.
            DamagedImage: It cannot be decoded.
            ParserClosed: It was closed before, or has failed.
        """
        self._check_open()
        try:
            return self._closed()
        finally:
            self._release()

    def preview(self, target_size: int | tuple[int, int] | None = 512) -> Image.Image | None:
        """The best picture of what has arrived, as a copy; blank where nothing came.

        Of a progressive JPEG it is decoded anew, in time proportional to what came.

        Args:
            target_size: A box in pixels; it is not smaller than fits into that. None: full size.

        Returns:
            The picture, or None if there is nothing to be shown yet.

        Raises:
            ParserClosed: The parser was closed, or has failed.
        """
        self._check_open()
        self._flush()
        return None if self._decoder is None else self._decoder.preview(_box(target_size))

    def reset(self) -> None:
        """Forget everything that was fed, at any time; the same parser takes the next picture."""
        self._release()
        self._begin()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give back what is held; the picture of a `close` inside the block stays."""
        self._release()

    def _begin(self) -> None:
        self.info: ImageInfo | None = None
        self.truncated = False
        self._is_open = True
        self._fed = 0
        self._waiting = bytearray()
        self._prefix = bytearray()
        self._reader = HeaderReader(max_bytes=self._limits.max_header_bytes)
        self._header: Header | None = None
        self._decoder: FormatDecoder | None = None
        self._told = 0

    def _check_open(self) -> None:
        if not self._is_open:
            raise ParserClosed("the parser is closed: reset() begins anew")

    def _pieces(self, data: memoryview) -> Iterator[memoryview]:
        self._fed += len(data)
        if self._waiting or len(data) < _LEAST_BYTES:
            missing = _LEAST_BYTES - len(self._waiting)
            self._waiting += data[:missing]
            data = data[missing:]
            if len(self._waiting) < _LEAST_BYTES:
                return
            yield self._waited()
        for start in range(0, len(data), _PIECE_BYTES):
            yield data[start : start + _PIECE_BYTES]

    def _waited(self) -> memoryview:
        waited = memoryview(bytes(self._waiting))
        self._waiting.clear()
        return waited

    def _flush(self) -> None:
        if self._waiting:
            self._take(self._waited())

    def _take(self, piece: memoryview) -> None:
        if not self._reader.is_over:
            self._reader.feed(piece)
            self._tell_header(self._reader.so_far)
        if self._decoder is None:
            self._prefix += piece
            self._start(at_end=False)
        else:
            self._decoder.feed(piece)
        self._tell_rows()

    def _start(self, *, at_end: bool) -> None:
        """Hand over to a decoder, if the header is there."""
        if self._header is None:
            if len(self._prefix) < starting.FIRST_BYTES and not at_end:
                return
            self._header = starting.header_of(bytes(self._prefix[: starting.FIRST_BYTES]))
        started = self._header(self._prefix, self._limits)
        if started is None:
            if len(self._prefix) > self._limits.max_header_bytes:
                raise UnidentifiedImage(
                    f"no pixels begin within {self._limits.max_header_bytes} bytes"
                )
            return
        self._decoder = started.decoder
        rest = memoryview(bytes(self._prefix))[started.offset :]
        self._prefix.clear()
        self._decoder.feed(rest)

    def _closed(self) -> Image.Image:
        self._flush()
        if self._decoder is None:
            self._start(at_end=True)
        decoder = self._decoder
        if decoder is None:
            height = None if self.info is None else self.info.height
            raise TruncatedImage(0, height)
        decoder.end()
        self._tell_header(decoder.info)
        self._tell_rows()
        self._tell_end()
        image = decoder.image if decoder.is_whole else decoder.partial()
        if decoder.is_whole and image is not None:
            return image
        if image is None or not self._allow_truncated:
            stored = None if self.info is None else self.info.height
            raise TruncatedImage(
                decoder.rows_ready, stored if image is None else image.height, image
            )
        self.truncated = True
        return image

    def _tell_header(self, info: ImageInfo | None) -> None:
        is_first = self.info is None
        if info is None or info is self.info:
            return
        self._limits.check(info.width, info.height)
        self.info = info
        if is_first and self._on_header is not None:
            self._on_header(info)

    def _tell_rows(self) -> None:
        decoder = self._decoder
        if decoder is None or decoder.image is None or decoder.rows_ready == self._told:
            return
        upper, lower = self._told, decoder.rows_ready
        self._told = lower
        if decoder.bottom_up:
            height = decoder.image.height
            upper, lower = height - lower, height - upper
        self._rows_came(decoder.image, upper, lower)

    def _rows_came(self, image: Image.Image, upper: int, lower: int) -> None:
        """Rows became final; for subclasses."""
        if self._on_rows is not None:
            self._on_rows(image, upper, lower)

    def _tell_end(self) -> None:
        """No more rows come; for subclasses."""

    def _release(self) -> None:
        self._is_open = False
        self._waiting.clear()
        self._prefix.clear()
        if self._decoder is not None:
            self._decoder.close()


def _limits(options: ParserKeywords) -> Limits:
    limits = Limits(
        max_pixels=options.get("max_pixels", MAX_PIXELS),
        max_header_bytes=options.get("max_header", _MAX_HEADER_BYTES),
        max_spool_bytes=options.get("max_bytes", _MAX_BYTES),
        target_size=_box(options.get("target_size")),
    )
    least = min(limits.max_pixels, limits.max_header_bytes, limits.max_spool_bytes)
    if least < 1:
        raise InvalidArgument(f"a limit of a parser is at least 1, not {least}")
    return limits


def _box(size: int | tuple[int, int] | None) -> tuple[int, int] | None:
    if size is None:
        return None
    box = (size, size) if isinstance(size, int) else size
    if min(box) < 1:
        raise InvalidArgument(f"a picture has at least 1 x 1 pixels, not {box[0]} x {box[1]}")
    return box
