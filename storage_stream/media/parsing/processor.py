"""`StreamingProcessor`: an operation on the rows of a picture while it arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar, Unpack

from storage_stream.errors import InvalidArgument
from storage_stream.media.parsing.stream_parser import ParserKeywords, StreamParser

if TYPE_CHECKING:
    from collections.abc import Callable

    from storage_stream.media.parsing.pillow_bridge import Image

__all__ = ["StreamingProcessor"]

T = TypeVar("T")


class StreamingProcessor(StreamParser, Generic[T]):
    """A parser that calls an operation once for every so many new rows.

        processor = StreamingProcessor(lambda image, upper, lower: ...)

    Each row is given once: the work is proportional to the picture, however small the pieces
    are. Of a format whose rows are final only at the end, the operation is called then, with all.

    Args:
        operation: Called with the picture and the range of rows, upper and lower, that became
            final since the last call. What it raises ends the parser and is raised by `feed`.
            None: nothing is called; a subclass may override `process`.
        min_rows: How many new rows it takes to call it; the last call may get fewer.
        **options: See `ParserKeywords`.

    Attributes:
        results: What the operation gave, in order.
    """

    def __init__(
        self,
        operation: Callable[[Image.Image, int, int], T] | None = None,
        *,
        min_rows: int = 16,
        **options: Unpack[ParserKeywords],
    ) -> None:
        if min_rows < 1:
            raise InvalidArgument(f"an operation takes at least 1 row, not {min_rows}")
        self._operation = operation
        self._min_rows = min_rows
        super().__init__(**options)

    def process(self, image: Image.Image, upper: int, lower: int) -> None:
        """The rows from `upper` to before `lower` became final."""
        if self._operation is not None:
            self.results.append(self._operation(image, upper, lower))

    def _begin(self) -> None:
        super()._begin()
        self.results: list[T] = []
        self._new: tuple[Image.Image, int, int] | None = None

    def _rows_came(self, image: Image.Image, upper: int, lower: int) -> None:
        super()._rows_came(image, upper, lower)
        if self._new is not None:  # they are neighbours, above or below
            upper, lower = min(upper, self._new[1]), max(lower, self._new[2])
        self._new = (image, upper, lower)
        if lower - upper >= self._min_rows:
            self._process_new()

    def _tell_end(self) -> None:
        super()._tell_end()
        self._process_new()

    def _process_new(self) -> None:
        if self._new is not None:
            new, self._new = self._new, None
            self.process(*new)
