"""The table of HMAC keys: rows in, values out.

The secret is kept in the clear, because a signature cannot be verified without it.
"""

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from storage_stream.emulator.store.records import Json

ACTIVE, INACTIVE, DELETED = "ACTIVE", "INACTIVE", "DELETED"
_COLUMNS = "access_id,project,secret,resource"


@dataclass(frozen=True, slots=True)
class HmacKey:
    """One HMAC key. `resource` is what the JSON API shows of it."""

    access_id: str
    project: str
    secret: str
    resource: Json

    @property
    def state(self) -> str:
        """`ACTIVE`, `INACTIVE` or `DELETED`."""
        return str(self.resource["state"])


def find_key(connection: sqlite3.Connection, access_id: str) -> HmacKey | None:
    """Return the key, `None` when there is none."""
    statement = f"SELECT {_COLUMNS} FROM hmac_keys WHERE access_id = ?"  # noqa: S608 - constant columns
    row = connection.execute(statement, (access_id,)).fetchone()
    return None if row is None else _key(row)


def active_secret(connection: sqlite3.Connection, access_id: str) -> str | None:
    """Return the secret of a key that may sign."""
    key = find_key(connection, access_id)
    return key.secret if key is not None and key.state == ACTIVE else None


def list_keys(connection: sqlite3.Connection, project: str) -> list[HmacKey]:
    """Return the keys of a project by access id."""
    statement = f"SELECT {_COLUMNS} FROM hmac_keys WHERE project = ? ORDER BY access_id"  # noqa: S608 - constant columns
    return [_key(row) for row in connection.execute(statement, (project,))]


def put_key(connection: sqlite3.Connection, key: HmacKey) -> None:
    """Insert the key, or replace its row."""
    connection.execute(
        f"INSERT OR REPLACE INTO hmac_keys ({_COLUMNS}) VALUES (?,?,?,?)",  # noqa: S608 - constant columns
        (key.access_id, key.project, key.secret, json.dumps(key.resource)),
    )


def _key(row: tuple[Any, ...]) -> HmacKey:
    access_id, project, secret, resource = row
    return HmacKey(access_id, project, secret, json.loads(resource))
