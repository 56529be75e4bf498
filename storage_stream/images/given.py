"""What callers give, whose type nobody has checked, as what is expected, or an error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from storage_stream.images.errors import ValidationError

__all__ = ["known_words", "mapping_of", "sequence_of"]


def mapping_of(given: object, field: str) -> dict[str, Any]:
    """A copy of a mapping by text.

    Raises:
        ValidationError: It is none.
    """
    if not isinstance(given, Mapping):
        raise ValidationError(f"a mapping is expected, not {given!r:.80}", field=field)
    found = dict(cast("Mapping[object, Any]", given))
    for name in found:
        if not isinstance(name, str):
            raise ValidationError(f"text is expected as a key, not {name!r:.80}", field=field)
    return cast("dict[str, Any]", found)


def known_words(given: object, field: str, known: set[str]) -> dict[str, Any]:
    """The same, with no other keys than these.

    Raises:
        ValidationError: It is no mapping, or has another key.
    """
    found = mapping_of(given, field)
    unknown = sorted(set(found) - known)
    if unknown:
        raise ValidationError(f"unknown: {unknown!r:.200}", field=field)
    return found


def sequence_of(given: object, field: str, what: str = "a list is expected") -> list[Any]:
    """A copy of a list or a tuple.

    Raises:
        ValidationError: It is none.
    """
    if not isinstance(given, Sequence) or isinstance(given, (str, bytes, bytearray)):
        raise ValidationError(f"{what}, not {given!r:.80}", field=field)
    return list(cast("Sequence[object]", given))
