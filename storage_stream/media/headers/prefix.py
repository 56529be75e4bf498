"""A header that is read while its file arrives, from front to back."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from storage_stream.media.errors import UnidentifiedImage
from storage_stream.media.headers.reading import MAX_STEPS, Need
from storage_stream.media.headers.sniffing import read_header

if TYPE_CHECKING:
    from storage_stream.media.headers.info import ImageInfo

__all__ = ["HeaderReader"]

_NOTHING = Need(0, 0)


class HeaderReader:
    """Takes a file's bytes as they come, and says what its header says as soon as it is there.

        reader = HeaderReader()
        while (info := reader.feed(await stream.read1())) is None: ...

    The time it takes grows with the bytes, not with the pieces they come in. Some headers stand
    behind the data (the directory of a TIFF, the orientation of a WebP). Then `need` says where,
    and `so_far` what is known without it; when it is out of `max_bytes`, `is_beyond` becomes
    true. Then, if the file is longer than that, only ranges (`HeaderRanges`) can read it, and
    what was fed is dropped.

    Args:
        max_bytes: At most so many bytes are held.

    Attributes:
        info: The header, or None as long as it is not whole.
    """

    def __init__(self, *, max_bytes: int = 1 << 20) -> None:
        self._max_bytes = max_bytes
        self._data = bytearray()
        self._reading = read_header()
        self._need = _NOTHING
        self._steps = 0
        self._fed = 0
        self._is_dropped = False
        self._error: UnidentifiedImage | None = None
        self.info: ImageInfo | None = None
        self._send(None)

    @property
    def need(self) -> Need | None:
        """What is waited for; None when all is known."""
        return None if self.info is not None else self._need

    @property
    def so_far(self) -> ImageInfo | None:
        """What is known, where only details are missing; the size is right."""
        return self.info or self._need.so_far

    @property
    def is_beyond(self) -> bool:
        """Whether the header stands where it cannot be reached by feeding."""
        need = self._need
        return self.info is None and not need.optional and need.end > self._max_bytes

    @property
    def is_over(self) -> bool:
        """Whether feeding more is of no use: the header is known, or beyond."""
        return self.info is not None or self.is_beyond

    def feed(self, data: bytes | bytearray | memoryview) -> ImageInfo | None:
        """Take the file's next bytes, as many as there are.

        Returns:
            The header, once it is whole; again at every further call, which reads nothing.

        Raises:
            UnidentifiedImage: It is no picture; also at every further call.
        """
        if self._error is not None:
            raise self._error
        if self.info is not None or self._is_dropped:
            return self.info
        view = memoryview(data)
        self._data += view[: self._max_bytes - len(self._data)]
        self._go_on()
        if self.is_beyond and self._fed + len(view) > self._max_bytes:
            self._is_dropped = True
            self._data.clear()
        self._fed += len(view)
        return self.info

    def finish(self) -> ImageInfo:
        """Take note that the file has ended.

        Returns:
            The header.

        Raises:
            UnidentifiedImage: It is not whole, or beyond what may be held.
        """
        if self._error is not None:
            raise self._error
        if self._is_dropped:
            self._fail(UnidentifiedImage(f"no header in the first {self._max_bytes} bytes"))
        while self.info is None:  # all of the file is held
            need = self._need
            self._send(b"" if need.optional else bytes(self._data[need.start : need.end]))
        return self.info

    def _go_on(self) -> None:
        while not self.is_over:
            need = self._need
            if need.optional:
                self._send(b"")
            elif need.end <= len(self._data):
                self._send(bytes(self._data[need.start : need.end]))
            else:
                break

    def _send(self, data: bytes | None) -> None:
        self._steps += 1
        if self._steps > MAX_STEPS:
            self._fail(UnidentifiedImage(f"no header within {MAX_STEPS} steps"))
        try:
            self._need = next(self._reading) if data is None else self._reading.send(data)
        except StopIteration as result:
            self.info = result.value
            self._data.clear()
        except UnidentifiedImage as error:
            self._fail(error)

    def _fail(self, error: UnidentifiedImage) -> NoReturn:
        self._error = error
        self._data.clear()
        raise error
