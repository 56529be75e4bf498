"""What leaving a block by an exception does to a file: nothing half becomes an object.

The block need not be the file's own: `with fsspec.open(…)`, pandas and pyarrow open a file behind
a block of theirs, and close it without a word of why. Whoever leaves such a block by an exception
meant no half object either.
"""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType, TracebackType

__all__ = ["GivenUp", "leaves_by_exception"]

_BLOCKS = frozenset(
    {
        "fsspec.core.OpenFile.__exit__",
        "fsspec.core.OpenFiles.__exit__",
        "pandas.io.common.IOHandles.__exit__",
        "pandas.io.excel._base.ExcelWriter.__exit__",
        "pyarrow.orc.ORCWriter.__exit__",
        "pyarrow.parquet.core.ParquetWriter.__exit__",
    }
)
"""They close what was opened for them, run no code of their user's meanwhile, and let the exception
go on. Of any other `__exit__` that is not known: it may have dealt with the exception, and close a
file that is whole."""


class GivenUp:
    """A file, before its other bases: its block discards it where an exception leaves it."""

    def discard(self) -> None:
        """Give a new object up. Idempotent."""
        raise NotImplementedError

    def close(self) -> None:
        """Make the object, if it was not given up. Idempotent.

        Where a block of fsspec's, pandas' or pyarrow's closes it that an exception leaves, it is
        given up.
        """
        if leaves_by_exception():
            self.discard()
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


def leaves_by_exception() -> bool:
    """Whether this is called because an exception leaves one of those blocks.

    An exception that is being handled is not enough: who writes down what went wrong, or closes a
    file in his own `except`, means it.
    """
    error = sys.exc_info()[1]
    if error is None:
        return False
    frame = inspect.currentframe()
    while frame is not None:
        code = frame.f_code
        if code.co_name == "__exit__" and _name_of(frame) in _BLOCKS:
            return any(_holds(said, error) for said in frame.f_locals.values())
        frame = frame.f_back
    return False


def _name_of(frame: FrameType) -> str:
    return f"{frame.f_globals.get('__name__')}.{frame.f_code.co_qualname}"


def _holds(said: object, error: BaseException) -> bool:
    """Whether an argument is the exception, or `*args` with it."""
    if isinstance(said, tuple):
        return any(one is error for one in said)  # pyright: ignore[reportUnknownVariableType] - of any types
    return said is error
