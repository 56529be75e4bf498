"""Conditions, order, pages and columns as callers give them, made into SQL. It knows no table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa

from storage_stream.images.checks import known_words
from storage_stream.images.errors import ValidationError
from storage_stream.images.identifiers import as_optional_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage_stream.images.rows import Page

__all__ = ["MAX_ON_PAGE", "Columns", "Conditions", "Shown", "checked_page", "in_pieces"]

Columns = str | Sequence[str] | None
"""Which columns come back: `*` for all, a name, several names, None for no rows at all."""
Conditions = Mapping[str, Any]
"""By column: a value, several (any of them), or `{"gt"|"ge"|"lt"|"le"|"ne"|"like": value}`."""

MAX_ON_PAGE = 1000
"""Rows of one answer."""
_MAX_INTEGER = 2**63 - 1
_MAX_SMALLER = 2**31 - 1
_PARAMETERS = 900
"""Values in one statement; SQLite has taken 999 since its beginning."""
_COMPARED: dict[str, Callable[[Any, Any], Any]] = {
    "gt": lambda column, value: column > value,
    "ge": lambda column, value: column >= value,
    "lt": lambda column, value: column < value,
    "le": lambda column, value: column <= value,
    "ne": lambda column, value: column.is_distinct_from(value),
    "like": lambda column, value: column.like(value),
}


@dataclass(frozen=True)
class Shown:
    """What callers see of a table.

    Attributes:
        table: The table.
        names: Its columns for callers, in their order.
        order: Columns that a list is sorted by unless it is said otherwise.
    """

    table: sa.Table
    names: tuple[str, ...]
    order: tuple[str, ...]

    def chosen(self, columns: Columns) -> list[sa.Column[Any]]:
        """The columns to ask for.

        Raises:
            ValidationError: There is no such column.
        """
        if columns is None or columns == "*":
            return [self.table.c[name] for name in self.names]
        names = [columns] if isinstance(columns, str) else list(columns)
        return [self._column(name, "columns") for name in names]

    def narrowed(self, rows: Iterable[Mapping[str, Any]], columns: Columns) -> list[dict[str, Any]]:
        """Rows with the columns that were asked for; none for None."""
        if columns is None:
            return []
        names = [column.name for column in self.chosen(columns)]
        return [{name: row[name] for name in names} for row in rows]

    def where(self, conditions: Conditions | None) -> list[sa.ColumnElement[bool]]:
        """What rows have to fulfil.

        Raises:
            ValidationError: There is no such column, or no such comparison.
        """
        if conditions is None:
            return []
        found: list[sa.ColumnElement[bool]] = []
        for name, wanted in conditions.items():
            column = self._column(name, "conditions")
            found.extend(self._compared(column, wanted))
        return found

    def sorted_by(self, sort: str | Sequence[str] | None) -> list[sa.ColumnElement[Any]]:
        """The order of a list: names of columns, `-name` for the last first."""
        names = self.order if sort is None else [sort] if isinstance(sort, str) else list(sort)
        found: list[sa.ColumnElement[Any]] = []
        for name in names:
            column = self._column(name.removeprefix("-"), "sort")
            found.append(column.desc() if name.startswith("-") else column.asc())
        last = self.table.c["number"] if "number" in self.table.c else self.table.c["id"]
        return [*found, last.asc()]

    async def page(
        self,
        connection: AsyncConnection,
        conditions: Conditions | None,
        sort: str | Sequence[str] | None,
        offset: int,
        limit: int,
        columns: Columns,
    ) -> Page:
        """A part of the rows that fulfil the conditions.

        Raises:
            ValidationError: There is no such column, or no such page.
        """
        checked_page(offset, limit)
        where = self.where(conditions)
        counting = sa.select(sa.func.count()).select_from(self.table).where(*where)
        count = int((await connection.execute(counting)).scalar_one())
        asked = sa.select(*self.chosen(columns)).where(*where).order_by(*self.sorted_by(sort))
        rows = (await connection.execute(asked.offset(offset).limit(limit))).mappings()
        data = [dict(row) for row in rows] if columns is not None else []
        return {
            "count": count,
            "offset": offset,
            "page": offset // limit + 1,
            "pages": ceil(count / limit),
            "on_page": limit,
            "data": data,
        }

    def _column(self, name: object, field: str) -> sa.Column[Any]:
        known = {*self.names, *self.order}
        if not isinstance(name, str) or name not in known:
            raise ValidationError(f"there is no column {name!r:.80}", field=field)
        return self.table.c[name]

    def _compared(self, column: sa.Column[Any], wanted: Any) -> list[sa.ColumnElement[bool]]:
        field = f"conditions.{column.name}"
        if isinstance(column.type, sa.JSON):
            raise ValidationError("metadata cannot be compared", field=field)
        if isinstance(wanted, Mapping):
            pairs = known_words(cast("object", wanted), field, set(_COMPARED))
            return [_COMPARED[word](column, _value(column, each)) for word, each in pairs.items()]
        if isinstance(wanted, (list, tuple, set, frozenset)):
            values: list[Any] = list(cast("Iterable[Any]", wanted))
            return [column.in_([_value(column, each) for each in values])]
        value = _value(column, wanted)
        return [column.is_(None) if value is None else column == value]


def checked_page(offset: int, limit: int) -> None:
    """That there can be such a part of a list.

    Raises:
        ValidationError: There cannot.
    """
    if not 0 <= offset <= _MAX_INTEGER:
        raise ValidationError(f"it is 0 to {_MAX_INTEGER}, not {offset}", field="offset")
    if not 1 <= limit <= MAX_ON_PAGE:
        raise ValidationError(f"it is 1 to {MAX_ON_PAGE}, not {limit}", field="limit")


def in_pieces(ids: Sequence[Any], size: int = _PARAMETERS) -> list[Sequence[Any]]:
    """What is too much for one statement, in parts."""
    return [ids[start : start + size] for start in range(0, len(ids), size)]


def _value(column: sa.Column[Any], value: Any) -> Any:
    field = f"conditions.{column.name}"
    if isinstance(column.type, sa.Uuid):
        return as_optional_id(value, field)
    expected = column.type.python_type
    if value is not None and (not isinstance(value, expected) or isinstance(value, bool)):
        raise ValidationError(f"{expected.__name__} is expected, not {value!r:.80}", field=field)
    most = _MAX_INTEGER if isinstance(column.type, sa.BigInteger) else _MAX_SMALLER
    if isinstance(value, int) and abs(value) > most:
        raise ValidationError("it is more than a database can hold", field=field)
    if isinstance(value, str) and not _is_text(value):
        raise ValidationError("a NUL, or half of a pair of surrogates, is no text", field=field)
    return value


def _is_text(value: str) -> bool:
    """Whether PostgreSQL can be asked for it."""
    try:
        return b"\0" not in value.encode()
    except UnicodeEncodeError:
        return False
