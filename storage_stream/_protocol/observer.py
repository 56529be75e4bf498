"""What the client tells whoever observes its calls: when each begins, tries, waits and ends.

A `Meter` counts; an observer sees what happened, in which order and why, and may send header lines
along, so that a trace goes on in the service. What is made of it (spans, metrics) is not known
here. Nothing that is told holds a secret: addresses come without their query, headers and bodies
do not come at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

__all__ = ["Attempt", "Observation", "Observer"]


class Attempt(Protocol):
    """One HTTP request, sent once, and its answer to the end of the body."""

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Lines to send with it, with names in lower case; a caller's own of that name win."""
        ...

    def sent(self, count: int) -> None:
        """So many bytes of the body go out."""

    def answered(self, status: int) -> None:
        """The head of the answer is here."""

    def received(self, count: int) -> None:
        """So many bytes of the answer's body were read."""

    def ended(self, error: BaseException | None) -> None:
        """It is over: the last thing that is told of it, and told once.

        Args:
            error: Why it broke, or a cancel; None where the answer was read as far as was wanted.
        """


class Observation(Protocol):
    """One public call, from its first request to its end.

    Methods are called from the event loop, which waits for them. What one raises goes into the log,
    once for each client, and the call goes on.
    """

    def current(self) -> AbstractContextManager[object]:
        """What is begun within the block, tasks too, belongs to this call."""
        ...

    def attempt(self, method: str, url: str) -> Attempt:
        """A request goes out.

        Args:
            method: Of HTTP.
            url: Without the query, which may hold what only the service may know.
        """
        ...

    def waits(self, seconds: float, why: BaseException) -> None:
        """A request failed, and is made again in so many seconds."""

    def resumed(self) -> None:
        """A transfer that broke goes on where it was."""

    def ended(self, error: BaseException | None) -> None:
        """The call is over: the last thing that is told of it, and told once.

        Args:
            error: What it raised, a cancel included, or None.
        """


class Observer(Protocol):
    """Is told of calls."""

    def begin(self, operation: str, bucket: str | None, name: str | None) -> Observation:
        """A call begins; where it is a stream, with its first request.

        Args:
            operation: The public method's name.
            bucket: What it is about, where it is about one.
            name: The object's name, the same.
        """
        ...
