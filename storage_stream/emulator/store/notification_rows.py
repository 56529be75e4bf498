"""The table of notification configurations: rows in, values out."""

import json
import sqlite3

from storage_stream.emulator.store.records import Json


def add(connection: sqlite3.Connection, bucket: str, resource: Json) -> int:
    """Insert a configuration; return its number, which no other of the bucket has."""
    statement = "SELECT coalesce(max(id), 0) + 1 FROM notifications WHERE bucket = ?"
    number = int(connection.execute(statement, (bucket,)).fetchone()[0])
    connection.execute(
        "INSERT INTO notifications (bucket, id, resource) VALUES (?,?,?)",
        (bucket, number, json.dumps(resource)),
    )
    return number


def list_of(connection: sqlite3.Connection, bucket: str) -> list[tuple[int, Json]]:
    """Return the bucket's configurations with their numbers."""
    statement = "SELECT id, resource FROM notifications WHERE bucket = ? ORDER BY id"
    return [(number, json.loads(text)) for number, text in connection.execute(statement, (bucket,))]


def delete(connection: sqlite3.Connection, bucket: str, number: int) -> bool:
    """Remove a configuration; return whether there was one."""
    statement = "DELETE FROM notifications WHERE bucket = ? AND id = ?"
    return connection.execute(statement, (bucket, number)).rowcount > 0


def delete_of(connection: sqlite3.Connection, bucket: str) -> None:
    """Remove all configurations of a bucket."""
    connection.execute("DELETE FROM notifications WHERE bucket = ?", (bucket,))
