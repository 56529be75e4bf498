"""The tables of multipart uploads and their parts: rows in, values out.

Every function takes a connection and runs inside the caller's transaction, or on the reader.
"""

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

from storage_stream.emulator.store.records import MultipartPart, MultipartUpload

_UPLOAD = "upload_id,bucket,name,started_us,metadata,key_sha256"
_PART = "number,body_id,size,crc32c,md5,stored_us"


def find_upload(connection: sqlite3.Connection, upload_id: str) -> MultipartUpload | None:
    """Return the upload, `None` when it never was or is over."""
    statement = f"SELECT {_UPLOAD} FROM multipart_uploads WHERE upload_id = ?"  # noqa: S608 - constant columns
    row = connection.execute(statement, (upload_id,)).fetchone()
    return None if row is None else _upload(row)


def put_upload(connection: sqlite3.Connection, upload: MultipartUpload) -> None:
    """Insert the upload."""
    connection.execute(
        f"INSERT INTO multipart_uploads ({_UPLOAD}) VALUES (?,?,?,?,?,?)",  # noqa: S608 - constant columns
        (
            upload.upload_id,
            upload.bucket,
            upload.name.encode(),
            upload.started_us,
            json.dumps(upload.metadata),
            upload.key_sha256,
        ),
    )


def list_uploads(
    connection: sqlite3.Connection, bucket: str, *, prefix: bytes, after: tuple[bytes, str]
) -> Iterator[MultipartUpload]:
    """Give the bucket's uploads by name and age, those behind `after`."""
    rows = connection.execute(
        f"SELECT {_UPLOAD} FROM multipart_uploads WHERE bucket = ? AND (name, upload_id) > (?, ?)"  # noqa: S608 - constant columns
        " AND substr(name, 1, ?) = ? ORDER BY name, upload_id",
        (bucket, *after, len(prefix), prefix),
    )
    return map(_upload, rows)


def delete_upload(connection: sqlite3.Connection, upload_id: str) -> list[int]:
    """Remove the upload and its parts; return the bodies these leave."""
    connection.execute("DELETE FROM multipart_uploads WHERE upload_id = ?", (upload_id,))
    rows = connection.execute(
        "DELETE FROM multipart_parts WHERE upload_id = ? RETURNING body_id", (upload_id,)
    )
    return [row[0] for row in rows.fetchall()]


def delete_uploads_of(connection: sqlite3.Connection, bucket: str) -> list[int]:
    """Remove all uploads of a bucket; return the bodies they leave."""
    rows = connection.execute("SELECT upload_id FROM multipart_uploads WHERE bucket = ?", (bucket,))
    left: list[int] = []
    for (upload_id,) in rows.fetchall():
        left += delete_upload(connection, upload_id)
    return left


def put_part(
    connection: sqlite3.Connection, upload_id: str, part: MultipartPart
) -> MultipartPart | None:
    """Insert the part; return the one of the same number that it replaces."""
    replaced = find_part(connection, upload_id, part.number)
    connection.execute(
        f"INSERT OR REPLACE INTO multipart_parts (upload_id,{_PART}) VALUES (?,?,?,?,?,?,?)",  # noqa: S608 - constant columns
        (
            upload_id,
            part.number,
            part.body_id,
            part.size,
            part.crc32c,
            part.md5,
            part.stored_us,
        ),
    )
    return replaced


def find_part(connection: sqlite3.Connection, upload_id: str, number: int) -> MultipartPart | None:
    """Return one part."""
    statement = f"SELECT {_PART} FROM multipart_parts WHERE upload_id = ? AND number = ?"  # noqa: S608 - constant columns
    row = connection.execute(statement, (upload_id, number)).fetchone()
    return None if row is None else MultipartPart(*row)


def list_parts(
    connection: sqlite3.Connection, upload_id: str, *, after: int = 0, limit: int = -1
) -> list[MultipartPart]:
    """Return the parts by number, those behind `after`; all without a `limit`."""
    rows = connection.execute(
        f"SELECT {_PART} FROM multipart_parts WHERE upload_id = ? AND number > ?"  # noqa: S608 - constant columns
        " ORDER BY number LIMIT ?",
        (upload_id, after, limit),
    )
    return [MultipartPart(*row) for row in rows]


def _upload(row: tuple[Any, ...]) -> MultipartUpload:
    upload_id, bucket, name, started_us, metadata, key_sha256 = row
    return MultipartUpload(
        upload_id, bucket, name.decode(), started_us, json.loads(metadata), key_sha256
    )
