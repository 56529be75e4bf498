"""The tables, once, for SQLite and PostgreSQL: what may not be is refused by the database itself.

Migrations build it (`migrations/`); a test compares the two. It knows no query.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

__all__ = [
    "FILE_STATES",
    "UtcTimestamp",
    "converters",
    "files",
    "images",
    "metadata",
    "named_galleries",
]

FILE_STATES = ("empty", "uploading", "ready", "pending", "deleting")
"""empty: no content yet. uploading: its owner brings it. ready: its object is whole. pending: a
conversion is writing it. deleting: its object is being removed. All but empty and ready have an
owner, and a time after which somebody else may clean up."""


class UtcTimestamp(sa.TypeDecorator[datetime]):
    """A moment with its zone, which SQLite does not keep."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database, in UTC."""
        del dialect
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """From the database, in UTC."""
        del dialect
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # SQLite counts only INTEGER up

metadata = sa.MetaData()

files = sa.Table(
    "image_files",
    metadata,
    sa.Column("id", sa.Uuid(), primary_key=True),
    sa.Column("name", sa.Text(), nullable=False),
    sa.Column("extension", sa.Text()),
    sa.Column("state", sa.Text(), nullable=False),
    sa.Column("bucket", sa.Text()),
    sa.Column("object_name", sa.Text()),
    sa.Column("generation", sa.BigInteger()),
    sa.Column("content_type", sa.Text()),
    sa.Column("size", sa.BigInteger()),
    sa.Column("md5", sa.Text()),
    sa.Column("crc32c", sa.Text()),
    sa.Column("metadata", _JSON, nullable=False),
    sa.Column("owner", sa.Uuid()),
    sa.Column("lease_until", UtcTimestamp()),
    sa.Column("timestamp", UtcTimestamp(), nullable=False),
    sa.CheckConstraint(
        "state IN ('empty', 'uploading', 'ready', 'pending', 'deleting')",
        name="image_files_state",
    ),
    sa.CheckConstraint(
        "(state IN ('empty', 'ready')) = (owner IS NULL AND lease_until IS NULL)",
        name="image_files_owner",
    ),
    sa.CheckConstraint(
        "state = 'empty' OR (bucket IS NOT NULL AND object_name IS NOT NULL)",
        name="image_files_object",
    ),
    sa.UniqueConstraint("bucket", "object_name", name="image_files_one_object"),
    sa.Index("image_files_leases", "lease_until"),
)

images = sa.Table(
    "images",
    metadata,
    sa.Column("number", _NUMBER, primary_key=True, autoincrement=True),
    sa.Column("id", sa.Uuid(), nullable=False),
    sa.Column("version", sa.Text()),
    sa.Column("correlation_id", sa.Uuid(), nullable=False),
    sa.Column("original_id", sa.Uuid()),
    sa.Column("file_id", sa.Uuid(), nullable=False),
    sa.Column("revision", sa.Integer(), nullable=False),
    sa.Column("metadata", _JSON, nullable=False),
    sa.Column("timestamp", UtcTimestamp(), nullable=False),
    sa.UniqueConstraint("id", name="images_id"),
    sa.UniqueConstraint("id", "correlation_id", name="images_id_in_gallery"),
    sa.UniqueConstraint("original_id", "version", "revision", name="images_one_revision"),
    # A version is in its original's gallery, goes there with it, and goes away with it.
    sa.ForeignKeyConstraint(
        ["original_id", "correlation_id"],
        ["images.id", "images.correlation_id"],
        name="images_original",
        ondelete="CASCADE",
        onupdate="CASCADE",
    ),
    sa.ForeignKeyConstraint(
        ["file_id"], ["image_files.id"], name="images_file", ondelete="RESTRICT"
    ),
    sa.CheckConstraint("(version IS NULL) = (original_id IS NULL)", name="images_version_of"),
    sa.CheckConstraint("version <> 'original'", name="images_version_name"),
    sa.CheckConstraint("original_id <> id", name="images_not_itself"),
    sa.Index("images_gallery", "correlation_id", "number"),
    sa.Index("images_files", "file_id"),
    sqlite_autoincrement=True,
)

converters = sa.Table(
    "image_converters",
    metadata,
    sa.Column("id", sa.Uuid(), primary_key=True),
    sa.Column("cls", sa.Text(), nullable=False),
    sa.Column("name", sa.Text(), nullable=False),
    sa.Column("settings", _JSON, nullable=False),
    sa.Column("timestamp", UtcTimestamp(), nullable=False),
    sa.Column("revision", sa.Integer(), nullable=False, server_default="1"),
    sa.UniqueConstraint("name", name="image_converters_name"),
)

named_galleries = sa.Table(
    "image_galleries",
    metadata,
    sa.Column("id", sa.Uuid(), primary_key=True),
    sa.Column("name", sa.Text(), nullable=False),
    sa.Column("timestamp", UtcTimestamp(), nullable=False),
)
"""Galleries with a name. An image's gallery need not be here, and one here need have no image."""
