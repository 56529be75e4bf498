"""What the services for files, converters and images have in common: rows by id, and lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from storage_stream.images.errors import NotFound
from storage_stream.images.identifiers import Id, as_id, as_ids
from storage_stream.images.sql.queries import in_pieces

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage_stream.images.rows import Dicts, Page
    from storage_stream.images.sql.database import Database
    from storage_stream.images.sql.queries import Columns, Conditions, Shown

__all__ = ["Records"]


class Records:
    """Rows of one table.

    Attributes:
        kind: What a row is, for messages.
        shown: What callers see of it.
    """

    kind: str
    shown: Shown

    def __init__(self, database: Database) -> None:
        self._database = database

    async def exists(self, id: Id) -> bool:  # noqa: A002 - as all methods of the services name it
        """Whether there is such a row."""
        return bool(await self._m_get(id, "id"))

    async def list(
        self,
        conditions: Conditions | None = None,
        sort: str | Sequence[str] | None = None,
        offset: int = 0,
        limit: int = 10,
        columns: Columns = "*",
    ) -> Page:
        """Rows that fulfil conditions.

        Args:
            conditions: By column: a value, a list of values, or a mapping from `gt`, `ge`, `lt`,
                `le`, `ne` or `like` to a value. All of them have to hold.
            sort: Columns, `-name` for descending; None for the order in which they were stored.
            offset: Rows to leave out.
            limit: Rows to give, at most 1000.
            columns: Which columns come back.

        Raises:
            ValidationError: There is no such column, or no such page.
        """
        async with self._database.reading() as connection:
            return await self.shown.page(connection, conditions, sort, offset, limit, columns)

    async def _get(self, record_id: Id, columns: Columns) -> dict[str, Any]:
        found = await self._m_get(record_id, "*" if columns is None else columns)
        if not found:
            raise NotFound(self.kind, as_id(record_id))
        return self._one(found, None) if columns is None else found[0]

    async def _m_get(self, ids: Id | Sequence[Id], columns: Columns) -> Dicts:
        wanted = as_ids(ids)
        chosen = self.shown.chosen(columns)
        key = self.shown.table.c.id
        rows: dict[Any, dict[str, Any]] = {}
        async with self._database.reading() as connection:
            for some in in_pieces(wanted):
                asked = sa.select(key.label("_key"), *chosen).where(key.in_(some))
                for row in (await connection.execute(asked)).mappings():
                    rows[row["_key"]] = {name: row[name] for name in row if name != "_key"}
        return [rows[each] for each in wanted if each in rows] if columns is not None else []

    def _one(self, rows: Sequence[dict[str, Any]], columns: Columns) -> dict[str, Any]:
        """A row as it was asked for; an empty one where none was asked for."""
        narrowed = self.shown.narrowed(rows, columns)
        return narrowed[0] if narrowed else {}
