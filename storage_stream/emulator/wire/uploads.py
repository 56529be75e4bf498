"""What every upload is, whichever API it comes by: pieces, checked and kept, and then an object.

This module refuses to know how an upload says its name, its metadata and its preconditions.
"""

from collections.abc import AsyncIterator, Iterable

from aiohttp import web

from storage_stream.emulator.problems import ApiError
from storage_stream.emulator.store import bucket_rows
from storage_stream.emulator.store.changes import Change, insert_object
from storage_stream.emulator.store.checksums import ExpectedChecksums
from storage_stream.emulator.store.preconditions import Preconditions
from storage_stream.emulator.store.records import Body, Json, ObjectRecord
from storage_stream.emulator.store.store import Store

__all__ = ["commit_upload", "expected_checksums", "receive"]


async def receive(
    store: Store, pieces: AsyncIterator[bytes], expected: Iterable[ExpectedChecksums]
) -> Body:
    """Return the stored body of `pieces`, checked; leave nothing when anything is wrong.

    Raises:
        ApiError: 400, a checksum does not match.
        BodyInterrupted: it was not whole.
    """
    writer = store.bodies.writer()
    try:
        async for piece in pieces:
            await writer.write(piece)
    except BaseException:
        await writer.discard()
        raise
    body = await writer.finish()
    try:
        for statement in expected:
            statement.check(body.crc32c, body.md5)
    except ApiError:
        if body.content is None:
            await store.bodies.remove([body.id])
        raise
    return body


async def commit_upload(
    store: Store,
    bucket: str,
    name: str,
    body: Body,
    metadata: Json,
    wanted: Preconditions,
    *,
    key_sha256: str | None = None,
) -> ObjectRecord:
    """Make `body` the live object `name` if `wanted` holds at that moment.

    Raises:
        ApiError: 412, 403, or 404 when the bucket went away; the body is then gone too.
    """

    def work(change: Change) -> ObjectRecord:
        target = bucket_rows.get_bucket(change.connection, bucket)
        return insert_object(change, target, name, body, metadata, wanted, key_sha256=key_sha256)

    return await store.change_with_body(body, work)


def expected_checksums(request: web.Request, resource: Json) -> list[ExpectedChecksums]:
    """Return what the request's headers and metadata say of the body.

    Raises:
        ApiError: 400, one of them is malformed.
    """
    crc32c, md5 = resource.get("crc32c"), resource.get("md5Hash")
    for name, value in (("crc32c", crc32c), ("md5Hash", md5)):
        if value is not None and not isinstance(value, str):
            raise ApiError(400, "invalid", f"Invalid value for field '{name}'.", location=name)
    return ExpectedChecksums.parse(
        crc32c=crc32c,
        md5=md5,
        goog_hash=request.headers.getall("X-Goog-Hash", []),
        content_md5=request.headers.get("Content-MD5"),
    )
