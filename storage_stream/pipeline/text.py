"""Bytes to lines, and lines to JSON values.

Splitting is linear in the data: a chunk is split in one call, and a line that spans many chunks
grows in one buffer. At most one line (`max_line_bytes`) and one chunk are held. This module
does not know text encodings, except that JSON is UTF-8 (RFC 8259, section 8.1).
"""

import codecs
import inspect
import json
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Any, Literal, TypeAlias

from storage_stream.errors import InvalidArgument
from storage_stream.pipeline.failures import JSONLineError, LineTooLongError
from storage_stream.pipeline.source import READ_BYTES, Input, Source, open_source
from storage_stream.pipeline.stage import ByteStage, Stage

__all__ = ["MAX_LINE_BYTES", "OnJSONError", "json_lines", "lines"]

# Far above any sane record, far below what hurts a service: a file without line ends is found
# out before it fills the memory.
MAX_LINE_BYTES = 16 * 1024 * 1024

# Lines are parsed that many at a time, for a turn of a generator costs as much as a short line; not
# more, because their values are held at once.
_ROWS_AT_ONCE = 256
_DECODER = json.JSONDecoder()
_BLANK = object()  # stands for the value of a line that has none

OnJSONError: TypeAlias = Literal["raise"] | Callable[[JSONLineError], object]


def lines(
    source: Source, *, keep_ends: bool = False, max_line_bytes: int = MAX_LINE_BYTES
) -> ByteStage:
    r"""Give the lines of the source, as bytes.

    A line ends at `\n`; a `\r` before it belongs to the line end, one elsewhere to the line.
    A last line without a line end is given, too; an empty one is not.

    Args:
        source: what to read; closed with the stage.
        keep_ends: leave the line ends on, so that joining the lines gives the source again.
        max_line_bytes: longest line accepted, without its `\n`.

    Raises:
        LineTooLongError: while iterating, after the lines before the long one were given.
        InvalidArgument: `max_line_bytes` is not positive.
    """
    splitter = _LineSplitter(max_line_bytes, keep_ends=keep_ends)
    taken = open_source(source)
    return ByteStage(_line_batches(taken, splitter), taken)


def json_lines(
    source: Source,
    *,
    skip_blank: bool = True,
    on_error: OnJSONError = "raise",
    max_line_bytes: int = MAX_LINE_BYTES,
) -> Stage[Any]:
    """Give the value of each line of JSON Lines, also called NDJSON (https://jsonlines.org).

    A byte order mark before the first line is ignored.

    Args:
        source: what to read; closed with the stage.
        skip_blank: pass over lines of white space; else they are errors.
        on_error: `"raise"`, or a function, sync or async, that is called with each
            `JSONLineError`; the line is left out then.
        max_line_bytes: as in `lines`; a longer line is always raised.

    Raises:
        JSONLineError: while iterating, with the line's number and byte offset, after the values
            before it were given.
        LineTooLongError: as in `lines`.
        InvalidArgument: as in `lines`.
    """
    if on_error != "raise" and not callable(on_error):
        raise TypeError(f"on_error must be 'raise' or a function, not {on_error!r}")
    splitter = _LineSplitter(max_line_bytes, keep_ends=True)
    taken = open_source(source)
    batches = _line_batches(taken, splitter)
    return Stage(_parse(batches, on_error, skip_blank=skip_blank), batches, taken)


async def _line_batches(
    source: Input, splitter: "_LineSplitter"
) -> AsyncGenerator[list[bytes], None]:
    while chunk := await source.read_chunk():
        for start in range(0, len(chunk), READ_BYTES):  # a huge chunk makes no huge list
            for batch in splitter.feed(chunk[start : start + READ_BYTES]):
                yield batch
    if last := splitter.finish():
        yield [last]


