"""The `Range` header of a request: which bytes of a representation it means (RFC 9110 §14.1.2).

The client's own `ByteRange` is one range that its caller vouches for; this is a list of them that
a stranger sent.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

__all__ = ["MAX_RANGES", "RangeSpec", "Selection", "Span", "parse_ranges", "select"]

MAX_RANGES = 16
"""More are answered with the whole: each range of an object is a request of its own."""

_UNIT = re.compile(r"\s*bytes\s*=(?P<set>.*)", re.IGNORECASE | re.ASCII | re.DOTALL)
_SPEC = re.compile(r"(\d{1,19})-(\d{0,19})|-(\d{1,19})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes from `start` to just before `stop`; None where the end is not known before."""

    start: int
    stop: int | None

    @property
    def length(self) -> int | None:
        """Bytes in it."""
        return None if self.stop is None else self.stop - self.start


@dataclass(frozen=True, slots=True)
class RangeSpec:
    """One range as it was asked for: from `first` on; without it the `last` last bytes."""

    first: int | None
    last: int | None

    def of(self, size: int) -> Span | None:
        """Which bytes of so many it means, or None for not one."""
        if self.first is None:
            wanted = min(self.last or 0, size)
            return Span(size - wanted, size) if wanted else None
        if self.first >= size:
            return None
        return Span(self.first, size if self.last is None else min(self.last + 1, size))


class Selection(enum.Enum):
    """What a `Range` header comes to where it is no list of spans."""

    WHOLE = enum.auto()
    NOTHING = enum.auto()


def parse_ranges(header: str) -> tuple[RangeSpec, ...]:
    """The ranges of a header; none where it is to be ignored: another unit, or not well formed."""
    unit = _UNIT.fullmatch(header)
    if unit is None:
        return ()
    specs: list[RangeSpec] = []
    for word in filter(None, (part.strip(" \t") for part in unit["set"].split(","))):
        found = _SPEC.fullmatch(word)
        if found is None:
            return ()
        first, last, suffix = found.groups()
        spec = (
            RangeSpec(None, int(suffix))
            if first is None
            else RangeSpec(int(first), int(last) if last else None)
        )
        if spec.first is not None and spec.last is not None and spec.last < spec.first:
            return ()
        specs.append(spec)
    return tuple(specs)


def select(header: str, size: int) -> tuple[Span, ...] | Selection:
    """Which bytes of so many a header means.

    Returns:
        Spans, each with at least one byte; `WHOLE` where the header is to be ignored, and where
        it asks for more than is worth it (too many ranges, or more bytes than there are, which
        no honest program does); `NOTHING` where not one range can be satisfied.
    """
    specs = parse_ranges(header)
    if not specs:
        return Selection.WHOLE
    if size == 0 and any(spec.first is None and spec.last for spec in specs):
        return Selection.WHOLE  # satisfiable, says the RFC, but no Content-Range can tell it
    spans = tuple(span for spec in specs if (span := spec.of(size)) is not None)
    if not spans:
        return Selection.NOTHING
    if len(spans) > MAX_RANGES or sum(span.length or 0 for span in spans) > size:
        return Selection.WHOLE
    return spans
