"""The store: one folder with metadata in SQLite and bodies beside it.

It joins the database and the body files so that a row never names a body that is not whole, and
a body that nothing names goes away. It refuses to know HTTP.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from sqlite3 import Connection
from typing import TypeVar

from storage_stream.emulator.clock import Clock
from storage_stream.emulator.store import bucket_rows
from storage_stream.emulator.store.bodies import BodyFolder
from storage_stream.emulator.store.changes import Change, GenerationClock
from storage_stream.emulator.store.database import Database
from storage_stream.emulator.store.names import check_bucket_name
from storage_stream.emulator.store.object_rows import drop_unnamed_bodies
from storage_stream.emulator.store.records import Body, BucketRecord, Json

T = TypeVar("T")


class Store:
    """Everything one emulator keeps.

    Args:
        folder: where; made when it is missing. One process may use it at a time.
        durable: what is acknowledged survives a loss of power, not only the end of the process.
        create_buckets: a bucket that a request names is made if it is missing.
        soft_delete_seconds: the retention of deleted objects in buckets that ask for none.
        clock: what time it is; `None` takes the system's.
    """

    def __init__(
        self,
        folder: Path,
        *,
        durable: bool = False,
        create_buckets: bool = False,
        soft_delete_seconds: int = 0,
        clock: Clock | None = None,
    ) -> None:
        self._folder = folder
        self._create_buckets = create_buckets
        self._soft_delete_seconds = soft_delete_seconds
        self._database = Database(folder / "metadata.sqlite3", durable=durable)
        self.clock = clock or Clock()
        self._generations = GenerationClock(self.clock)
        self._lock: Connection | None = None
        self.durable = durable
        self.bodies = BodyFolder(folder, durable=durable)

    async def open(self) -> None:
        """Open the folder and mend what a killed process left.

        Raises:
            RuntimeError: another process uses the folder, or another version wrote it.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lock = _lock_folder(self._folder)
        try:
            self._database.open()
            await asyncio.to_thread(self.bodies.open, named=self._named_files())
        except BaseException:
            await self.close()
            raise
        # As new: a folder that was emptied remembers none, nor how far the clock was put forward.
        self._generations = GenerationClock(self.clock)
        self._generations.start_after(self._last_generation())

    async def close(self) -> None:
        """Finish what is being committed and let go of the folder."""
        await self._database.close()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    async def change(self, work: Callable[[Change], T]) -> T:
        """Run `work` in a transaction; see `Database.transact`."""

        def run(connection: Connection) -> tuple[T, list[int]]:
            change = Change(connection, self._generations)
            result = work(change)
            return result, drop_unnamed_bodies(connection, change.released)

        result, files = await self._database.transact(run)
        if files:
            await self.bodies.remove(files)
        return result

    async def change_with_body(self, body: Body, work: Callable[[Change], T]) -> T:
        """Run `work`, which gives `body` a name; when it fails the body goes away."""
        try:
            return await self.change(work)
        except Exception:
            if body.content is None:
                await self.bodies.remove([body.id])
            raise

    @property
    def reader(self) -> Connection:
        """The connection for reading what was committed."""
        return self._database.reader

    def has_bucket(self, name: str) -> bool:
        """Whether there is such a bucket; none is made."""
        return bucket_rows.find_bucket(self.reader, name) is not None

    async def bucket(self, name: str) -> BucketRecord:
        """Return the bucket, made now if it is missing and the store may.

        Raises:
            ApiError: 404; 400, it would have to be made but the name is not legal.
        """
        found = bucket_rows.find_bucket(self.reader, name)
        if found is None and self._create_buckets:
            check_bucket_name(name)
            return await self.change(lambda change: self._find_or_make(change, name))
        return bucket_rows.get_bucket(self.reader, name) if found is None else found

    def new_bucket(self, change: Change, name: str, metadata: Json) -> BucketRecord:
        """Insert a bucket; the caller has made sure that there is none of this name."""
        generation = change.clock.next()
        bucket = BucketRecord(
            name=name,
            generation=generation,
            metageneration=1,
            created_us=generation,
            updated_us=generation,
            metadata={**self._default_metadata(), **metadata},
            policy=default_policy(),
            policy_version=1,
        )
        bucket_rows.put_bucket(change.connection, bucket)
        return bucket

    def unfinished_sessions(self) -> int:
        """Return how many resumable sessions could still be continued."""
        row = self.reader.execute("SELECT count(*) FROM sessions WHERE state = 0").fetchone()
        return int(row[0])

    def unfinished_multipart_uploads(self) -> int:
        """Return how many multipart uploads are neither completed nor aborted."""
        row = self.reader.execute("SELECT count(*) FROM multipart_uploads").fetchone()
        return int(row[0])

    def _find_or_make(self, change: Change, name: str) -> BucketRecord:
        found = bucket_rows.find_bucket(change.connection, name)
        return found or self.new_bucket(change, name, {})

    def _default_metadata(self) -> Json:
        return {
            "location": "US",
            "storageClass": "STANDARD",
            "softDeletePolicy": {"retentionDurationSeconds": str(self._soft_delete_seconds)},
        }

    def _named_files(self) -> set[int]:
        rows = self.reader.execute(
            "SELECT id FROM bodies WHERE content IS NULL"
            " UNION SELECT body_id FROM sessions WHERE state = 0"
            " UNION SELECT max(id) FROM bodies HAVING max(id) IS NOT NULL"
        )
        return {row[0] for row in rows}

    def _last_generation(self) -> int:
        row = self.reader.execute(
            "SELECT max(coalesce((SELECT max(generation) FROM objects), 0),"
            " coalesce((SELECT max(generation) FROM buckets), 0))"
        ).fetchone()
        return int(row[0])


def default_policy() -> Json:
    """Return the IAM policy of a new bucket."""
    return {
        "bindings": [
            {"role": "roles/storage.legacyBucketOwner", "members": ["projectOwner:emulator"]},
            {"role": "roles/storage.legacyBucketReader", "members": ["projectViewer:emulator"]},
        ]
    }


def _lock_folder(folder: Path) -> Connection:
    # A held transaction is the one file lock that every platform has and that a kill releases.
    lock = sqlite3.connect(folder / "lock.sqlite3", timeout=0, isolation_level=None)
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        lock.close()
        raise RuntimeError(f"Another process uses the folder {folder}.") from error
    return lock
