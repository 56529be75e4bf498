"""Multipart uploads of the XML API: parts in any order, an object at the end.

The rules are here, without headers and documents. Parts are bodies like any other, so a part that
was acknowledged outlives a kill; it goes away with its upload, or when it is sent again.

https://cloud.google.com/storage/docs/multipart-uploads
"""

import itertools
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from storage_stream.emulator.problems import ApiError
from storage_stream.emulator.store import bucket_rows, multipart_rows, object_rows
from storage_stream.emulator.store.changes import Change, insert_object
from storage_stream.emulator.store.encryption import check_upload_key
from storage_stream.emulator.store.joined_bodies import join_bodies
from storage_stream.emulator.store.preconditions import NO_PRECONDITIONS
from storage_stream.emulator.store.records import (
    Body,
    Json,
    MultipartPart,
    MultipartUpload,
    ObjectRecord,
)
from storage_stream.emulator.store.store import Store
from storage_stream.emulator.store.turns import Turns

MIN_PART_BYTES = 5 * 1024 * 1024
"""Of every part but the last: https://cloud.google.com/storage/quotas#requests"""

MAX_PART_NUMBER = 10_000


@dataclass(frozen=True, slots=True)
class NamedPart:
    """A part as the end of an upload names it; `etag` is the MD5 in hexadecimal."""

    number: int
    etag: str


class MultipartUploads:
    """All multipart uploads of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._turns = Turns()

    async def start(
        self, bucket: str, name: str, metadata: Json, key_sha256: str | None
    ) -> MultipartUpload:
        """Open an upload."""

        def work(change: Change) -> MultipartUpload:
            bucket_rows.get_bucket(change.connection, bucket)
            # Ids sort by age, which is how uploads of one name are listed.
            upload_id = f"{change.clock.next():016x}{secrets.token_hex(16)}"
            started_us = change.clock.now_us()
            upload = MultipartUpload(upload_id, bucket, name, started_us, metadata, key_sha256)
            multipart_rows.put_upload(change.connection, upload)
            return upload

        return await self._store.change(work)

    def get(self, bucket: str, name: str, upload_id: str) -> MultipartUpload:
        """Return the upload of this object.

        Raises:
            ApiError: 404, there is none.
        """
        upload = multipart_rows.find_upload(self._store.reader, upload_id)
        if upload is None or (upload.bucket, upload.name) != (bucket, name):
            raise _no_such_upload()
        return upload

    async def keep_part(self, upload: MultipartUpload, number: int, body: Body) -> MultipartPart:
        """Make `body` the part `number`, in place of an earlier one.

        Raises:
            ApiError: 404, the upload ended meanwhile; the body is then gone, too.
        """
        if body.md5 is None:
            raise TypeError("a part has an MD5")
        md5 = body.md5

        def work(change: Change) -> MultipartPart:
            if multipart_rows.find_upload(change.connection, upload.upload_id) is None:
                raise _no_such_upload()
            stored_us = change.clock.now_us()
            part = MultipartPart(number, body.id, body.size, body.crc32c, md5, stored_us)
            object_rows.put_body(change.connection, body)
            replaced = multipart_rows.put_part(change.connection, upload.upload_id, part)
            if replaced is not None:
                change.released.append(replaced.body_id)
            return part

        async with self._turns.of(upload.upload_id):
            return await self._store.change_with_body(body, work)

    async def complete(self, upload: MultipartUpload, named: Sequence[NamedPart]) -> ObjectRecord:
        """Make the object of the parts named, and end the upload; other parts are dropped.

        Raises:
            ApiError: 400, the parts are not those that were stored, not in order, or too small;
                404, the upload ended meanwhile; 403. The upload goes on then.
        """
        # Joining takes its time, and the parts must not go away meanwhile.
        async with self._turns.of(upload.upload_id):
            return await self._join(upload, named)

    async def _join(self, upload: MultipartUpload, named: Sequence[NamedPart]) -> ObjectRecord:
        if multipart_rows.find_upload(self._store.reader, upload.upload_id) is None:
            raise _no_such_upload()
        parts = self._chosen(upload, named)
        body = await join_bodies(self._store, [part.body_id for part in parts])

        def work(change: Change) -> ObjectRecord:
            connection = change.connection
            bucket = bucket_rows.get_bucket(connection, upload.bucket)
            item = insert_object(
                change,
                bucket,
                upload.name,
                body,
                upload.metadata,
                NO_PRECONDITIONS,
                component_count=len(parts),
                key_sha256=upload.key_sha256,
            )
            change.released.extend(multipart_rows.delete_upload(connection, upload.upload_id))
            return item

        return await self._store.change_with_body(body, work)

    async def abort(self, upload: MultipartUpload) -> None:
        """Drop the upload and its parts."""

        def work(change: Change) -> None:
            left = multipart_rows.delete_upload(change.connection, upload.upload_id)
            change.released.extend(left)

        async with self._turns.of(upload.upload_id):
            await self._store.change(work)

    def _chosen(self, upload: MultipartUpload, named: Sequence[NamedPart]) -> list[MultipartPart]:
        numbers = [part.number for part in named]
        if not numbers:
            raise ApiError(400, "malformedXml", "The list of parts is empty.")
        if any(later <= earlier for earlier, later in itertools.pairwise(numbers)):
            message = "The list of parts was not in ascending order."
            raise ApiError(400, "invalidPartOrder", message)
        stored = {
            part.number: part
            for part in multipart_rows.list_parts(self._store.reader, upload.upload_id)
        }
        chosen = [_matching(stored.get(part.number), part) for part in named]
        for part in chosen[:-1]:
            if part.size < MIN_PART_BYTES:
                message = (
                    f"Part {part.number} has {part.size} bytes;"
                    f" all but the last need at least {MIN_PART_BYTES}."
                )
                raise ApiError(400, "entityTooSmall", message)
        return chosen


def check_part(upload: MultipartUpload, number: int, key_sha256: str | None) -> None:
    """Return if a part of this number and with this key can belong to the upload.

    Raises:
        ApiError: 400.
    """
    if not 1 <= number <= MAX_PART_NUMBER:
        message = f"partNumber must be between 1 and {MAX_PART_NUMBER}."
        raise ApiError(400, "invalid", message, location="partNumber")
    check_upload_key(upload.key_sha256, key_sha256)


def _matching(stored: MultipartPart | None, named: NamedPart) -> MultipartPart:
    if stored is None or stored.md5.hex() != named.etag:
        message = f"Part {named.number} was not stored, or its ETag is another."
        raise ApiError(400, "invalidPart", message)
    return stored


def _no_such_upload() -> ApiError:
    message = "The requested upload was not found: it never was, or it is completed or aborted."
    return ApiError(404, "noSuchUpload", message, location="uploadId")
