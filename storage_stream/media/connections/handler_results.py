"""What handlers of the caller's may return. Pure."""

from __future__ import annotations

import operator
from typing import Any, cast

__all__ = ["checked_bytes", "checked_position"]

_LAST_POSITION = 2**63 - 1  # libvips counts bytes in 64 bits with a sign


def checked_position(given: Any) -> int:
    """A position that libvips can count with; it would print and forget any other.

    Raises:
        TypeError: It is no number.
        OSError: It is negative, or too large.
    """
    try:
        position = operator.index(given)
    except TypeError:
        raise TypeError(
            f"a seek handler returns the new position, not {type(given).__name__}"
        ) from None
    if not 0 <= position <= _LAST_POSITION:
        raise OSError(f"the seek handler returned {position}, which is no position")
    return position


def checked_bytes(given: Any, wanted: int) -> memoryview:
    """What a read handler gave; None is nothing.

    Args:
        given: What it returned.
        wanted: Bytes that it was asked for at most.

    Raises:
        TypeError: It is no bytes.
        ValueError: It is more than it was asked for.
    """
    if given is None:
        return memoryview(b"")
    if not isinstance(given, bytes | bytearray | memoryview):
        raise TypeError(f"a read handler returns bytes, not {type(given).__name__}")
    view = memoryview(cast("bytes", given)).cast("B")
    if len(view) > wanted:
        raise ValueError(
            f"the read handler was asked for at most {wanted} bytes, and returned {len(view)}:"
            " keep the rest for the next call"
        )
    return view
