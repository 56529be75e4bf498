"""What a transfer tells whoever watches it: counts, as they happen, and nothing else.

Everything is a difference, so that the parts of one transfer, and many transfers, add up by
themselves. What is made of the numbers (a rate, a bar, a limit) is not known here.
"""

from __future__ import annotations

from typing import Protocol

__all__ = ["Meter"]


class Meter(Protocol):
    """Takes the counts; called from the event loop, and must not raise."""

    def attempt(self) -> None:
        """A request goes out."""

    def answered(self, status: int) -> None:
        """An answer began, with this HTTP status."""

    def expect(self, total_bytes: int | None) -> None:
        """A transfer begins that has so many bytes, or nobody knows how many."""

    def moved(self, count: int) -> None:
        """So many bytes of an object went over the wire, also such that went before."""

    def gained(self, count: int) -> None:
        """So many more are there for good; negative where the service lost what it had."""

    def resumed(self) -> None:
        """A transfer that broke goes on."""
