"""Blocks of an object: which are held, and how many to ask for when one is missing.

Decoders ask for 4 KB at a time, in order, or jumping between a directory and what it points to. A
missing block is fetched alone, as jumps need no more; where it continues what was asked for last,
that was no jump, and twice as much is asked for as the time before. Several such runs are followed
at once, because a tiled TIFF is read at two or three places in turn.

Pure: no I/O, no clock, no locks. A block is known by its number, from 0.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BlockCache", "ReadAhead"]

_RUNS = (
    8  # of which a decoder has two or three; those of jumps that came to nothing push others out
)


class BlockCache:
    """The blocks that were used last.

    Args:
        blocks: How many are held at most; at least 1.
    """

    def __init__(self, blocks: int) -> None:
        self._most = max(1, blocks)
        self._held: OrderedDict[int, bytes] = OrderedDict()

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, number: int) -> bool:
        return number in self._held

    def get(self, number: int) -> bytes | None:
        """A block, which counts as used with that; None when it is not held."""
        data = self._held.get(number)
        if data is not None:
            self._held.move_to_end(number)
        return data

    def put(self, number: int, data: bytes) -> None:
        """Hold a block; the one that was not used for the longest time goes."""
        self._held[number] = data
        self._held.move_to_end(number)
        if len(self._held) > self._most:
            self._held.popitem(last=False)

    def clear(self) -> None:
        """Hold none."""
        self._held.clear()


class ReadAhead:
    """How many blocks to ask for.

    Args:
        most: Blocks of one request at most.
    """

    def __init__(self, most: int) -> None:
        self._most = max(1, most)
        self._runs: OrderedDict[int, int] = OrderedDict()
        """By the block behind what was asked for: how many that were."""

    def plan(
        self, number: int, stop: int | None = None, is_there: Callable[[int], bool] | None = None
    ) -> int:
        """How many blocks to ask for, from a missing one on.

        Args:
            number: The missing block.
            stop: One behind the object's last block; None while that is not known.
            is_there: Whether a block is held or on its way: the request ends before it.
        """
        before = self._runs.pop(number, 0)
        count = min(2 * before, self._most) or 1
        if stop is not None:
            count = max(1, min(count, stop - number))
        if is_there is not None:
            present = (step for step in range(1, count) if is_there(number + step))
            count = next(present, count)
        # A request that was cut short says nothing about how the run goes on: keep its length.
        self._runs[number + count] = max(count, before)
        if len(self._runs) > _RUNS:
            self._runs.popitem(last=False)
        return count
