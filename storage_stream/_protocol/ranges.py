"""Byte ranges: half-open numbers inside, header text at the border (RFC 9110 §14)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from storage_stream._protocol.replies import without_secrets
from storage_stream.errors import InvalidArgument, ProtocolError

__all__ = ["WHOLE", "ByteRange", "ContentRange"]

_RANGE = re.compile(r"bytes\s*=\s*(\d{0,19})\s*-\s*(\d{0,19})", re.IGNORECASE | re.ASCII)
_CONTENT_RANGE = re.compile(
    r"bytes\s+(?:(\d{1,19})-(\d{1,19})|\*)/(\d{1,19}|\*)", re.IGNORECASE | re.ASCII
)


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Which bytes of an object are wanted.

    Attributes:
        start: The first byte; negative counts from the end, as in a slice (`-500`: the last 500).
        stop: One behind the last byte, or None for the end of the object.
    """

    start: int = 0
    stop: int | None = None

    def __post_init__(self) -> None:
        """Refuse what no header can say.

        Raises:
            InvalidArgument: Not numbers, `stop` before `start`, or a negative start with a stop.
        """
        for value in (self.start, self.stop):
            if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
                raise InvalidArgument(f"a range is given in whole bytes, not {value!r}")
        if self.stop is None:
            return
        if self.start < 0:
            raise InvalidArgument("a range that counts from the end has no other end")
        if self.stop < 0:
            raise InvalidArgument(f"a range cannot end at {self.stop}")
        if self.stop <= self.start:
            raise InvalidArgument(f"the range {self.start}:{self.stop} holds no byte")

    @property
    def is_whole(self) -> bool:
        """Whether this is the whole object."""
        return self.start == 0 and self.stop is None

    def header(self) -> str | None:
        """The value of a `Range` header, or None when the whole object is meant."""
        if self.is_whole:
            return None
        if self.start < 0:
            return f"bytes={self.start}"
        return f"bytes={self.start}-{'' if self.stop is None else self.stop - 1}"

    @classmethod
    def from_header(cls, value: str) -> ByteRange:
        """Read a `Range` header that a caller wrote.

        Raises:
            InvalidArgument: It is no single range of bytes.
        """
        match = _RANGE.fullmatch(value.strip())
        if match is None or not any(match.groups()):
            raise InvalidArgument(f"cannot read the Range header {value!r}: one range of bytes")
        first, last = match.groups()
        if not first:
            if not int(last):
                raise InvalidArgument("the last 0 bytes of an object cannot be asked for")
            return cls(-int(last))
        return cls(int(first), int(last) + 1 if last else None)


WHOLE = ByteRange()


@dataclass(frozen=True, slots=True)
class ContentRange:
    """What a `Content-Range` header says: `start:stop` of `total`; all None where it says `*`."""

    start: int | None
    stop: int | None
    total: int | None

    @property
    def length(self) -> int | None:
        """Bytes in the range, or None when it names none."""
        return None if self.start is None or self.stop is None else self.stop - self.start

    @classmethod
    def parse(cls, value: str | None) -> ContentRange:
        """Read the header of a 206 or a 416.

        Raises:
            ProtocolError: It is missing, or no single range of bytes, or contradicts itself.
        """
        match = _CONTENT_RANGE.fullmatch((value or "").strip())
        if match is None:
            shown = None if value is None else repr(without_secrets(value))
            raise ProtocolError(f"the answer's Content-Range is {shown}")
        first, last, size = match.groups()
        total = None if size == "*" else int(size)
        if first is None:
            return cls(None, None, total)
        start, stop = int(first), int(last) + 1
        if stop <= start or (total is not None and stop > total):
            raise ProtocolError(f"the answer's Content-Range contradicts itself: {value!r}")
        return cls(start, stop, total)
