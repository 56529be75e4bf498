"""What leaving a block by an exception does to a file: nothing half becomes an object."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["GivenUp"]


class GivenUp:
    """A file, before its other bases: its block discards it where an exception leaves it."""

    def discard(self) -> None:
        """Give a new object up. Idempotent."""
        raise NotImplementedError

    def close(self) -> None:
        """Make the object, if it was not given up. Idempotent."""
        super().close()  # type: ignore[misc]  # of the other bases

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            self.discard()
        self.close()
