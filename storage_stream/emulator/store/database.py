"""SQLite: connections, schema, and commits that are cheap without being unsafe.

Statements run on the event loop's thread: a point read or a small transaction takes tens of
microseconds, while a hand-over to a thread costs more than that and, under load, waits for the
interpreter lock after every statement. Only the commit of a durable store, which waits for the
disk, goes to a thread; the changes that arrive meanwhile form the next commit together.

It refuses to know what the tables mean.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar, cast

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

SCHEMA_VERSION = 2
SCHEMA = """
CREATE TABLE buckets (
  name TEXT PRIMARY KEY, generation INTEGER NOT NULL, metageneration INTEGER NOT NULL,
  created_us INTEGER NOT NULL, updated_us INTEGER NOT NULL,
  metadata TEXT NOT NULL, policy TEXT NOT NULL, policy_version INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE bodies (id INTEGER PRIMARY KEY, size INTEGER NOT NULL, content BLOB);
CREATE TABLE objects (
  bucket TEXT NOT NULL, name BLOB NOT NULL, generation INTEGER NOT NULL,
  state INTEGER NOT NULL, metageneration INTEGER NOT NULL, body_id INTEGER NOT NULL,
  size INTEGER NOT NULL, crc32c INTEGER NOT NULL, md5 BLOB, component_count INTEGER,
  created_us INTEGER NOT NULL, updated_us INTEGER NOT NULL,
  deleted_us INTEGER, hard_delete_us INTEGER, metadata TEXT NOT NULL, key_sha256 TEXT,
  PRIMARY KEY (bucket, name, generation)
);
CREATE UNIQUE INDEX live_objects ON objects (bucket, name) WHERE state = 0;
CREATE INDEX soft_deleted_objects ON objects (hard_delete_us) WHERE state = 2;
CREATE INDEX objects_by_body ON objects (body_id);
CREATE INDEX objects_by_generation ON objects (generation);
CREATE TABLE sessions (
  upload_id TEXT PRIMARY KEY, bucket TEXT NOT NULL, name BLOB NOT NULL, state INTEGER NOT NULL,
  body_id INTEGER NOT NULL, received_bytes INTEGER NOT NULL, total_bytes INTEGER,
  started_us INTEGER NOT NULL, request TEXT NOT NULL, generation INTEGER
) WITHOUT ROWID;
CREATE TABLE rewrites (
  token TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, rewritten_bytes INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE multipart_uploads (
  upload_id TEXT PRIMARY KEY, bucket TEXT NOT NULL, name BLOB NOT NULL,
  started_us INTEGER NOT NULL, metadata TEXT NOT NULL, key_sha256 TEXT
) WITHOUT ROWID;
CREATE INDEX multipart_uploads_by_name ON multipart_uploads (bucket, name, upload_id);
CREATE TABLE multipart_parts (
  upload_id TEXT NOT NULL, number INTEGER NOT NULL, body_id INTEGER NOT NULL,
  size INTEGER NOT NULL, crc32c INTEGER NOT NULL, md5 BLOB NOT NULL, stored_us INTEGER NOT NULL,
  PRIMARY KEY (upload_id, number)
) WITHOUT ROWID;
CREATE INDEX multipart_parts_by_body ON multipart_parts (body_id);
CREATE TABLE hmac_keys (
  access_id TEXT PRIMARY KEY, project TEXT NOT NULL, secret TEXT NOT NULL, resource TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE notifications (
  bucket TEXT NOT NULL, id INTEGER NOT NULL, resource TEXT NOT NULL, PRIMARY KEY (bucket, id)
) WITHOUT ROWID;
"""


class Database:
    """The metadata of one folder.

    Args:
        path: the database file; made when it is missing.
        durable: each commit waits for the disk, in a thread.
    """

    def __init__(self, path: Path, *, durable: bool) -> None:
        self._path = path
        self._durable = durable
        self._waiting: list[_Waiting] = []
        self._committer: asyncio.Task[None] | None = None
        self._writer: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None

    @property
    def reader(self) -> sqlite3.Connection:
        """The connection for statements that change nothing; it sees what was committed."""
        if self._reader is None:
            raise RuntimeError("The database is not open.")
        return self._reader

    def open(self) -> None:
        """Open both connections and make the tables when they are missing.

        Raises:
            RuntimeError: the folder was written by another version of the emulator.
        """
        self._writer = self._connect()
        version = self._writer.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            self._writer.executescript(f"BEGIN;{SCHEMA}PRAGMA user_version={SCHEMA_VERSION};COMMIT")
        elif version != SCHEMA_VERSION:
            self._writer.close()
            raise RuntimeError(f"{self._path} has schema {version}, not {SCHEMA_VERSION}.")
        self._reader = self._connect()

    async def close(self) -> None:
        """Finish the commits under way and close."""
        if self._committer is not None:
            await self._committer
        for connection in (self._reader, self._writer):
            if connection is not None:
                connection.close()
        self._reader = self._writer = None

    async def transact(self, work: Work[T]) -> T:
        """Run `work` alone in a transaction and return its result once that is committed.

        An exception of `work` undoes what it did and is raised here. Cancelling does not undo:
        the change may or may not be committed, as with a request whose client went away.
        """
        if not self._durable:
            return self._run_and_commit(work)
        loop = asyncio.get_running_loop()
        waiting = _Waiting(work, loop.create_future())
        self._waiting.append(waiting)
        if self._committer is None:
            self._committer = loop.create_task(self._commit_groups())
        return cast("T", await waiting.future)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode=WAL")
        # Without fsync a commit lives in the kernel's page cache: safe from kill -9.
        connection.execute(f"PRAGMA synchronous={'FULL' if self._durable else 'OFF'}")
        return connection

    def _open_writer(self) -> sqlite3.Connection:
        if self._writer is None:
            raise RuntimeError("The database is not open.")
        return self._writer

    def _run_and_commit(self, work: Work[T]) -> T:
        writer = self._open_writer()
        writer.execute("BEGIN IMMEDIATE")
        try:
            result = work(writer)
            writer.execute("COMMIT")
        except BaseException:
            writer.execute("ROLLBACK")
            raise
        return result

    async def _commit_groups(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting, []
            await self._commit_group(group)
        self._committer = None

    async def _commit_group(self, group: "list[_Waiting]") -> None:
        writer = self._open_writer()
        try:
            writer.execute("BEGIN IMMEDIATE")
            for waiting in group:
                waiting.run(writer)
            await asyncio.to_thread(writer.execute, "COMMIT")
        except sqlite3.Error as error:
            if writer.in_transaction:
                writer.execute("ROLLBACK")
            for waiting in group:
                waiting.fail(error)
        for waiting in group:
            waiting.settle()


class _Waiting:
    """One change that waits for its group's commit."""

    def __init__(self, work: Work[object], future: "asyncio.Future[object]") -> None:
        self._work = work
        self.future: asyncio.Future[object] = future
        self._result: object = None
        self._error: Exception | None = None

    def run(self, writer: sqlite3.Connection) -> None:
        try:
            with _savepoint(writer):
                self._result = self._work(writer)
        except Exception as error:  # noqa: BLE001 - handed to the caller by settle()
            self._error = error

    def fail(self, error: Exception) -> None:
        self._error = error

    def settle(self) -> None:
        if self.future.done():  # the caller was cancelled
            return
        if self._error is not None:
            self.future.set_exception(self._error)
        else:
            self.future.set_result(self._result)


@contextmanager
def _savepoint(writer: sqlite3.Connection) -> Generator[None, None, None]:
    writer.execute("SAVEPOINT one")
    try:
        yield
    except BaseException:
        writer.execute("ROLLBACK TO one")
        writer.execute("RELEASE one")
        raise
    writer.execute("RELEASE one")
