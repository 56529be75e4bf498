"""The table of buckets: rows in, values out.

Every function takes a connection and runs inside the caller's transaction, or on the reader.
"""

import json
import sqlite3
from typing import Any

from storage_stream.emulator.problems import ApiError
from storage_stream.emulator.store.records import BucketRecord

_COLUMNS = "name,generation,metageneration,created_us,updated_us,metadata,policy,policy_version"


def find_bucket(connection: sqlite3.Connection, name: str) -> BucketRecord | None:
    """Return the bucket, `None` when there is none."""
    statement = f"SELECT {_COLUMNS} FROM buckets WHERE name = ?"  # noqa: S608 - constant columns
    row = connection.execute(statement, (name,)).fetchone()
    return None if row is None else _record(row)


def get_bucket(connection: sqlite3.Connection, name: str) -> BucketRecord:
    """Return the bucket.

    Raises:
        ApiError: 404.
    """
    bucket = find_bucket(connection, name)
    if bucket is None:
        raise ApiError(404, "noSuchBucket", "The specified bucket does not exist.")
    return bucket


def list_buckets(
    connection: sqlite3.Connection, *, prefix: str, after: str, limit: int
) -> list[BucketRecord]:
    """Return at most `limit` buckets by name, those after `after` that start so."""
    statement = (
        f"SELECT {_COLUMNS} FROM buckets WHERE name > ? AND name >= ?"  # noqa: S608 - constant columns
        " AND substr(name, 1, ?) = ? ORDER BY name LIMIT ?"
    )
    rows = connection.execute(statement, (after, prefix, len(prefix), prefix, limit))
    return [_record(row) for row in rows]


def put_bucket(connection: sqlite3.Connection, bucket: BucketRecord) -> None:
    """Insert the bucket, or replace the row of the same name."""
    connection.execute(
        f"INSERT OR REPLACE INTO buckets ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?)",  # noqa: S608 - constant columns
        (
            bucket.name,
            bucket.generation,
            bucket.metageneration,
            bucket.created_us,
            bucket.updated_us,
            json.dumps(bucket.metadata),
            json.dumps(bucket.policy),
            bucket.policy_version,
        ),
    )


def delete_bucket(connection: sqlite3.Connection, name: str) -> None:
    """Remove the bucket's row."""
    connection.execute("DELETE FROM buckets WHERE name = ?", (name,))


def _record(row: tuple[Any, ...]) -> BucketRecord:
    values = list(row)
    values[5] = json.loads(row[5])
    values[6] = json.loads(row[6])
    return BucketRecord(*values)
