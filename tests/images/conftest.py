"""The services on both databases: SQLite in a file, and a PostgreSQL that runs for the session."""

import asyncio
import itertools
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from images_house import House
from sqlalchemy.ext.asyncio import create_async_engine

from storage_stream import Storage
from storage_stream.images import ConverterService, Database, FileService, ImageService
from storage_stream.testing.emulator_handle import EmulatorHandle

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Callable[[str], str]]:
    """A server of our own; gives the address of a database by its name."""
    from images_postgres import running_postgres  # noqa: PLC0415 - not where there is none

    with running_postgres() as host:
        yield lambda name: f"postgresql+asyncpg://postgres@/{name}?host={host}"


@pytest.fixture(scope="session")
def postgres_tables(postgres: Callable[[str], str]) -> str:
    """The name of a database with all tables."""
    asyncio.run(_run(postgres("postgres"), "CREATE DATABASE tables"))
    asyncio.run(_migrate(postgres("tables")))
    return "tables"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with all tables, to be copied."""
    file = tmp_path_factory.mktemp("template") / "tables.db"
    asyncio.run(_migrate(f"sqlite+aiosqlite:///{file}"))
    return file


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with empty tables, of either kind."""
    if request.param == "sqlite":
        file = tmp_path / "images.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), file)
        return f"sqlite+aiosqlite:///{file}"
    postgres: Callable[[str], str] = request.getfixturevalue("postgres")
    url = postgres(request.getfixturevalue("postgres_tables"))
    asyncio.run(_run(url, "TRUNCATE images, image_files, image_converters, image_galleries"))
    return url


@pytest.fixture
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path, database_url: str) -> str:
    """A database without any table, of the same kind."""
    if database_url.startswith("sqlite"):
        return f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}"
    postgres: Callable[[str], str] = request.getfixturevalue("postgres")
    name = f"empty_{next(_NUMBERS)}"
    asyncio.run(_run(postgres("postgres"), f"CREATE DATABASE {name}"))
    return postgres(name)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url) as opened:
        yield opened


@pytest.fixture
async def house(
    database: Database, storage: Storage, gcs: EmulatorHandle, gcs_bucket: str
) -> AsyncIterator[House]:
    """All services, and what they left at the end is told by the test."""
    files = FileService(database, storage, gcs_bucket)
    converters = ConverterService(database, files)
    async with ImageService(database, files, converters) as images:
        yield House(storage, database, files, converters, images, gcs, gcs_bucket)


async def _run(url: str, statement: str) -> None:
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(sa.text(statement))
    await engine.dispose()


async def _migrate(url: str) -> None:
    async with Database(url):
        pass
