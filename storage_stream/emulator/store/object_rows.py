"""The tables of object generations and bodies: rows in, values out.

Names are stored as bytes, so that they sort as the service lists them: by UTF-8.
Every function takes a connection and runs inside the caller's transaction, or on the reader.
"""

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

from storage_stream.emulator.store.records import Body, ObjectRecord, ObjectState

COLUMNS = (
    "bucket,name,generation,state,metageneration,body_id,size,crc32c,md5,component_count,"
    "created_us,updated_us,deleted_us,hard_delete_us,metadata,key_sha256"
)
_SELECT = f"SELECT {COLUMNS} FROM objects"  # noqa: S608 - constant columns


def find_live(connection: sqlite3.Connection, bucket: str, name: str) -> ObjectRecord | None:
    """Return the live generation, `None` when there is none."""
    statement = f"{_SELECT} WHERE bucket = ? AND name = ? AND state = 0"
    row = connection.execute(statement, (bucket, name.encode())).fetchone()
    return None if row is None else record(row)


def find_generation(
    connection: sqlite3.Connection, bucket: str, name: str, generation: int
) -> ObjectRecord | None:
    """Return that generation in whatever state, `None` when it is not kept."""
    statement = f"{_SELECT} WHERE bucket = ? AND name = ? AND generation = ?"
    row = connection.execute(statement, (bucket, name.encode(), generation)).fetchone()
    return None if row is None else record(row)


def put_object(connection: sqlite3.Connection, item: ObjectRecord) -> None:
    """Insert the generation, or replace its row."""
    connection.execute(
        f"INSERT OR REPLACE INTO objects ({COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",  # noqa: S608 - constant columns
        (
            item.bucket,
            item.name.encode(),
            item.generation,
            int(item.state),
            item.metageneration,
            item.body_id,
            item.size,
            item.crc32c,
            item.md5,
            item.component_count,
            item.created_us,
            item.updated_us,
            item.deleted_us,
            item.hard_delete_us,
            json.dumps(item.metadata),
            item.key_sha256,
        ),
    )


def delete_generation(connection: sqlite3.Connection, item: ObjectRecord) -> None:
    """Remove the generation's row; its body may become one that no row names."""
    connection.execute(
        "DELETE FROM objects WHERE bucket = ? AND name = ? AND generation = ?",
        (item.bucket, item.name.encode(), item.generation),
    )


def put_body(connection: sqlite3.Connection, body: Body) -> None:
    """Insert the body's row if it has none yet."""
    connection.execute(
        "INSERT OR IGNORE INTO bodies (id, size, content) VALUES (?,?,?)",
        (body.id, body.size, body.content),
    )


def body_content(connection: sqlite3.Connection, body_id: int) -> bytes | None:
    """Return the bytes of a small body, `None` when they are a file."""
    row = connection.execute("SELECT content FROM bodies WHERE id = ?", (body_id,)).fetchone()
    content: bytes | None = row[0]
    return content


def drop_unnamed_bodies(connection: sqlite3.Connection, body_ids: Iterable[int]) -> list[int]:
    """Remove the rows of bodies that no object and no part names; return those that were files."""
    files: list[int] = []
    for body_id in body_ids:
        row = connection.execute(
            "DELETE FROM bodies WHERE id = :id"
            " AND NOT EXISTS (SELECT 1 FROM objects WHERE body_id = :id)"
            " AND NOT EXISTS (SELECT 1 FROM multipart_parts WHERE body_id = :id)"
            " RETURNING content IS NULL",
            {"id": body_id},
        ).fetchone()
        if row is not None and row[0]:
            files.append(body_id)
    return files


def any_object(connection: sqlite3.Connection, bucket: str) -> bool:
    """Return whether the bucket holds an object that is not soft-deleted."""
    statement = "SELECT 1 FROM objects WHERE bucket = ? AND state <> ? LIMIT 1"
    row = connection.execute(statement, (bucket, int(ObjectState.SOFT_DELETED))).fetchone()
    return row is not None


def record(row: tuple[Any, ...]) -> ObjectRecord:
    """Return the value of a row with the columns in `COLUMNS`."""
    values = list(row)
    values[1] = row[1].decode()
    values[3] = ObjectState(row[3])
    values[14] = json.loads(row[14])
    return ObjectRecord(*values)


def delete_soft_deleted(connection: sqlite3.Connection, bucket: str, released: list[int]) -> None:
    """Remove what is left of an empty bucket; its bodies are added to `released`."""
    rows = connection.execute("DELETE FROM objects WHERE bucket = ? RETURNING body_id", (bucket,))
    released.extend(row[0] for row in rows.fetchall())
