"""What callers give, whose type nobody has checked, as what is expected, or an error."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, cast

from storage_stream.images.errors import ValidationError
from storage_stream.images.naming import ORIGINAL

__all__ = [
    "checked_count",
    "checked_extension",
    "checked_metadata",
    "checked_name",
    "checked_span",
    "checked_version_name",
    "known_words",
    "mapping_of",
    "sequence_of",
]

_JOINERS = "\u200c\u200d"
_MAX_NAME = 200
_MAX_EXTENSION = 16
_MAX_JSON_BYTES = 1024 * 1024
"""Of one row's metadata, or of a converter's settings: a gallery shows a thousand of them."""
_MAX_JSON_DEPTH = 100
"""Mappings and lists inside each other; readers of JSON give up at a few hundred."""
_MAX_SPAN = 10.0**5
"""Of days, or of seconds: a moment so far away is still one that databases know."""


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
    if not isinstance(given, str) or not 1 <= len(given) <= _MAX_NAME or not _is_shown(given):
        what = f"1 to {_MAX_NAME} printable signs"
        raise ValidationError(f"{what} are expected, not {given!r:.80}", field=where)
    return given


def _is_shown(text: str) -> bool:
    """Whether it can be seen, in one line; spaces of any width, and what joins signs, are so, too.

    Names of photographs of screens have narrow spaces, Persian words and families of emoji joiners.
    """
    unusual = (sign for sign in text if not sign.isprintable())
    return all(sign in _JOINERS or unicodedata.category(sign) == "Zs" for sign in unusual)


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
    if len(text) > _MAX_JSON_BYTES:
        raise ValidationError(f"at most {_MAX_JSON_BYTES} bytes are allowed", field=where)
    copied: dict[str, Any] = json.loads(text)
    _check_depth(copied, where)
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


def checked_count(given: object, where: str) -> int:
    """A whole number from 1 on.

    Raises:
        ValidationError: It is none.
    """
    if not isinstance(given, int) or isinstance(given, bool) or given < 1:
        what = "a whole number from 1 on is expected"
        raise ValidationError(f"{what}, not {given!r:.80}", field=where)
    return given


def checked_span(given: object, where: str, *, allow_zero: bool = False) -> float:
    """A number of seconds, or of days, that a clock can be asked about.

    Raises:
        ValidationError: It is none, or 0 where that is not allowed.
    """
    is_number = isinstance(given, (int, float)) and not isinstance(given, bool)
    if not is_number or not 0 <= cast("float", given) <= _MAX_SPAN:  # which NaN is not, either
        what = f"a number from 0 to {_MAX_SPAN:g} is expected"
        raise ValidationError(f"{what}, not {given!r:.80}", field=where)
    if given == 0 and not allow_zero:
        raise ValidationError("more than 0 is needed", field=where)
    return float(cast("float", given))


def _check_depth(value: object, where: str) -> None:
    level = [value]
    for _ in range(_MAX_JSON_DEPTH):
        level = [inner for each in level for inner in _containers(each)]
    if level:
        raise ValidationError(f"it is nested deeper than {_MAX_JSON_DEPTH}", field=where)


def _containers(value: object) -> list[object]:
    """The mappings and lists right inside one."""
    is_mapping = isinstance(value, dict)
    inside = (
        cast("dict[str, object]", value).values() if is_mapping else cast("list[object]", value)
    )
    return [each for each in inside if isinstance(each, (dict, list))]
