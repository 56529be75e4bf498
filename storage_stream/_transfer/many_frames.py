"""What two of our own processes say to each other: values, each behind its length."""

from __future__ import annotations

import pickle
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio

    from storage_stream._transfer.many_work import Done

__all__ = ["Answer", "Tally", "read_frame", "write_frame"]

_LENGTH = struct.Struct("!I")


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an item.

    Attributes:
        number: Which one.
        done: Its result, or None.
        error: Why there is none.
    """

    number: int
    done: Done | None
    error: Exception | None = None


class Tally:
    """A meter that keeps its counts until they are taken to the other process."""

    def __init__(self) -> None:
        self.attempts = self.moves = self.gains = self.resumes = 0
        self.statuses: list[int] = []

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to take."""
        return not (self.attempts or self.moves or self.gains or self.resumes)

    def attempt(self) -> None:
        """See `Meter.attempt`."""
        self.attempts += 1

    def answered(self, status: int) -> None:
        """See `Meter.answered`; what went well needs no telling."""
        if status >= 400:  # noqa: PLR2004 - refusals
            self.statuses.append(status)

    def expect(self, total_bytes: int | None) -> None:
        """See `Meter.expect`; the run knows better."""

    def moved(self, count: int) -> None:
        """See `Meter.moved`."""
        self.moves += count

    def gained(self, count: int) -> None:
        """See `Meter.gained`."""
        self.gains += count

    def resumed(self) -> None:
        """See `Meter.resumed`."""
        self.resumes += 1


def write_frame(value: Any) -> bytes:
    """A value as it goes to the other process.

    Raises:
        Exception: It cannot be pickled; what is raised depends on why.
    """
    body = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(body)) + body


async def read_frame(reader: asyncio.StreamReader) -> Any:
    """The next value.

    Raises:
        asyncio.IncompleteReadError: The other process ended.
    """
    (size,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
    # From a process that this one started, or that started this one, over a pipe of their own.
    return pickle.loads(await reader.readexactly(size))  # noqa: S301 - see above
