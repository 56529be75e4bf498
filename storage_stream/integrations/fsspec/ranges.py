"""Ranges that are asked for, merged to those that are requested. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MAX_GAP_BYTES", "Block", "merged"]

# A request costs some milliseconds of waiting, in which a moderate line carries about this much.
MAX_GAP_BYTES = 64 * 1024
_MAX_BLOCK_BYTES = 32 * 1024 * 1024  # what is merged comes over one connection, and is held whole


@dataclass(slots=True)
class Block:
    """One request's range of one object.

    Attributes:
        path: The object.
        start: First byte.
        end: One behind the last.
        asked: Which of the ranges lie in it, by their number, with their bounds.
    """

    path: str
    start: int
    end: int
    asked: list[tuple[int, int, int]] = field(default_factory=list[tuple[int, int, int]])


def merged(
    ranges: Iterable[tuple[int, str, int, int]], max_gap_bytes: int = MAX_GAP_BYTES
) -> list[Block]:
    """The blocks to request, so that each range lies in one of them.

    Args:
        ranges: Number, path, start and end (one behind the last byte) of each; not empty.
        max_gap_bytes: Ranges that lie so near come by one request.
    """
    blocks: list[Block] = []
    for number, path, start, end in sorted(ranges, key=lambda one: one[1:]):
        last = blocks[-1] if blocks else None
        if (
            last is not None
            and last.path == path
            and start - last.end <= max_gap_bytes
            and max(end, last.end) - last.start <= _MAX_BLOCK_BYTES
        ):
            last.end = max(last.end, end)
        elif last is not None and last.path == path and end <= last.end:
            pass  # lies in it
        else:
            last = Block(path, start, end)
            blocks.append(last)
        last.asked.append((number, start, end))
    return blocks
