"""Rows that count their changes: one is changed only where it is what the caller saw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from storage_stream.images.errors import PreconditionFailed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    import sqlalchemy as sa

__all__ = ["at_revision", "check_revision"]


def at_revision(
    table: sa.Table, record_id: UUID, revision: int | None
) -> list[sa.ColumnElement[bool]]:
    """Which row, and at which revision: for the statement that changes it, so that none is between.

    Args:
        table: It has `id` and `revision`.
        record_id: The row.
        revision: None for any.
    """
    is_it = table.c.id == record_id
    return [is_it] if revision is None else [is_it, table.c.revision == revision]


def check_revision(kind: str, row: Mapping[str, Any], revision: int | None) -> None:
    """See that a row is at a revision.

    Args:
        kind: What it is, for the message.
        row: With its `id` and `revision`.
        revision: None for any.

    Raises:
        PreconditionFailed: It is at another one.
    """
    if revision is not None and row["revision"] != revision:
        raise PreconditionFailed(kind, row["id"], revision=row["revision"])
