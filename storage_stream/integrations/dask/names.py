"""Ranges of objects' names, and where to cut them. Pure.

Names are ordered as the service lists them, by their UTF-8 bytes, which is the order of their code
points and so of Python's texts: https://cloud.google.com/storage/docs/json_api/v1/objects/list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["NameRange", "merged", "middle", "without"]

_LANDMARKS = (
    *(chr(code) for code in range(0x20, 0x7F)),
    *("\u00e9", "\u0430", "\u3042", "\u4e00", "\u6c34", "\uac00", "\U0001f600"),
)
"""Where letters may be that no name had yet: those of ASCII, and one in each of other scripts."""


@dataclass(frozen=True, slots=True)
class NameRange:
    """Names from one on, up to another.

    Attributes:
        start: The first name that may be in it.
        end: The first one behind it; None: there is no end.
    """

    start: str
    end: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether no name can be in it."""
        return self.end is not None and self.end <= self.start

    def reaches(self, name: str) -> bool:
        """Whether it ends behind a name, or right in front of it."""
        return self.end is None or self.end >= name


def middle(
    start: str, end: str | None, letters: Sequence[str], *, beginning: int = 0
) -> str | None:
    """A text between two names that halves what may be between them, as far as letters tell.

    Args:
        start: The lower one.
        end: The upper one; None for no end.
        letters: The characters that names are known to have, in order. Others may occur, and
            are tried where none of these is left: where the cut is only decides how even the
            halves are.
        beginning: So many characters of `start` are kept.

    Returns:
        A text above `start` and below `end`; None where no letter gives one.
    """
    at = 0
    while end is not None and at < len(start) and start[at] == end[at]:
        at += 1
    high = None if end is None or at < beginning else end[at]
    at = max(at, beginning)
    while True:
        low = start[at] if at < len(start) else ""
        for known in (letters, _LANDMARKS):
            between = [one for one in known if one > low and (high is None or one < high)]
            if between:
                return start[:at] + between[len(between) // 2]
        if high is not None and end is not None and len(end) > at + 1:
            return end[: at + 1]
        if not low:
            return None
        at, high = at + 1, None


def merged(ranges: Iterable[NameRange]) -> list[NameRange]:
    """The same names in as few ranges as there can be, in order."""
    found: list[NameRange] = []
    for one in sorted(ranges, key=lambda one: one.start):
        if one.is_empty:
            continue
        if found and found[-1].reaches(one.start):
            last = found[-1]
            is_longer = last.end is not None and (one.end is None or one.end > last.end)
            found[-1] = NameRange(last.start, one.end) if is_longer else last
        else:
            found.append(one)
    return found


def without(ranges: Iterable[NameRange], done: NameRange) -> list[NameRange]:
    """What is left of ranges."""
    left: list[NameRange] = []
    for one in ranges:
        is_behind = done.end is not None and done.end <= one.start
        if is_behind or (one.end is not None and one.end <= done.start):
            left.append(one)
        else:
            before = NameRange(one.start, done.start)
            behind = None if done.end is None else NameRange(done.end, one.end)
            left += [part for part in (before, behind) if part is not None and not part.is_empty]
    return left
