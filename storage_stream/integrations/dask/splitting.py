"""Cutting a range of names in two that both have work, by sampling.

Nobody knows how names are spread, and a list cannot be counted but by reading it. So a cut is
tried in the middle of what may be left, and the names that stand right behind it are looked at:
none means that it was too far, few that they are a piece of their own, many that both sides are
worth another worker. Each try halves what is left to look at, so that a run of names which share
a long beginning is found as fast as one that is spread evenly. The pieces are always exactly the
range that was given, whatever the samples say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage_stream.integrations.dask.listing import MOST_PAGE, PagePlace, page_of
from storage_stream.integrations.dask.names import NameRange, middle

if TYPE_CHECKING:
    from storage_stream import Storage
    from storage_stream.integrations.dask.order import Order

__all__ = ["Piece", "Splitter"]

_MOST_TRIES = 40  # requests for one cut: some seven find one, twenty in a long common beginning


@dataclass(frozen=True, slots=True)
class Piece:
    """A range, and whether it is known to be no more than a unit."""

    names: NameRange
    is_small: bool = False


class Splitter:
    """Cuts ranges.

    Args:
        storage: Whose lists are sampled.
        order: Where.
        small: So many objects need not be cut.
    """

    def __init__(self, storage: Storage, order: Order, small: int) -> None:
        self._storage = storage
        self._order = order
        self._small = small
        self._letters: set[str] = set()
        self.requests = 0

    async def split(self, names: NameRange) -> list[Piece]:
        """The range in pieces: one if it is small or cannot be cut, else mostly two.

        At most 41 requests, each for one page of names.

        Raises:
            StorageError: It cannot be listed.
        """
        first, is_small = await self._look(names.start, names.end)
        if is_small:
            return [Piece(names, is_small=True)]
        low, end, above = first[-1] if first else names.start, names.end, list[Piece]()
        for _ in range(_MOST_TRIES):
            cut = middle(low, end, sorted(self._letters))
            if cut is None:
                break
            found, is_small = await self._look(cut, end)
            if found:
                # At the name itself: what lies between the cut and it is empty now, and stays
                # with the lower piece.
                cut = found[0]
                above.insert(0, Piece(NameRange(cut, _end_below(above, names)), is_small=is_small))
            end = cut
            if not is_small:
                break
        return [Piece(NameRange(names.start, _end_below(above, names))), *above]

    async def _look(self, start: str, end: str | None) -> tuple[list[str], bool]:
        """The first names from one on, and whether there are few and no more."""
        order, count = self._order, min(self._small + 1, MOST_PAGE)
        place = PagePlace(order.bucket, order.prefix, start, end, "name")
        self.requests += 1
        items, token = await page_of(self._storage, place, count, None, order.request_options)
        names = [str(item["name"]) for item in items]
        for name in names:
            self._letters.update(name[len(order.prefix) :])
        return names, token is None and len(names) <= self._small


def _end_below(pieces: list[Piece], names: NameRange) -> str | None:
    return pieces[0].names.start if pieces else names.end
