"""What callers give, whose type nobody has checked, as what is expected, or an error."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from storage_stream.images.errors import ValidationError
from storage_stream.images.naming import ORIGINAL

__all__ = [
    "checked_extension",
    "checked_metadata",
    "checked_name",
    "checked_version_name",
    "known_words",
    "mapping_of",
    "sequence_of",
]

_MAX_NAME = 200
_MAX_EXTENSION = 16


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


def checked_name(given: object, where: str) -> str:
    """A name that can be shown in one line.

    Raises:
        ValidationError: It is none.
    """
    if not isinstance(given, str) or not 1 <= len(given) <= _MAX_NAME or not given.isprintable():
        what = f"1 to {_MAX_NAME} printable signs"
        raise ValidationError(f"{what} are expected, not {given!r:.80}", field=where)
    return given


def checked_extension(value: str | None, where: str) -> str | None:
    """An extension without its dot, of letters and digits; it becomes part of an object's name.

    Raises:
        ValidationError: It is something else.
    """
    if value is None:
        return None
    plain = value.removeprefix(".")
    if not (plain.isascii() and plain.isalnum() and len(plain) <= _MAX_EXTENSION):
        what = f"1 to {_MAX_EXTENSION} letters and digits"
        raise ValidationError(f"{what} are expected, not {value!r:.80}", field=where)
    return plain


def checked_metadata(given: object, where: str) -> dict[str, Any]:
    """A copy of what a row's metadata can be: a mapping that JSON can hold; None is `{}`.

    Raises:
        ValidationError: It is none.
    """
    if given is None:
        return {}
    words = mapping_of(given, where)
    try:
        text = json.dumps(words, allow_nan=False, ensure_ascii=False)
        text.encode()  # half of a pair of surrogates is no text
    except (TypeError, ValueError, RecursionError) as error:
        raise ValidationError(f"JSON cannot hold it: {error}", field=where) from None
    if "\\u0000" in text.replace("\\\\", ""):
        raise ValidationError("PostgreSQL cannot hold a NUL", field=where)
    copied: dict[str, Any] = json.loads(text)
    return copied


def checked_version_name(given: object, where: str) -> str:
    """A version's name, which is not the one that galleries have for the original itself.

    Raises:
        ValidationError: It cannot be.
    """
    name = checked_name(given, where)
    if name == ORIGINAL:
        raise ValidationError(f"{ORIGINAL!r} is what galleries call the original", field=where)
    return name
