"""Rows of a journal in the order of their names, some ahead of what is asked for.

A run asks for its items one by one, and mostly in the order of their names, in which the rows
stand, too. A hop to a thread for each costs a run that is gone on with more than all the rest of
it. So each look brings the rows behind the one that is asked for, the more the better that fits;
where items come in another order, one at a time. What is known of a page's files is as old as the
page, which is therefore soon forgotten. This module does not know where rows come from.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

__all__ = ["JournalPage", "Key", "Remembered", "next_size"]

Key = tuple[str, str | bytes, str | bytes]
"""Action, source and target; a name that is no text is bytes."""

_MOST_ROWS: Final = 256
_GOOD_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Remembered:
    """A row, and what its file is now.

    Attributes:
        size: Bytes of the file then.
        generation: Of the object then.
        mtime_ns: When the file had been changed last.
        found: Size and time of change of the file when the page was read; None without one.
    """

    size: int | None
    generation: int | None
    mtime_ns: int | None
    found: tuple[int, int] | None

    @property
    def is_same_file(self) -> bool:
        """Whether the file looks as it did then."""
        return self.found == (self.size, self.mtime_ns)


@dataclass(slots=True)
class JournalPage:
    """Rows that follow each other.

    Attributes:
        first: The key that was asked for.
        size: How many rows were wanted.
        rows: Those there are from it on.
        read: When.
        asked: How many keys it has answered.
    """

    first: Key
    size: int
    rows: dict[Key, Remembered]
    read: float
    asked: int = 0
    _last: Key | None = field(init=False)

    def __post_init__(self) -> None:
        """Find its end: fewer rows than were wanted have none behind them."""
        self._last = next(reversed(self.rows)) if len(self.rows) == self.size else None

    def covers(self, key: Key, now: float) -> bool:
        """Whether it says if there is such a row."""
        if key[0] != self.first[0] or now - self.read > _GOOD_SECONDS:
            return False
        place = _place(key)
        return _place(self.first) <= place and (self._last is None or place <= _place(self._last))

    def take(self, key: Key) -> Remembered | None:
        """The row of a key that it covers."""
        self.asked += 1
        return self.rows.get(key)


def next_size(page: JournalPage | None) -> int:
    """How many rows to read after a page: twice as many where half of them were asked for."""
    if page is None or page.asked * 2 < page.size:
        return 1
    return min(_MOST_ROWS, page.size * 2)


def _place(key: Key) -> tuple[bool, bytes, bool, bytes]:
    """Where a row stands among those of its action: text by its UTF-8, and bytes behind it."""
    _, source, target = key
    return (*_order(source), *_order(target))


def _order(name: str | bytes) -> tuple[bool, bytes]:
    return (True, name) if isinstance(name, bytes) else (False, name.encode())
