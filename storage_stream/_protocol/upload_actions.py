"""What a resumable upload may tell its driver to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from storage_stream.errors import StorageError

__all__ = ["Fill", "Pause", "Query", "Send", "Start", "Stored"]


@dataclass(frozen=True, slots=True)
class Start:
    """Ask for a session."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send the bytes from `start` to `stop` (half-open).

    Attributes:
        start: The first byte.
        stop: One behind the last.
        total: The object's size, where it is known; equal to `stop` in the last request.
    """

    start: int
    stop: int
    total: int | None

    def content_range(self) -> str:
        """The value of `Content-Range`. An empty object has no first byte to name."""
        total = "*" if self.total is None else self.total
        if self.start == self.stop:
            return f"bytes */{total}"
        return f"bytes {self.start}-{self.stop - 1}/{total}"


@dataclass(frozen=True, slots=True)
class Query:
    """Ask what the service has, with an empty body."""

    total: int | None

    def content_range(self) -> str:
        """The value of `Content-Range`."""
        return f"bytes */{'*' if self.total is None else self.total}"


@dataclass(frozen=True, slots=True)
class Fill:
    """Nothing can be sent yet: bring more bytes of the source, or say that it ended.

    Attributes:
        until: The offset behind which the next request can be made.
    """

    until: int


@dataclass(frozen=True, slots=True)
class Pause:
    """Do nothing for a while.

    Attributes:
        seconds: How long.
        error: Why.
    """

    seconds: float
    error: StorageError


@dataclass(frozen=True, slots=True)
class Stored:
    """The object is made.

    Attributes:
        resource: The service's description of it.
    """

    resource: dict[str, Any]
