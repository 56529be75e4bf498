"""What a run of many has done, in an SQLite file that outlives the process.

A row is written when an item is done and before that is told, so that a run which is killed goes
on with the rest. What is in it is believed only as long as both sides look as they did then: it
spares the transfer, and never stands for it. It holds names and numbers, no key and no token.
SQLite blocks: all of it happens in threads.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
import time
from typing import TYPE_CHECKING

from storage_stream._transfer.journal_pages import JournalPage, Key, Remembered, next_size
from storage_stream._transfer.many_items import Action
from storage_stream.errors import InvalidArgument
from storage_stream.pipeline.source import run_blocking

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from storage_stream._transfer.many_items import Item
    from storage_stream._transfer.many_work import Done

__all__ = ["Journal"]

_APPLICATION_ID = 0x53534A31  # "SSJ1", so that another program's database is told from ours
_VERSION = 1
_BUSY_SECONDS = 10.0  # another run may be writing to the same file
_TABLE = """
CREATE TABLE IF NOT EXISTS done (
    action TEXT NOT NULL,
    source TEXT NOT NULL,
    target TEXT NOT NULL,
    size INTEGER,
    generation INTEGER,
    mtime_ns INTEGER,
    PRIMARY KEY (action, source, target)
) WITHOUT ROWID
"""
_LOOK = (
    "SELECT source, target, size, generation, mtime_ns FROM done"
    " WHERE action=? AND (source, target) >= (?, ?) ORDER BY source, target LIMIT ?"
)
_WRITE = "INSERT OR REPLACE INTO done VALUES (?, ?, ?, ?, ?, ?)"
_REMEMBERED = frozenset({Action.DOWNLOAD, Action.UPLOAD, Action.COPY})


class Journal:
    """The file.

    Args:
        path: Made if it is not there. It can be kept for further runs, or deleted after one.
        now: A clock, in seconds.
    """

    def __init__(
        self, path: str | os.PathLike[str], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._path = os.fspath(path)
        self._now = now
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._page: JournalPage | None = None
        self._was_new = False  # then nobody asks it: all that is in it was done by this very run

    async def open(self) -> None:
        """Open it.

        Raises:
            InvalidArgument: It is something else.
            OSError: It cannot be opened.
        """
        await run_blocking(self._open)

    async def holds(self, item: Item) -> bool:
        """Whether an item was done, and both sides are as far as can be seen as they were then.

        Raises:
            OSError: It cannot be read.
        """
        if self._was_new or item.action not in _REMEMBERED:
            return False
        key = _key(item)
        page = self._page
        if page is None or not page.covers(key, self._now()):
            page = await run_blocking(self._read_page, key, next_size(page))
            self._page = page
        row = page.take(key)
        return row is not None and _is_as_then(item, row)

    async def record(self, batch: Sequence[tuple[Item, Done]]) -> None:
        """Write down what was done.

        Raises:
            OSError: It cannot be written; `filename` is the journal's.
        """
        await run_blocking(self._record, batch)

    async def close(self) -> None:
        """Close it. Idempotent."""
        self._page = None
        await run_blocking(self._close)

    def _open(self) -> None:
        with self._lock:
            try:
                self._connection = self._connected()
            except sqlite3.OperationalError as error:
                raise OSError(f"the journal {self._path} cannot be opened: {error}") from error
            except (sqlite3.DatabaseError, UnicodeError) as error:  # damage tells of itself in both
                raise InvalidArgument(f"{self._path} is no journal") from error

    def _connected(self) -> sqlite3.Connection:
        # Threads take turns by our lock. Transactions are begun by `with`.
        connection = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, check_same_thread=False)
        try:
            self._check(connection)
            # WAL: a transaction costs no fsync, and what it wrote survives the process.
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            with connection:
                connection.execute(f"PRAGMA application_id={_APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version={_VERSION}")
                connection.execute(_TABLE)
            self._was_new = connection.execute("SELECT 1 FROM done LIMIT 1").fetchone() is None
        except BaseException:
            connection.close()
            raise
        return connection

    def _check(self, connection: sqlite3.Connection) -> None:
        mark = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        is_empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
        if not is_empty and (mark, version) != (_APPLICATION_ID, _VERSION):
            raise InvalidArgument(f"{self._path} is no journal of this version")

    def _read_page(self, first: Key, size: int) -> JournalPage:
        with self._lock:
            assert self._connection is not None  # noqa: S101 - it was opened
            try:
                found = self._connection.execute(_LOOK, (*first, size)).fetchall()
            except (sqlite3.Error, UnicodeError) as error:
                raise OSError(f"the journal {self._path} cannot be read: {error}") from error
        rows: dict[Key, Remembered] = {}
        for source, target, length, generation, mtime_ns in found:
            key = first[0], source, target
            rows[key] = Remembered(length, generation, mtime_ns, _look_at(key))
        return JournalPage(first, size, rows, self._now())

    def _record(self, batch: Sequence[tuple[Item, Done]]) -> None:
        rows = [
            (
                *_key(item),
                *(done.size, _source_generation(item, done), done.mtime_ns),
            )
            for item, done in batch
            if item.action in _REMEMBERED
        ]
        with self._lock:
            assert self._connection is not None  # noqa: S101 - it was opened
            try:
                with self._connection:
                    self._connection.executemany(_WRITE, rows)
            except (sqlite3.Error, OverflowError) as error:
                is_full = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
                number = errno.ENOSPC if is_full else errno.EIO
                why = f"the journal cannot be written: {error}"
                raise OSError(number, why, self._path) from error

    def _close(self) -> None:
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()


def _key(item: Item) -> Key:
    return item.action.value, _stored(item.source_name), _stored(item.target_name)


def _stored(name: str) -> str | bytes:
    """A name as SQLite takes it: a path may have bytes that are no text."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return os.fsencode(name)
    return name


def _source_generation(item: Item, done: Done) -> int | None:
    return item.generation if item.action is Action.COPY else done.result.generation


def _look_at(key: Key) -> tuple[int, int] | None:
    """Size and time of change of the file of a row, where it has one. Blocks."""
    action, source, target = key
    if action == Action.COPY.value:
        return None
    try:
        found = os.stat(target if action == Action.DOWNLOAD.value else source)  # noqa: PTH116 - once for every object
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def _is_as_then(item: Item, row: Remembered) -> bool:
    """The file has the size and time it had; the objects that were listed are those of then."""
    if item.expected is not None and (
        item.action is not Action.UPLOAD or item.expected != row.generation
    ):
        return False  # the target was looked at, and is none that this made
    if item.action is not Action.UPLOAD and item.generation not in {None, row.generation}:
        return False
    if item.action is Action.COPY:
        return item.generation is not None
    return row.is_same_file
