"""What is written in a block is there when the block is left, and not at all if by an exception."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["CommitOnExit"]


class CommitOnExit(ABC):
    """The end of the block of whatever makes a new object."""

    @abstractmethod
    async def close(self) -> None:
        """Make the object."""

    @abstractmethod
    async def abort(self, error: BaseException | None = None) -> None:
        """Give it up, or leave it to whoever catches an error with its state."""

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            await self.abort(error)
            return
        try:
            await self.close()
        except BaseException as failure:
            await self.abort(failure)
            raise
