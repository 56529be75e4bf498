"""What a seek handler of the caller's may return. Pure."""

from __future__ import annotations

import operator
from typing import Any

__all__ = ["checked_position"]

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
