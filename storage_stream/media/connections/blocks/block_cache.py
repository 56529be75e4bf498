"""Blocks of an object: which are held, and which to ask for when one is missing.

Decoders ask for 4 KB at a time, in order, or jumping between a directory and what it points to. A
missing block is fetched alone, as jumps need no more; where it continues what was asked for last,
that was no jump, and twice as much is asked for as the time before. Several such runs are followed
at once, because a tiled TIFF is read at two or three places in turn.

libvips reads each row of tiles from its last tile to its first. So a run may go backwards, too; and
a block that lies a little ahead of a run, by no more than what the run covers, is taken for the far
end of the next row: all up to it is asked for. At worst that doubles what is downloaded there.

Pure: no I/O, no clock, no locks. A block is known by its number, from 0.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BlockCache", "ReadAhead"]

_RUNS = 8  # a decoder follows two or three; those that jumps began push each other out
_MOST_AHEAD = 3 / 4  # a request of half of the cache, and what is left of the one before


class BlockCache:
    """The blocks that are needed next, or soon again.

    What was used goes before what was only read ahead, since most blocks are used once; but what
    is read ahead in vain does not fill the cache.

    Args:
        blocks: How many are held at most; at least 1.
    """

    def __init__(self, blocks: int) -> None:
        self._most = max(1, blocks)
        self._used: OrderedDict[int, bytes] = OrderedDict()
        self._ahead: OrderedDict[int, bytes] = OrderedDict()

    def __len__(self) -> int:
        return len(self._used) + len(self._ahead)

    def __contains__(self, number: int) -> bool:
        return number in self._used or number in self._ahead

    def get(self, number: int) -> bytes | None:
        """A block, which counts as used with that; None when it is not held."""
        data = self._ahead.pop(number, None)
        if data is None:
            data = self._used.pop(number, None)
        if data is not None:
            self._used[number] = data
        return data

    def put(self, number: int, data: bytes) -> None:
        """Hold a block that was not used yet; another one may go."""
        self._used.pop(number, None)
        self._ahead[number] = data
        if len(self) > self._most:
            crowded = len(self._ahead) > max(1, self._most * _MOST_AHEAD)
            (self._ahead if crowded or not self._used else self._used).popitem(last=False)

    def clear(self) -> None:
        """Hold none."""
        self._used.clear()
        self._ahead.clear()


@dataclass(slots=True)
class _Run:
    """What was asked for without a hole: blocks from `start` to `stop`, `count` of them at last."""

    start: int
    stop: int
    count: int


class ReadAhead:
    """Which blocks to ask for.

    Args:
        most: Blocks of one request at most.
    """

    def __init__(self, most: int) -> None:
        self._most = max(1, most)
        self._runs: list[_Run] = []
        """Those that went on last stand last."""

    def expect_all(self) -> None:
        """All that follows the first block will be read, from front to back: ask for it at once."""
        self._runs.append(_Run(0, 1, self._most))

    def plan(
        self,
        number: int,
        stop: int | None = None,
        is_there: Callable[[int], bool] = lambda _: False,
    ) -> range:
        """The blocks to ask for, a missing one among them.

        Args:
            number: The missing block.
            stop: One behind the object's last block; None while that is not known.
            is_there: Whether a block is held or on its way: it is not asked for again.
        """
        wanted = self._wanted(number)
        first, last = number, number + 1
        while first > wanted.start and not is_there(first - 1):
            first -= 1
        end = wanted.stop if stop is None else min(wanted.stop, stop)
        while last < end and not is_there(last):
            last += 1
        return range(first, last)

    def _wanted(self, number: int) -> range:
        for run in reversed(self._runs):
            more = min(2 * run.count, self._most)
            ahead = number - run.stop
            if 0 <= ahead <= run.stop - run.start and ahead < self._most:
                return self._went_on(run, range(run.stop, run.stop + max(more, ahead + 1)))
            if number == run.start - 1:
                return self._went_on(run, range(max(0, run.start - more), run.start))
        self._runs.append(_Run(number, number + 1, 1))
        del self._runs[:-_RUNS]
        return range(number, number + 1)

    def _went_on(self, run: _Run, wanted: range) -> range:
        run.start, run.stop = min(run.start, wanted.start), max(run.stop, wanted.stop)
        run.count = max(run.count, len(wanted))
        self._runs.remove(run)
        self._runs.append(run)
        return wanted
