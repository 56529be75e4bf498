"""Lists as callers ask for them, made into SQL: order, pages, columns. It knows no table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from storage_stream.images.checks import mapping_of, sequence_of
from storage_stream.images.errors import ValidationError
from storage_stream.images.sql.conditions import Conditions, compared

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage_stream.images.rows import Page, Part

__all__ = ["MAX_ON_PAGE", "Columns", "Conditions", "Shown", "checked_page", "in_pieces", "part_of"]

Columns = str | Sequence[str] | None
"""Which columns come back: `*` for all, a name, several names, None for no rows at all."""

MAX_ON_PAGE = 1000
"""Rows of one answer."""
_MAX_OFFSET = 2**63 - 1
_PARAMETERS = 900
"""Values in one statement; SQLite has taken 999 since its beginning."""


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
        names = dict.fromkeys(self._checked(columns, "columns", self.names))
        return [self.table.c[name] for name in names]

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
        for name, wanted in mapping_of(conditions, "conditions").items():
            self._check(name, "conditions", self.names)
            found.extend(compared(self.table.c[name], wanted))
        return found

    def sorted_by(self, sort: str | Sequence[str] | None) -> list[sa.ColumnElement[Any]]:
        """The order of a list: names of columns, `-name` for the last first.

        Raises:
            ValidationError: There is no such column, or it has no order.
        """
        known = [name for name in self.names if not isinstance(self.table.c[name].type, sa.JSON)]
        names = self.order if sort is None else self._checked(sort, "sort", [*known, *self.order])
        found: list[sa.ColumnElement[Any]] = []
        for name in names:
            column = self.table.c[name.removeprefix("-")]
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
        where, order = self.where(conditions), self.sorted_by(sort)
        key = self.table.c.id.label("_key")  # so that something is asked for, whatever is chosen
        asked = sa.select(key, *self.chosen(columns)).where(*where).order_by(*order)
        counting = sa.select(sa.func.count()).select_from(self.table).where(*where)
        count = int((await connection.execute(counting)).scalar_one())
        rows = (await connection.execute(asked.offset(offset).limit(limit))).mappings()
        data = self.narrowed([dict(row) for row in rows], columns)
        return {**part_of(count, offset, limit), "data": data}

    def _checked(
        self, given: str | Sequence[str], field: str, known: Sequence[str]
    ) -> Sequence[str]:
        names = [given] if isinstance(given, str) else sequence_of(given, field)
        for name in names:
            plain = name.removeprefix("-") if field == "sort" and isinstance(name, str) else name
            self._check(plain, field, known)
        return names

    def _check(self, name: object, field: str, known: Sequence[str]) -> None:
        if not isinstance(name, str) or name not in known:
            raise ValidationError(f"there is no column {name!r:.80}", field=field)


def checked_page(offset: object, limit: object) -> None:
    """That there can be such a part of a list.

    Raises:
        ValidationError: There cannot.
    """
    for field, given, low, high in (
        ("offset", offset, 0, _MAX_OFFSET),
        ("limit", limit, 1, MAX_ON_PAGE),
    ):
        if not isinstance(given, int) or isinstance(given, bool) or not low <= given <= high:
            raise ValidationError(f"it is {low} to {high}, not {given!r:.80}", field=field)


def part_of(count: int, offset: int, limit: int) -> Part:
    """Which part of a list it is that begins there; see `Part`."""
    return {
        "count": count,
        "offset": offset,
        "page": offset // limit + 1,
        "pages": ceil(count / limit),
        "on_page": limit,
    }


def in_pieces(ids: Sequence[Any], size: int = _PARAMETERS) -> list[Sequence[Any]]:
    """What is too much for one statement, in parts."""
    return [ids[start : start + size] for start in range(0, len(ids), size)]
