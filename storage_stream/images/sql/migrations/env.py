"""Where Alembic begins: the connection is the one it is called with, never one of its own."""

from alembic import context

from storage_stream.images.sql.schema import metadata

VERSION_TABLE = "images_alembic_version"  # the application's own migrations keep their own


def run() -> None:
    """Go through the steps that are missing, inside the caller's transaction."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=metadata,
        version_table=VERSION_TABLE,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
