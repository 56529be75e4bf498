"""Resumable uploads over the JSON API: starting, continuing, asking, cancelling.

https://cloud.google.com/storage/docs/performing-resumable-uploads
"""

from contextlib import aclosing
from urllib.parse import quote

from aiohttp import web

from storage_stream.emulator.integers import parse_integer
from storage_stream.emulator.json_api.answers import json_answer
from storage_stream.emulator.json_api.insert import (
    INSERT_QUERY,
    open_bucket,
    upload_metadata,
    upload_name,
)
from storage_stream.emulator.problems import ApiError
from storage_stream.emulator.settings import Settings
from storage_stream.emulator.store.checksums import ExpectedChecksums
from storage_stream.emulator.store.encryption import incorrect_key, key_of
from storage_stream.emulator.store.preconditions import Preconditions
from storage_stream.emulator.store.records import Json, ObjectRecord, SessionRecord, SessionState
from storage_stream.emulator.store.sessions import LiveSession, Sessions
from storage_stream.emulator.store.store import Store
from storage_stream.emulator.wire.body_streams import BodyInterrupted, read_body, take_rewind
from storage_stream.emulator.wire.content_range import ContentRange, parse_content_range
from storage_stream.emulator.wire.query import CONDITIONS, Query, read_query
from storage_stream.emulator.wire.request_reading import (
    bucket_name,
    conditions,
    read_json,
    require_payer,
    resources,
)
from storage_stream.emulator.wire.uploads import expected_checksums
from storage_stream.emulator.xml_api.answers import xml_names
from storage_stream.emulator.xml_api.headers import put_metadata, xml_conditions
from storage_stream.emulator.xml_api.queries import read_xml_query

CREATED = 201
CLIENT_CLOSED_REQUEST = 499
RESUME_INCOMPLETE = 308

_SESSION_QUERY = (*INSERT_QUERY, "upload_id")


class ResumableHandlers:
    """The handlers of `/upload/storage/v1/b/{bucket}/o` with `uploadType=resumable`."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._sessions = Sessions(store, settings.session_lifetime_seconds)

    async def start(self, request: web.Request) -> web.StreamResponse:
        """`POST`: open a session; its URL is in `Location`."""
        query = read_query(request, INSERT_QUERY)
        bucket = await open_bucket(self._store, request, query)
        conditions(query)  # malformed ones are refused at once, the others judged at the end
        resource = await read_json(request)
        name = upload_name(query, resource)
        if content_type := request.headers.get("X-Upload-Content-Type"):
            resource.setdefault("contentType", content_type)
        total = parse_integer(
            "X-Upload-Content-Length", request.headers.get("X-Upload-Content-Length")
        )
        said: Json = {
            "metadata": upload_metadata(query, resource),
            "conditions": dict(query.subset(CONDITIONS)),
            "crc32c": resource.get("crc32c"),
            "md5": resource.get("md5Hash"),
            "key_sha256": key_of(request.headers),
            "query": dict(query.subset(("projection", "fields", "prettyPrint"))),
        }
        expected_checksums(request, resource)
        session = await self._sessions.start(bucket.name, name, said, total)
        return web.Response(headers=self._session_headers(request, session))

    async def start_xml(self, request: web.Request) -> web.StreamResponse:
        """`POST` of the XML API with `x-goog-resumable: start`; the session is the same."""
        query = read_xml_query(request)
        bucket_name, name = xml_names(request)
        require_payer(request, query, await self._store.bucket(bucket_name))
        wanted = xml_conditions(request.headers)
        said: Json = {
            "metadata": put_metadata(request.headers),
            "conditions": wanted.spelled(),
            "crc32c": None,
            "md5": None,
            "key_sha256": key_of(request.headers),
            "query": {},
        }
        session = await self._sessions.start(bucket_name, name, said, None)
        headers = self._session_headers(request, session)
        return web.Response(status=CREATED, headers=headers)

    async def put(self, request: web.Request) -> web.StreamResponse:
        """`PUT`: a chunk, all of it, or a question."""
        query = read_query(request, _SESSION_QUERY)
        session = self._sessions.get(query.required("upload_id"))
        _check_bucket(request, session)
        _check_key(request, session)
        header = request.headers.get("Content-Range")
        length = request.content_length
        part = (
            ContentRange(0, length, length)
            if header is None
            else parse_content_range(header, length)
        )
        if session.state is SessionState.FINISHED:
            return await self._replayed(request, session, part)
        live = self._sessions.live(session)
        async with live.lock:
            # Another request may have moved the session while this one waited.
            session = self._sessions.get(session.upload_id)
            if session.state is SessionState.FINISHED:
                return await self._replayed(request, session, part)
            _refuse_misfit(session, part)
            if part.start is None:
                return await self._asked(request, session, live, part)
            return await self._receive(request, session, live, part, whole=header is None)

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """`DELETE`: cancel."""
        query = read_query(request, _SESSION_QUERY)
        session = self._sessions.get(query.required("upload_id"))
        _check_bucket(request, session)
        _check_unfinished(session)
        async with self._sessions.live(session).lock:
            # Again: a PUT that held the lock may have finished it, and its body is the object's.
            session = self._sessions.get(session.upload_id)
            _check_unfinished(session)
            await self._sessions.close(session, SessionState.CANCELLED)
        return web.Response(status=CLIENT_CLOSED_REQUEST, reason="Client Closed Request")

    async def _asked(
        self, request: web.Request, session: SessionRecord, live: LiveSession, part: ContentRange
    ) -> web.StreamResponse:
        async with aclosing(read_body(request)) as pieces:
            async for piece in pieces:
                if piece:
                    raise ApiError(400, "invalid", "A status query must have an empty body.")
        if part.total is None or part.total > session.received_bytes:
            return _incomplete(session.received_bytes)
        await live.body.open_at(session.received_bytes)
        await live.body.settle(final=True)
        return await self._finish(request, session)

    async def _receive(
        self,
        request: web.Request,
        session: SessionRecord,
        live: LiveSession,
        part: ContentRange,
        *,
        whole: bool,
    ) -> web.StreamResponse:
        before = session.received_bytes
        await live.body.open_at(before)
        total = part.total if part.total is not None else session.total_bytes
        try:
            end = await _append(request, live, part, before)
        except BodyInterrupted:
            await self._sessions.keep(session, await live.body.settle(final=False), total)
            raise
        if end != (part.stop or end) or (total is not None and end > total):
            await live.body.open_at(before)
            await live.body.settle(final=True)
            message = f"Invalid request. The body ends at {end}, not at {part.stop or total}."
            raise ApiError(400, "invalid", message, location="Content-Range")
        total = end if whole else total
        received = await live.body.settle(final=end == total)
        rewound = take_rewind(request, persisted=received)
        if rewound is not None:
            await live.body.open_at(rewound)
            received = await live.body.settle(final=True)
        session = await self._sessions.keep(session, received, total)
        if received != total:
            return _incomplete(received)
        return await self._finish(request, session)

    async def _finish(self, request: web.Request, session: SessionRecord) -> web.StreamResponse:
        said = session.request
        statements = ExpectedChecksums.parse(
            crc32c=said["crc32c"],
            md5=said["md5"],
            goog_hash=request.headers.getall("X-Goog-Hash", []),
        )
        wanted = Preconditions.parse(said["conditions"])
        item = await self._sessions.finish(session, statements, wanted, said["metadata"])
        return self._answer(request, session, item)

    async def _replayed(
        self, request: web.Request, session: SessionRecord, part: ContentRange
    ) -> web.StreamResponse:
        item = self._sessions.finished_object(session)
        if part.total is not None and part.total != item.size:
            message = f"Invalid request. The upload is finished with {item.size} byte(s)."
            raise ApiError(400, "invalid", message, location="Content-Range")
        async with aclosing(read_body(request, offset=part.start or 0)) as pieces:
            async for _known in pieces:
                pass
        return self._answer(request, session, item)

    def _answer(
        self, request: web.Request, session: SessionRecord, item: ObjectRecord
    ) -> web.StreamResponse:
        query = Query(session.request["query"].items())
        resource = resources(request, query, self._settings).object(item)
        return json_answer(query, resource, etag=resource["etag"])

    @staticmethod
    def _session_headers(request: web.Request, session: SessionRecord) -> dict[str, str]:
        bucket = quote(session.bucket, safe="")
        url = f"{request.scheme}://{request.host}/upload/storage/v1/b/{bucket}/o"
        query = f"uploadType=resumable&upload_id={session.upload_id}"
        return {"Location": f"{url}?{query}", "X-GUploader-UploadID": session.upload_id}


async def _append(
    request: web.Request, live: LiveSession, part: ContentRange, received: int
) -> int:
    """Append what is new of the request's body; return the position after its last byte."""
    position = part.start or 0
    async with aclosing(read_body(request, offset=position)) as pieces:
        async for piece in pieces:
            new = piece[max(received - position, 0) :]
            position += len(piece)
            if new:
                await live.body.append(new)
    return position


