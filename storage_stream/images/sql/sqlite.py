"""What is SQLite's own: how a connection begins, its transactions, its write-ahead log."""

from __future__ import annotations

import sqlite3
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection

from storage_stream._shielding import to_its_end
from storage_stream.images.errors import DatabaseFailed

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    import aiosqlite
    import sqlalchemy as sa
    from sqlalchemy.ext.asyncio import AsyncEngine

__all__ = ["BUSY_SECONDS", "prepare_sqlite", "sqlite_transaction", "switches_to_wal"]

BUSY_SECONDS = 60
"""How long one process waits for another that writes."""
_WRITES = "storage_stream_writes"


def prepare_sqlite(engine: AsyncEngine) -> None:
    """Have its connections check foreign keys, wait for others, and begin as what they are."""
    event.listen(engine.sync_engine, "connect", _connected)
    event.listen(engine.sync_engine, "begin", _begun)


@asynccontextmanager
async def sqlite_transaction(
    engine: AsyncEngine, *, writes: bool
) -> AsyncGenerator[AsyncConnection]:
    """A transaction; leaving the block with an exception undoes it.

    Each step is carried out to its end when the task is cancelled, which learns of it then. SQLite
    works in a thread that cannot be interrupted: a connection that was left in the middle of a
    step would keep its lock, and nobody could write any more.
    """
    connection = _WholeSteps(engine)
    try:
        await to_its_end(connection.start())
        await connection.execution_options(**{_WRITES: writes})
        await to_its_end(connection.begin().start())
        yield connection
        await to_its_end(connection.commit())
    finally:
        if connection.sync_connection is not None:
            await to_its_end(connection.close())


async def switches_to_wal(engine: AsyncEngine) -> bool:
    """Whether the write-ahead log is on now; False where another process is just at it.

    Raises:
        DatabaseFailed: It is no database.
    """
    async with engine.connect() as connection:
        # Past SQLAlchemy, which would begin a transaction, in which the mode cannot be changed.
        raw = (await connection.get_raw_connection()).driver_connection
        driver = cast("aiosqlite.Connection", raw)
        try:
            await driver.execute_fetchall("PRAGMA journal_mode=WAL")
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
                return False
            raise DatabaseFailed(f"{type(error).__name__}: {error}") from error
        return True


class _WholeSteps(AsyncConnection):
    """A connection whose statements are carried out to their end."""

    async def execute(self, *arguments: Any, **keywords: Any) -> sa.CursorResult[Any]:
        """See `AsyncConnection`."""
        return await to_its_end(super().execute(*arguments, **keywords))


def _connected(connection: Any, record: object) -> None:
    """Let SQLAlchemy begin transactions itself; check foreign keys, wait for who writes."""
    del record
    connection.isolation_level = None
    cursor = connection.cursor()
    busy = f"busy_timeout={BUSY_SECONDS * 1000}"
    for pragma in ("foreign_keys=ON", busy, "case_sensitive_like=ON"):  # as of PostgreSQL
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begun(connection: sa.Connection) -> None:
    """A writer begins as one: a reader that turns into a writer is refused where another wrote."""
    is_writer = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writer else "BEGIN")
