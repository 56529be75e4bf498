"""Ids as callers give them: UUIDs, or their text. What else comes in is told, not sent to SQL."""

from __future__ import annotations

import re
from collections.abc import Sequence
from uuid import UUID

from storage_stream.images.errors import ValidationError

__all__ = ["Id", "as_id", "as_ids", "as_optional_id"]

Id = UUID | str
"""What names a record."""

# Python reads more as a number: signs, underscores, the digits of all scripts.
_TEXT = re.compile(r"(urn:uuid:)?\{?[0-9a-fA-F-]{32,36}\}?")


def as_id(value: object, field: str = "id") -> UUID:
    """A UUID of a UUID or its text.

    Raises:
        ValidationError: It is neither.
    """
    if isinstance(value, UUID):
        return value
    if isinstance(value, str) and _TEXT.fullmatch(value):
        try:
            return UUID(value)
        except ValueError:
            pass  # told below, as everything else that is none
    raise ValidationError(f"a UUID or its text is expected, not {value!r:.80}", field=field)


def as_optional_id(value: object, field: str = "id") -> UUID | None:
    """The same, where None means none."""
    return None if value is None else as_id(value, field)


def as_ids(value: Id | Sequence[Id], field: str = "id") -> list[UUID]:
    """One id or several, as a list without repeats, in the order given.

    Raises:
        ValidationError: Any of them is none.
    """
    if isinstance(value, (UUID, str)) or not isinstance(value, Sequence):
        return [as_id(value, field)]
    return list(dict.fromkeys(as_id(each, field) for each in value))
