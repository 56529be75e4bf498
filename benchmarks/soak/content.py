"""The bytes of objects, told by a few numbers: so a model of millions of them needs no copy."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

__all__ = ["Content"]

# A prime, so that bytes of a wrong offset, or of a page too many, are other bytes.
_PERIOD_BYTES = 4099


@dataclass(frozen=True, slots=True)
class Content:
    """What an object holds: pieces one after another, each a seed and a length."""

    pieces: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, seed: int, size: int) -> Content:
        """One piece."""
        return cls(((seed, size),))

    @classmethod
    def read(cls, document: Any) -> Content:
        """As `document` wrote it."""
        return cls(tuple((seed, size) for seed, size in document))

    def document(self) -> list[list[int]]:
        """As JSON."""
        return [list(piece) for piece in self.pieces]

    @property
    def size(self) -> int:
        """How many bytes."""
        return sum(size for _, size in self.pieces)

    def __add__(self, other: Content) -> Content:
        return Content(self.pieces + other.pieces)

    def data(self) -> bytes:
        """The bytes."""
        return b"".join(_piece(seed, size) for seed, size in self.pieces)


def _piece(seed: int, size: int) -> bytes:
    pattern = random.Random(seed).randbytes(_PERIOD_BYTES)
    return (pattern * (size // _PERIOD_BYTES + 1))[:size]
