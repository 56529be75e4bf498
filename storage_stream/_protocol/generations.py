"""Generations as callers give them: as numbers, or in the spelling of the service's JSON.

A resource says `"generation": "1700000000000000"`, for JSON's numbers would lose its last digits.
Compared as it is, such a text would be another generation than the number in an answer's header.
"""

from __future__ import annotations

from typing import Any

from storage_stream._protocol.http import parse_number
from storage_stream.errors import InvalidArgument

__all__ = ["generation_number", "named_generation"]


def generation_number(value: Any, what: str = "generation") -> int | None:
    """The number that a caller means; None stands for the live generation.

    Args:
        value: What the caller gave.
        what: How the caller named it.

    Raises:
        InvalidArgument: It is no number, or negative.
    """
    number = parse_number(value) if isinstance(value, str) else value
    if value is not None and (type(number) is not int or number < 0):
        raise InvalidArgument(f"{what}={value!r}: a number, as the service gave it")
    return number


def named_generation(value: Any, what: str = "generation") -> int:
    """The number that a caller means, where one must be named.

    Raises:
        InvalidArgument: It is none, no number, or negative.
    """
    number = generation_number(value, what)
    if number is None:
        raise InvalidArgument(f"{what}=None: say which one")
    return number
