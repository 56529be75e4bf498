"""Converters count their changes, so that nobody changes one that is not what he saw."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Those that are there begin at 1."""
    op.add_column(
        "image_converters",
        sa.Column("revision", sa.Integer(), nullable=False, server_default="1"),
    )


def downgrade() -> None:
    """Forget the count."""
    op.drop_column("image_converters", "revision")