def _refuse_misfit(session: SessionRecord, part: ContentRange) -> None:
    """Refuse what does not fit the session.

    Raises:
        ApiError: 503, a gap (the service's answer: the client is to ask and go back); 400, it
            contradicts what was said of the size, or ends before what has arrived.
    """
    received = session.received_bytes
    if part.start is not None and part.start > received:
        message = (
            "Invalid request. According to the Content-Range header, the upload offset is"
            f" {part.start} byte(s), which exceeds already uploaded size of {received} byte(s)."
        )
        raise ApiError(503, "backendError", message, location="Content-Range")
    if part.total is None:
        return
    if session.total_bytes is not None and session.total_bytes != part.total:
        message = (
            f"Invalid request. The size of the object is {part.total} byte(s),"
            f" but {session.total_bytes} byte(s) were announced."
        )
        raise ApiError(400, "invalid", message, location="Content-Range")
    if part.total < received:
        message = (
            f"Invalid request. The size of the object is {part.total} byte(s),"
            f" but {received} byte(s) have been received."
        )
        raise ApiError(400, "invalid", message, location="Content-Range")


def _check_unfinished(session: SessionRecord) -> None:
    if session.state is SessionState.FINISHED:
        raise ApiError(410, "gone", "The upload is finished.", location="upload_id")


def _check_bucket(request: web.Request, session: SessionRecord) -> None:
    if bucket_name(request) != session.bucket:
        raise ApiError(404, "notFound", "No such upload session.", location="upload_id")


def _check_key(request: web.Request, session: SessionRecord) -> None:
    # A session knows its key from its start; a request that repeats it must say the same.
    key_sha256 = key_of(request.headers)
    if key_sha256 not in {None, session.request["key_sha256"]}:
        raise incorrect_key()


def _incomplete(received: int) -> web.Response:
    headers = {"Range": f"bytes=0-{received - 1}"} if received else {}
    return web.Response(status=RESUME_INCOMPLETE, reason="Resume Incomplete", headers=headers)
