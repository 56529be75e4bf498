"""The table of resumable sessions: rows in, values out.

Every function takes a connection and runs inside the caller's transaction, or on the reader.
"""

import json
import sqlite3

from storage_stream.emulator.store.records import SessionRecord, SessionState

_COLUMNS = (
    "upload_id,bucket,name,state,body_id,received_bytes,total_bytes,started_us,request,generation"
)


def find_session(connection: sqlite3.Connection, upload_id: str) -> SessionRecord | None:
    """Return the session in whatever state, `None` when it never was."""
    statement = f"SELECT {_COLUMNS} FROM sessions WHERE upload_id = ?"  # noqa: S608 - constant columns
    row = connection.execute(statement, (upload_id,)).fetchone()
    if row is None:
        return None
    values = list(row)
    values[2] = row[2].decode()
    values[3] = SessionState(row[3])
    values[8] = json.loads(row[8])
    return SessionRecord(*values)


def put_session(connection: sqlite3.Connection, session: SessionRecord) -> None:
    """Insert the session, or replace its row."""
    connection.execute(
        f"INSERT OR REPLACE INTO sessions ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?)",  # noqa: S608 - constant columns
        (
            session.upload_id,
            session.bucket,
            session.name.encode(),
            int(session.state),
            session.body_id,
            session.received_bytes,
            session.total_bytes,
            session.started_us,
            json.dumps(session.request),
            session.generation,
        ),
    )


def expire_sessions(connection: sqlite3.Connection, started_before_us: int) -> list[int]:
    """Close the sessions that are too old; return the bodies they leave."""
    rows = connection.execute(
        "UPDATE sessions SET state = ? WHERE state = ? AND started_us < ? RETURNING body_id",
        (int(SessionState.REFUSED), int(SessionState.OPEN), started_before_us),
    )
    return [row[0] for row in rows.fetchall()]
