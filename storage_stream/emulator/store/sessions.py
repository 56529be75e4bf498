"""Resumable sessions: what has arrived, what is refused, and when an object comes out.

The rules of the protocol are here, without its headers and statuses of success.

https://cloud.google.com/storage/docs/resumable-uploads
"""

import asyncio
import secrets
from dataclasses import asdict, dataclass, field, replace

from storage_stream.emulator.clock import MICROSECONDS
from storage_stream.emulator.problems import ApiError
from storage_stream.emulator.store import bucket_rows
from storage_stream.emulator.store.changes import Change, insert_object
from storage_stream.emulator.store.checksums import ExpectedChecksums
from storage_stream.emulator.store.preconditions import Preconditions
from storage_stream.emulator.store.records import (
    Body,
    Json,
    ObjectRecord,
    ObjectState,
    SessionRecord,
    SessionState,
    part,
)
from storage_stream.emulator.store.session_body import SessionBody
from storage_stream.emulator.store.session_rows import expire_sessions, find_session, put_session
from storage_stream.emulator.store.store import Store


@dataclass(slots=True)
class LiveSession:
    """What this process knows of a session beyond its row: one request at a time, and its sums."""

    body: SessionBody
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Sessions:
    """All sessions of a store.

    Args:
        store: where they are kept.
        lifetime_seconds: after which one is gone.
    """

    def __init__(self, store: Store, lifetime_seconds: float) -> None:
        self._store = store
        self._lifetime_us = int(lifetime_seconds * MICROSECONDS)
        self._live: dict[str, LiveSession] = {}

    async def start(
        self, bucket: str, name: str, request: Json, total_bytes: int | None
    ) -> SessionRecord:
        """Open a session for an object; nothing is judged before it ends."""
        session = SessionRecord(
            upload_id=secrets.token_urlsafe(24),
            bucket=bucket,
            name=name,
            state=SessionState.OPEN,
            body_id=self._store.bodies.new_id(),
            received_bytes=0,
            total_bytes=total_bytes,
            started_us=self._store.clock.now_us(),
            request=request,
            generation=None,
        )

        def work(change: Change) -> list[int]:
            put_session(change.connection, session)
            return expire_sessions(change.connection, change.clock.now_us() - self._lifetime_us)

        await self._store.bodies.remove(await self._store.change(work))
        return session

    def live(self, session: SessionRecord) -> LiveSession:
        """Return the process's part of an open session."""
        known = self._live.get(session.upload_id)
        if known is None:
            path = self._store.bodies.new_path(session.body_id)
            known = LiveSession(SessionBody(path, durable=self._store.durable))
            self._live[session.upload_id] = known
        return known

    def get(self, upload_id: str) -> SessionRecord:
        """Return the session if it is open or finished.

        Raises:
            ApiError: 404, it never was; 410, it was cancelled or refused, or is too old.
        """
        session = find_session(self._store.reader, upload_id)
        if session is None:
            raise ApiError(404, "notFound", "No such upload session.", location="upload_id")
        too_old = session.started_us < self._store.clock.now_us() - self._lifetime_us
        closed = session.state in {SessionState.CANCELLED, SessionState.REFUSED}
        if closed or (too_old and session.state is SessionState.OPEN):
            raise ApiError(410, "gone", "The upload session is over.", location="upload_id")
        return session

    async def keep(
        self, session: SessionRecord, received_bytes: int, total_bytes: int | None
    ) -> SessionRecord:
        """Record how far the upload is; what is recorded may be acknowledged."""
        kept = replace(session, received_bytes=received_bytes, total_bytes=total_bytes)
        await self._store.change(lambda change: put_session(change.connection, kept))
        return kept

    async def close(self, session: SessionRecord, state: SessionState) -> None:
        """End the session without an object."""
        self._live.pop(session.upload_id, None)
        closed = replace(session, state=state)
        await self._store.change(lambda change: put_session(change.connection, closed))
        await self._store.bodies.remove([session.body_id])

    async def finish(
        self,
        session: SessionRecord,
        statements: list[ExpectedChecksums],
        wanted: Preconditions,
        metadata: Json,
    ) -> ObjectRecord:
        """Make the object of what has arrived.

        Raises:
            ApiError: 400, a checksum does not match; 412 or 403. The session is over then.
        """
        body = self._finished_body(session)
        try:
            for statement in statements:
                statement.check(body.crc32c, body.md5)
            item = await self._store.change(
                lambda change: _insert(change, session, body, wanted, metadata)
            )
        except ApiError:
            await self.close(session, SessionState.REFUSED)
            raise
        self._live.pop(session.upload_id, None)
        return item

    def _finished_body(self, session: SessionRecord) -> Body:
        body = self.live(session).body
        sums = body.sums
        return Body(session.body_id, body.size, sums.crc32c, sums.md5, None)

    @staticmethod
    def finished_object(session: SessionRecord) -> ObjectRecord:
        """Return the object of a finished session as it was then, whatever became of it."""
        said = part(session.request, "object")
        said |= {"md5": bytes.fromhex(said["md5"]), "state": ObjectState(said["state"])}
        return ObjectRecord(**said)


def _insert(
    change: Change, session: SessionRecord, body: Body, wanted: Preconditions, metadata: Json
) -> ObjectRecord:
    bucket = bucket_rows.get_bucket(change.connection, session.bucket)
    item = insert_object(
        change,
        bucket,
        session.name,
        body,
        metadata,
        wanted,
        key_sha256=session.request["key_sha256"],
    )
    # A client whose answer was lost asks again, maybe after someone else replaced the object.
    kept = {**asdict(item), "md5": (item.md5 or b"").hex()}
    finished = replace(
        session,
        state=SessionState.FINISHED,
        generation=item.generation,
        request={**session.request, "object": kept},
    )
    put_session(change.connection, finished)
    return item
