"""Files, images and converters."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make all three."""
    _files()
    _images()
    op.create_table(
        "image_converters",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("cls", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("settings", _JSON, nullable=False),
        sa.Column("timestamp", _TIME, nullable=False),
        sa.UniqueConstraint("name", name="image_converters_name"),
    )


def downgrade() -> None:
    """Drop all three; objects stay in their bucket."""
    op.drop_table("image_converters")
    op.drop_table("images")
    op.drop_table("image_files")


def _files() -> None:
    op.create_table(
        "image_files",
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
        sa.Column("lease_until", _TIME),
        sa.Column("timestamp", _TIME, nullable=False),
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
    )
    op.create_index("image_files_leases", "image_files", ["lease_until"])


def _images() -> None:
    op.create_table(
        "images",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Text()),
        sa.Column("correlation_id", sa.Uuid(), nullable=False),
        sa.Column("original_id", sa.Uuid()),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("metadata", _JSON, nullable=False),
        sa.Column("timestamp", _TIME, nullable=False),
        sa.UniqueConstraint("id", name="images_id"),
        sa.UniqueConstraint("id", "correlation_id", name="images_id_in_gallery"),
        sa.UniqueConstraint("original_id", "version", "revision", name="images_one_revision"),
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
        sqlite_autoincrement=True,
    )
    op.create_index("images_gallery", "images", ["correlation_id", "number"])
    op.create_index("images_files", "images", ["file_id"])
