"""Conditions as callers give them, made into SQL: what cannot be compared is told, not asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa

from storage_stream.images.checks import known_words
from storage_stream.images.errors import ValidationError
from storage_stream.images.identifiers import as_id
from storage_stream.images.sql.schema import UtcTimestamp

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Conditions", "compared"]

Conditions = Mapping[str, Any]
"""By column: a value, several (any of them), or `{"gt"|"ge"|"lt"|"le"|"ne"|"like": value}`."""

_MAX_INTEGER = 2**63 - 1
_MAX_SMALLER = 2**31 - 1
_MAX_VALUES = 1000
"""In one condition: drivers take 32 766 values in a statement, and there may be many conditions."""
_COMPARED: dict[str, Callable[[Any, Any], Any]] = {
    "gt": lambda column, value: column > value,
    "ge": lambda column, value: column >= value,
    "lt": lambda column, value: column < value,
    "le": lambda column, value: column <= value,
    "ne": lambda column, value: column.is_distinct_from(value),
    # The escape is PostgreSQL's own; SQLite has none unless it is told.
    "like": lambda column, value: column.like(value, escape="\\"),
}


def compared(column: sa.Column[Any], wanted: object) -> list[sa.ColumnElement[bool]]:
    """What a row has to fulfil for one column.

    Raises:
        ValidationError: The column cannot be compared, or not with that.
    """
    field = f"conditions.{column.name}"
    if isinstance(column.type, sa.JSON):
        raise ValidationError("metadata cannot be compared", field=field)
    if isinstance(wanted, Mapping):
        pairs = known_words(cast("object", wanted), field, set(_COMPARED))
        return [_by_word(column, word, value, field) for word, value in pairs.items()]
    if isinstance(wanted, (list, tuple, set, frozenset)):
        return [_any_of(column, list(cast("Iterable[Any]", wanted)), field)]
    return [_equal(column, wanted, field)]


def _by_word(
    column: sa.Column[Any], word: str, value: object, field: str
) -> sa.ColumnElement[bool]:
    if value is None and word != "ne":
        raise ValidationError(f"{word} compares with a value, not with None", field=field)
    if word == "like" and not isinstance(column.type, sa.Text):
        raise ValidationError("only text can be like something", field=field)
    checked = _value(column, value, field)
    if word == "like" and (len(checked) - len(checked.rstrip("\\"))) % 2:
        raise ValidationError("a pattern cannot end with the escape", field=field)
    found: sa.ColumnElement[bool] = _COMPARED[word](column, checked)
    return found


def _any_of(column: sa.Column[Any], wanted: list[Any], field: str) -> sa.ColumnElement[bool]:
    if len(wanted) > _MAX_VALUES:
        what = f"at most {_MAX_VALUES} values are allowed, not {len(wanted)}"
        raise ValidationError(what, field=field)
    found = column.in_([_value(column, each, field) for each in wanted if each is not None])
    return sa.or_(found, column.is_(None)) if None in wanted else found


def _equal(column: sa.Column[Any], wanted: object, field: str) -> sa.ColumnElement[bool]:
    return column.is_(None) if wanted is None else column == _value(column, wanted, field)


def _value(column: sa.Column[Any], value: Any, field: str) -> Any:
    if value is None:
        return None
    if isinstance(column.type, sa.Uuid):
        return as_id(value, field)
    if isinstance(column.type, UtcTimestamp):
        return _moment(value, field)
    expected = column.type.python_type
    if not isinstance(value, expected) or isinstance(value, bool):
        raise ValidationError(f"{expected.__name__} is expected, not {value!r:.80}", field=field)
    most = _MAX_INTEGER if isinstance(column.type, sa.BigInteger) else _MAX_SMALLER
    if isinstance(value, int) and abs(value) > most:
        raise ValidationError("it is more than a database can hold", field=field)
    if isinstance(value, str) and not _is_text(value):
        raise ValidationError("a NUL, or half of a pair of surrogates, is no text", field=field)
    return value


def _moment(value: object, field: str) -> datetime:
    if not isinstance(value, datetime):
        raise ValidationError(f"a datetime is expected, not {value!r:.80}", field=field)
    try:
        return value.astimezone(UTC)
    except (OverflowError, ValueError):
        raise ValidationError(f"{value!r:.80} is no moment in UTC", field=field) from None


def _is_text(value: str) -> bool:
    """Whether PostgreSQL can be asked for it."""
    try:
        return b"\0" not in value.encode()
    except UnicodeEncodeError:
        return False
