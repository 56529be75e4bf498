"""The history of the schema, for Alembic; `Database.migrate` runs it."""
