"""What a mode says: `rb`, `w`, `xt` and the like, as Python's own `open` reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from storage_stream.errors import InvalidArgument

__all__ = ["FileMode", "ReadBinary", "ReadText", "WriteBinary", "WriteText"]

ReadBinary: TypeAlias = Literal["rb", "br"]
ReadText: TypeAlias = Literal["r", "rt", "tr"]
WriteBinary: TypeAlias = Literal["wb", "bw", "xb", "bx"]
WriteText: TypeAlias = Literal["w", "wt", "tw", "x", "xt", "tx"]

_MODES = {
    "".join(letters): letters
    for action in "rwx"
    for letters in [(action,), (action, "b"), ("b", action), (action, "t"), ("t", action)]
}


@dataclass(frozen=True, slots=True)
class FileMode:
    """A mode.

    Attributes:
        text: As it was given.
        reads: Whether it reads; else it writes.
        creates: Whether there must be no such object yet.
        is_binary: Whether it is about bytes; else about text.
    """

    text: str
    reads: bool
    creates: bool
    is_binary: bool

    @classmethod
    def of(cls, mode: str) -> FileMode:
        """Read a mode.

        Raises:
            InvalidArgument: There is no such mode, or objects have none such.
        """
        if not isinstance(mode, str):
            raise TypeError(f"a mode is text, not {type(mode).__name__}")
        letters = _MODES.get(mode)
        if letters is None:
            why = ": objects are read, or written whole" if set(mode) & {"a", "+"} else ""
            raise InvalidArgument(f"no mode for a file of an object: {mode!r}{why}")
        return cls(mode, "r" in letters, "x" in letters, "b" in letters)