class _LineSplitter:
    """Collects bytes until lines are whole; counts lines and bytes for the errors."""

    def __init__(self, max_line_bytes: int, *, keep_ends: bool) -> None:
        if max_line_bytes < 1:
            raise InvalidArgument(f"max_line_bytes must be positive, not {max_line_bytes}")
        self._max_line_bytes = max_line_bytes
        self._keep_ends = keep_ends
        self._begun = bytearray()  # the line that is not whole yet
        self._lines_done = 0
        self._begun_offset = 0

    def feed(self, chunk: bytes) -> Iterator[list[bytes]]:
        """Give the lines that the chunk completes, at most one batch; then raise if one is long."""
        whole = chunk.split(b"\n")
        rest = whole.pop()
        if whole:
            size = len(self._begun) + len(chunk) - len(rest)
            whole[0] = bytes(self._begun) + whole[0]
            self._begun.clear()
            # A carriage return that the last chunk ended with stands in the first line.
            may_have_cr = b"\r" in chunk or whole[0].endswith(b"\r")
            yield from self._complete(whole, size, may_have_cr=may_have_cr)
        self._begun += rest
        if len(self._begun) > self._max_line_bytes:
            raise self._too_long()

    def finish(self) -> bytes:
        """Return the last line if it has no line end, else `b""`."""
        return bytes(self._begun)

    def _complete(
        self, whole: list[bytes], size: int, *, may_have_cr: bool
    ) -> Iterator[list[bytes]]:
        limit = self._max_line_bytes
        good = whole
        if size > limit and max(map(len, whole)) > limit:
            good = whole[: next(i for i, line in enumerate(whole) if len(line) > limit)]
            size = sum(map(len, good)) + len(good)
        self._lines_done += len(good)
        self._begun_offset += size
        failed = len(good) < len(whole)
        if good:
            yield self._with_ends(good, may_have_cr=may_have_cr)
        if failed:
            raise self._too_long()

    def _with_ends(self, whole: list[bytes], *, may_have_cr: bool) -> list[bytes]:
        if self._keep_ends:
            return [line + b"\n" for line in whole]
        if may_have_cr:
            return [line.removesuffix(b"\r") for line in whole]
        return whole

    def _too_long(self) -> LineTooLongError:
        return LineTooLongError(self._lines_done + 1, self._begun_offset, self._max_line_bytes)


async def _parse(
    batches: AsyncGenerator[list[bytes], None], on_error: OnJSONError, *, skip_blank: bool
) -> AsyncGenerator[list[Any], None]:
    parser = _RowParser(skip_blank=skip_blank)
    async for batch in batches:
        for start in range(0, len(batch), _ROWS_AT_ONCE):
            rows = batch[start : start + _ROWS_AT_ONCE]
            while rows:
                values, failure = parser.parse(rows)
                if values:
                    yield values
                if failure is not None:
                    await _report(failure, on_error)
                rows = rows[parser.rows_taken :]


class _RowParser:
    """Parses many lines in one call; counts lines and bytes for the errors.

    A line is UTF-8, always: json.loads would guess the encoding of bytes.
    """

    def __init__(self, *, skip_blank: bool) -> None:
        self._skip_blank = skip_blank
        self._rows_done = 0
        self._bytes_done = 0
        self.rows_taken = 0
        """Of those given last: all, or those up to the bad one."""

    def parse(self, rows: list[bytes]) -> tuple[list[Any], JSONLineError | None]:
        """Give the values, up to the first bad line if there is one, and what is wrong with it."""
        values: list[Any] = []
        failure: JSONLineError | None = None
        for index, row in enumerate(rows):
            is_first = not index and not self._rows_done
            try:
                value = self._value(row.removeprefix(codecs.BOM_UTF8) if is_first else row)
            except (ValueError, RecursionError) as reason:
                failure = self._failure(rows, index, reason)
                rows = rows[: index + 1]
                break
            if value is not _BLANK:
                values.append(value)
        self.rows_taken = len(rows)
        self._rows_done += len(rows)
        self._bytes_done += sum(map(len, rows))
        return values, failure

    def _value(self, row: bytes) -> Any:
        text = row.decode()
        try:
            value, end = _DECODER.raw_decode(text)
        except json.JSONDecodeError:
            value, end = None, 0  # wrong, or blank, or it begins with a blank: told below
        if end and text[end:] == "\n":  # as nearly every line
            return value
        if self._skip_blank and not row.strip():
            return _BLANK
        return json.loads(text.rstrip("\r\n"))

    def _failure(self, rows: list[bytes], index: int, reason: Exception) -> JSONLineError:
        offset = self._bytes_done + sum(map(len, rows[:index]))
        return JSONLineError(self._rows_done + index + 1, offset, rows[index], _reason(reason))


def _reason(failure: Exception) -> str:
    """Say what is wrong without quoting the data."""
    if isinstance(failure, json.JSONDecodeError):
        return f"{failure.msg.removesuffix(' at')} at character {failure.pos}"
    if isinstance(failure, UnicodeDecodeError):
        return f"not UTF-8 at byte {failure.start}"
    if isinstance(failure, RecursionError):
        return "nested too deeply"
    return str(failure)


async def _report(failure: JSONLineError, on_error: OnJSONError) -> None:
    if on_error == "raise":
        raise failure
    outcome = on_error(failure)
    if inspect.isawaitable(outcome):
        await outcome
