"""What may not be is refused by the database itself; migrations build what the code expects."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from storage_stream.images import Conflict, Database, DatabaseFailed, ValidationError
from storage_stream.images.sql.schema import files, images, metadata

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def file_row(file_id: UUID, **changes: Any) -> dict[str, Any]:
    row = {"id": file_id, "name": "a", "state": "empty", "metadata": {}, "timestamp": NOW}
    return {**row, **changes}


def image_row(file_id: UUID, **changes: Any) -> dict[str, Any]:
    image_id = uuid4()
    row = {"id": image_id, "file_id": file_id, "correlation_id": image_id, "revision": 0}
    return {**row, "metadata": {}, "timestamp": NOW, **changes}


async def put(database: Database, table: sa.Table, row: dict[str, Any]) -> None:
    async with database.writing() as connection:
        await connection.execute(sa.insert(table).values(**row))


async def count(database: Database) -> int:
    async with database.reading() as connection:
        asked = sa.select(sa.func.count()).select_from(images)
        return int((await connection.execute(asked)).scalar_one())


async def test_seven_rows_that_may_not_be(database: Database) -> None:
    file_id = uuid4()
    await put(database, files, file_row(file_id))
    original = image_row(file_id)
    await put(database, images, original)
    of = {"original_id": original["id"], "correlation_id": original["id"]}
    version = image_row(file_id, version="preview", revision=1, **of)
    await put(database, images, version)
    wrong = {
        "version without original": image_row(file_id, version="preview"),
        "original of an original": image_row(file_id, **of),
        "version called original": image_row(file_id, version="original", revision=1, **of),
        "same revision twice": image_row(file_id, version="preview", revision=1, **of),
        "unknown original": image_row(file_id, version="x", revision=1, original_id=uuid4()),
        "unknown file": image_row(uuid4()),
        "another gallery": image_row(file_id, version="x", revision=1, original_id=original["id"]),
    }
    for what, row in wrong.items():
        with pytest.raises(Conflict):
            await put(database, images, row)
        assert await count(database) == 2, what
    with pytest.raises(Conflict):
        async with database.writing() as connection:
            await connection.execute(sa.delete(files).where(files.c.id == file_id))
    async with database.writing() as connection:
        await connection.execute(sa.delete(images).where(images.c.id == original["id"]))
    assert await count(database) == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "nonsense"},
        {"state": "ready"},
        {"state": "pending", "bucket": "b", "object_name": "o"},
        {"state": "empty", "owner": uuid4(), "lease_until": NOW},
    ],
)
async def test_files_in_states_that_cannot_be(database: Database, changes: dict[str, Any]) -> None:
    with pytest.raises(Conflict):
        await put(database, files, file_row(uuid4(), **changes))


async def test_moments_keep_their_zone(database: Database) -> None:
    await put(database, files, file_row(uuid4()))
    async with database.reading() as connection:
        found = (await connection.execute(sa.select(files.c.timestamp))).scalar_one()
    assert found == NOW
    assert found.utcoffset() is not None


async def test_migrations_build_the_schema_of_the_code(empty_database_url: str) -> None:
    async with Database(empty_database_url) as database:

        def differences(connection: sa.Connection) -> list[Any]:
            context = MigrationContext.configure(
                connection, opts={"version_table": "images_alembic_version"}
            )
            return list(compare_metadata(context, metadata))

        async with database.engine.connect() as connection:
            assert await connection.run_sync(differences) == []


async def test_several_processes_migrate_at_once(empty_database_url: str) -> None:
    async def begin() -> None:
        async with Database(empty_database_url) as database:
            assert await count(database) == 0

    await asyncio.gather(*(begin() for _ in range(8)))


@pytest.mark.parametrize(
    "url",
    ["nonsense", "mysql+aiomysql://localhost/x", "sqlite+aiosqlite://", "sqlite:///x.db"],
)
def test_other_databases(url: str) -> None:
    with pytest.raises(ValidationError):
        Database(url)


async def test_a_server_that_is_not_there_and_a_secret_that_stays_one() -> None:
    database = Database("postgresql+asyncpg://me:hidden-word@127.0.0.1:1/x")
    with pytest.raises(DatabaseFailed) as caught:
        await database.migrate()
    assert "hidden-word" not in str(caught.value)
    await database.close()
