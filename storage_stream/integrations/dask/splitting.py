"""Cutting a range of names in two that both have work, by sampling.

Nobody knows how names are spread, and a list cannot be counted but by reading it. So a cut is
tried in the middle of what may be left, and the names that stand right behind it are looked at:
none means that it was too far, few that they are a piece of their own, many that both sides are
worth another worker. Names that have a long beginning in common take few tries more: how much of it
they have in common is found by halves, too. The pieces are always exactly the range that was given,
whatever the samples say.
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


@dataclass(frozen=True, slots=True)
class Piece:
    """A range, and whether it is known to be no more than a unit: then how much it is."""

    names: NameRange
    is_small: bool = False
    count: int = 0


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
        """The range in pieces: one if it is small, else at least two.

        Two requests, and those for a cut: one, or up to twelve where names begin alike.

        Raises:
            StorageError: It cannot be listed.
        """
        first, is_small = await self._look(names.start, names.end)
        if is_small:
            return [Piece(names, is_small=True, count=len(first))]
        if not first:  # a page may be empty and not the last
            return [Piece(names)]
        next_, is_small = await self._look(first[-1], names.end)
        lower = Piece(NameRange(names.start, first[-1]), is_small=True, count=len(first) - 1)
        upper = Piece(NameRange(first[-1], names.end), is_small, len(next_) if is_small else 0)
        if not is_small and next_ and (pieces := await self._cut(names, next_[-1])):
            return pieces
        return [Piece(names)] if lower.names.is_empty else [lower, upper]

    async def _cut(self, names: NameRange, low: str) -> list[Piece]:
        """The same for what is not small; none where no cut was found.

        A cut behind a longer beginning of a known name is lower. So it is looked for what is the
        shortest one behind which there is much, by halves.

        Args:
            names: The range.
            low: One of its names: the cut is to be above it.
        """
        end, above, best, best_cut = names.end, list[Piece](), "", ""
        shortest, longest = len(self._order.prefix), len(low)
        kept = shortest  # mostly that is it
        while shortest <= longest:
            cut = middle(low, end, sorted(self._letters), beginning=kept)
            if cut == best_cut:
                break  # what is shorter than the names between have in common changes nothing
            found, is_small = ([], False) if cut is None else await self._look(cut, end)
            if found and not is_small:
                best, best_cut, longest = found[0], cut or "", kept - 1
            else:
                if found:
                    names_above = NameRange(found[0], _end_below(above, names))
                    above = self._joined(Piece(names_above, is_small=True, count=len(found)), above)
                # At the name itself: what lies between the cut and it is empty now, and stays
                # with the lower piece.
                end = found[0] if found else cut or end
                shortest = kept + 1
            kept = (shortest + longest) // 2
        if best:
            above = [Piece(NameRange(best, _end_below(above, names))), *above]
        return [Piece(NameRange(names.start, above[0].names.start)), *above] if above else []

    def _joined(self, lower: Piece, above: list[Piece]) -> list[Piece]:
        """One piece more in front of the others; few and few are one, if they are no more."""
        if above and lower.is_small and above[0].is_small:
            together = lower.count + above[0].count
            if together <= self._small:
                names = NameRange(lower.names.start, above[0].names.end)
                return [Piece(names, is_small=True, count=together), *above[1:]]
        return [lower, *above]

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
