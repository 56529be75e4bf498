"""A transfer's first request, where it was made before there was a transfer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage_stream.errors import StorageError

if TYPE_CHECKING:
    from storage_stream._transport.base import ReplyStream

__all__ = ["Asked"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of it.

    Attributes:
        outcome: Its answer, unread, or why there is none.
        begun: When it was made, by the sender's clock.
    """

    outcome: ReplyStream | StorageError
    begun: float

    def answer(self) -> ReplyStream:
        """The answer.

        Raises:
            StorageError: There is none.
        """
        if isinstance(self.outcome, StorageError):
            raise self.outcome
        return self.outcome
