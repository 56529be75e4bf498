"""The database behind the services: an engine, transactions, migrations. It knows no table.

SQLite is embedded and needs nothing; PostgreSQL serves many processes. Both are reached by
SQLAlchemy; what differs between them stands here and in `sqlite`, and nowhere else.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import create_async_engine

from storage_stream.images.errors import Conflict, DatabaseFailed, ValidationError
from storage_stream.images.sql.sqlite import (
    BUSY_SECONDS,
    prepare_sqlite,
    sqlite_transaction,
    switches_to_wal,
)
from storage_stream.media import ExtraMissing

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncGenerator, Callable
    from types import TracebackType

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

__all__ = ["Database", "utc_now"]

_MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK_OF_MIGRATIONS = 0x73746F72  # any number that nobody else takes for an advisory lock
_RETRY_SECONDS = 0.02


def utc_now() -> datetime:
    """The moment it is."""
    return datetime.now(UTC)


class Database:
    """Where the rows are.

        async with Database.sqlite("images.db") as database: ...
        async with Database("postgresql+asyncpg://user@host/name") as database: ...

    Entering brings the tables up to date; leaving closes all connections.

    Args:
        url: For SQLAlchemy: `sqlite+aiosqlite:///path` or `postgresql+asyncpg://…`; or its URL
            object.
        now: The clock, for timestamps and leases; machines that share a database should agree on
            the time to a few seconds.
        **engine_options: More arguments of `create_async_engine`, such as `pool_size`.

    Raises:
        ValidationError: Another kind of database, or SQLite in memory.
        ExtraMissing: Its driver is not installed.
    """

    def __init__(
        self, url: str | sa.URL, *, now: Callable[[], datetime] = utc_now, **engine_options: Any
    ) -> None:
        self.url = _checked(url)
        self.now = now
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._writes_one_by_one = asyncio.Lock()
        self._is_migrated = False
        try:
            self.engine: AsyncEngine = create_async_engine(self.url, **engine_options)
        except ModuleNotFoundError as error:
            raise ExtraMissing(f"{error.name} is missing: install storage-stream[images]") from None
        if self.is_sqlite:
            prepare_sqlite(self.engine)

    @classmethod
    def sqlite(cls, path: str | os.PathLike[str], **arguments: Any) -> Self:
        """The embedded database, in a file; it is made where there is none."""
        url = sa.URL.create("sqlite+aiosqlite", database=str(Path(path)))
        return cls(url, **arguments)

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncConnection]:
        """A transaction that changes nothing, and sees one state of everything.

        Raises:
            DatabaseFailed: The database did not do its work.
        """
        async with _translated():
            if self.is_sqlite:
                async with sqlite_transaction(self.engine, writes=False) as connection:
                    yield connection
                return
            async with self.engine.connect() as connection:
                await connection.execution_options(isolation_level="REPEATABLE READ")
                yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncGenerator[AsyncConnection]:
        """A transaction; leaving the block commits it, leaving with an exception undoes it.

        Of SQLite only one goes on at a time, the others wait for their turn.

        Raises:
            Conflict: The rows would contradict each other.
            DatabaseFailed: The database did not do its work.
        """
        async with _translated():
            if not self.is_sqlite:
                async with self.engine.begin() as connection:
                    yield connection
                return
            async with (
                self._writes_one_by_one,
                sqlite_transaction(self.engine, writes=True) as connection,
            ):
                yield connection

    async def migrate(self) -> None:
        """Bring the tables up to date; several processes may do so at once.

        Raises:
            DatabaseFailed: The database did not do its work.
        """
        if self.is_sqlite:
            await self._write_ahead()
        async with self.writing() as connection:
            if not self.is_sqlite:
                await connection.execute(
                    sa.select(sa.func.pg_advisory_xact_lock(_LOCK_OF_MIGRATIONS))
                )
            await connection.run_sync(_upgrade)
        self._is_migrated = True

    async def _write_ahead(self) -> None:
        """Let readers go on while one writes; the file remembers it.

        SQLite's own waiting does not cover this: where two switch at once, one of them is told at
        once that the database is locked (https://sqlite.org/wal.html, "Sometimes Queries Return
        SQLITE_BUSY In WAL Mode"), so it asks again.
        """
        async with _translated(), asyncio.timeout(BUSY_SECONDS):
            # Another process holds the lock: no event of ours can tell when it lets go.
            while not await switches_to_wal(self.engine):  # noqa: ASYNC110
                await asyncio.sleep(_RETRY_SECONDS)

    async def ensure_migrated(self) -> None:
        """The same, unless it was done before."""
        if not self._is_migrated:
            await self.migrate()

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()

    async def __aenter__(self) -> Self:
        try:
            await self.migrate()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


def _checked(given: str | sa.URL) -> sa.URL:
    try:
        url = sa.make_url(given)
    except ArgumentError:
        # Without the text: it may hold a password.
        raise ValidationError("it is no URL of a database", field="url") from None
    if url.drivername not in ("sqlite+aiosqlite", "postgresql+asyncpg"):
        kinds = "sqlite+aiosqlite and postgresql+asyncpg are known"
        raise ValidationError(f"{kinds}, not {url.drivername}", field="url")
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise ValidationError("a database in memory has no second connection", field="url")
    return url


@asynccontextmanager
async def _translated() -> AsyncGenerator[None]:
    try:
        yield
    except IntegrityError as error:
        raise Conflict(f"the database refused it: {error.orig}") from error
    except DBAPIError as error:
        raise DatabaseFailed(f"{type(error.orig).__name__}: {error.orig}") from error
    except CommandError as error:  # Alembic does not know the tables' revision
        what = "the tables are of a newer version of this package, or of another program"
        raise DatabaseFailed(f"{what}: {error}") from error
    except PoolTimeout as error:
        raise DatabaseFailed(f"no connection was free in time: {error}") from error
    except OSError as error:
        # asyncpg lets a refused connection through as it is; our own errors are none of these.
        if type(error).__module__ != "builtins":
            raise
        raise DatabaseFailed(f"the database cannot be reached: {error}") from error


def _upgrade(connection: sa.Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
