"""Ranges that are asked for, merged to those that are requested. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["MAX_GAP_BYTES", "Block", "merged"]

# A request costs some milliseconds of waiting, in which a moderate line carries about this much.
MAX_GAP_BYTES = 64 * 1024
_MAX_BLOCK_BYTES = 32 * 1024 * 1024  # what is merged comes over one connection, and is held whole


@dataclass(slots=True)
class Block:
    """One request's range of one object.

    Attributes:
        path: The object.
        start: First byte; negative from the end, of one that is not merged.
        end: One behind the last; None for the object's end, negative from there.
        asked: Which of the ranges lie in it, by their number, with their bounds.
    """

    path: str
    start: int
    end: int | None
    asked: list[tuple[int, int, int | None]] = field(
        default_factory=list[tuple[int, int, int | None]]
    )

    def shared(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """The bytes of each range, by its number.

        Args:
            data: The block's.
        """
        for number, start, end in self.asked:
            if (start, end) == (self.start, self.end):
                yield number, data
            elif end is not None:
                yield number, data[start - self.start : end - self.start]


def merged(
    ranges: Iterable[tuple[int, str, int, int]], max_gap_bytes: int = MAX_GAP_BYTES
) -> list[Block]:
    """The blocks to request, so that each range lies in one of them.

    Args:
        ranges: Number, path, start and end (one behind the last byte) of each; not empty.
        max_gap_bytes: Ranges that lie so near come by one request.
    """
    blocks: list[Block] = []
    last_end = 0
    for number, path, start, end in sorted(ranges, key=lambda one: one[1:]):
        last = blocks[-1] if blocks and blocks[-1].path == path else None
        if (
            last is not None
            and start - last_end <= max_gap_bytes
            and max(end, last_end) - last.start <= _MAX_BLOCK_BYTES
        ):
            last_end = last.end = max(last_end, end)
        elif last is None or end > last_end:  # else it lies in the last one
            last, last_end = Block(path, start, end), end
            blocks.append(last)
        last.asked.append((number, start, end))
    return blocks
