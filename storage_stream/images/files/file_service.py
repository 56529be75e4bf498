"""`FileService`: files as rows, with their bytes in a bucket."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Unpack, cast
from uuid import UUID, uuid4

import sqlalchemy as sa

from storage_stream import Preconditions
from storage_stream._shielding import to_its_end
from storage_stream.errors import StorageError
from storage_stream.images.checks import checked_span
from storage_stream.images.errors import Conflict, DatabaseFailed, NotFound
from storage_stream.images.files.claims import Claimed, Claims
from storage_stream.images.files.new_files import NewFiles, mime_of, new_row, words_of_file
from storage_stream.images.files.writing import writing_objects
from storage_stream.images.identifiers import Id, as_id
from storage_stream.images.sql.queries import Shown
from storage_stream.images.sql.records import Records
from storage_stream.images.sql.schema import files, images

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage_stream import DownloadKeywords, RequestKeywords, Storage, StreamResponse
    from storage_stream.images.files.written_file import WrittenFile
    from storage_stream.images.rows import FileRow
    from storage_stream.images.sql.database import Database
    from storage_stream.images.sql.queries import Columns

__all__ = ["FILES", "FileService"]

LEASE_SECONDS = 600.0
"""How long a process that says nothing is taken to be alive."""
_NEW = Preconditions(if_generation_match=0)
_RECOVERED_AT_ONCE = 100

FILES = Shown(
    files,
    (
        *("id", "name", "extension", "state", "bucket", "object_name", "generation"),
        *("content_type", "size", "md5", "crc32c", "metadata", "timestamp"),
    ),
    ("timestamp",),
)


class FileService(Records):
    """Files, whose bytes are objects in a bucket.

        files = FileService(database, storage, "my-bucket")
        row = await files.create("photo", "jpg")
        await files.upload(row["id"], Path("photo.jpg"))

    A file gets its bytes once: its object is never replaced, so that what refers to it stays true.

    Args:
        database: Where the rows are.
        storage: Reaches the bucket; it stays the caller's to close.
        bucket: Where the bytes are.
        prefix: With which all names of objects begin.
        lease: Seconds after which a process that says nothing counts as dead, so that `recover`
            clears what it left. It is renewed while work goes on.
    """

    kind = "file"
    shown = FILES

    def __init__(
        self,
        database: Database,
        storage: Storage,
        bucket: str,
        *,
        prefix: str = "images/",
        lease: float = LEASE_SECONDS,
    ) -> None:
        super().__init__(database)
        self.storage = storage
        self.bucket = bucket
        self.prefix = prefix
        self.claims = Claims(database, storage, checked_span(lease, "lease"))

    # -- making ----------------------------------------------------------------------------

    async def create(
        self,
        name: str | Mapping[str, Any],
        extension: str | None = None,
        meta: Mapping[str, Any] | None = None,
        *,
        columns: Columns = "*",
    ) -> FileRow:
        """A file without content; `upload` brings it.

        Args:
            name: Its name, or all of this as a mapping: `{"name": …, "extension": …, "meta": …}`.
            extension: Without its dot; None for none.
            meta: What is to be known of it besides.
            columns: Which columns come back.

        Raises:
            ValidationError: A name, an extension or metadata that cannot be.
        """
        if isinstance(name, Mapping):
            name, extension, meta = words_of_file(name)
        row = new_row(name, extension, meta)
        FILES.chosen(columns)
        async with self._database.writing() as connection:
            row["timestamp"] = self._database.now()
            made = await connection.execute(
                sa.insert(files).values(**row).returning(*FILES.chosen("*"))
            )
            found = made.mappings().one()
        return cast("FileRow", self._one([dict(found)], columns))

    async def upload(
        self,
        id: Id,  # noqa: A002 - as all methods of the services name it
        data: Any,
        *,
        content_type: str | None = None,
        columns: Columns = "*",
        **options: Unpack[RequestKeywords],
    ) -> FileRow:
        """Give a file its content. Failing or cancelling leaves it without any.

        Args:
            id: The file.
            data: Whatever `Storage.upload` takes: bytes, a path, an (async) iterable of bytes, …
            content_type: MIME type; None for that of the extension, where it is an image's, and
                `application/octet-stream` else.
            columns: Which columns come back.
            **options: See `RequestKeywords`.

        Raises:
            NotFound: There is no such file.
            Conflict: It has content, or somebody is just uploading it.
            StorageError: It cannot be stored.
        """
        options["preconditions"] = _NEW

        async def store(place: Claimed, mime: str) -> Any:
            return await self.storage.upload(
                place.bucket, place.object_name, data, content_type=mime, **options
            )

        return await self._filled(as_id(id), content_type, store, columns)

    async def upload_object(
        self,
        id: Id,  # noqa: A002 - as above
        bucket: str,
        name: str,
        *,
        generation: int | None = None,
        content_type: str | None = None,
        columns: Columns = "*",
        **options: Unpack[RequestKeywords],
    ) -> FileRow:
        """Give a file the content of another object, which the service copies; no byte comes here.

        Args:
            id: The file.
            bucket: Of the object.
            name: The object; it stays.
            generation: Which one; None for the live one.
            content_type: As in `upload`.
            columns: Which columns come back.
            **options: See `RequestKeywords`.

        Raises:
            NotFound: There is no such file.
            Conflict: It has content, or somebody is just uploading it.
            StorageError: It cannot be copied; `storage_stream.errors.NotFound` if it is not there.
        """
        options["preconditions"] = _NEW

        async def store(place: Claimed, mime: str) -> Any:
            copied = await self.storage.copy(
                bucket,
                name,
                place.bucket,
                new_name=place.object_name,
                metadata={"contentType": mime},
                generation=generation,
                **options,
            )
            return copied.get("resource")

        return await self._filled(as_id(id), content_type, store, columns)

    # -- reading ---------------------------------------------------------------------------

    async def open(self, id: Id, **options: Unpack[DownloadKeywords]) -> StreamResponse:  # noqa: A002 - as above
        """The bytes of a file, to be used with `async with`.

        Raises:
            NotFound: There is no such file.
            Conflict: It has no content.
            StorageError: It cannot be read.
        """
        row = await self.get_ready(id)
        options["generation"] = row["generation"]
        bucket, name = str(row["bucket"]), str(row["object_name"])
        return await self.storage.download_stream(bucket, name, **options)

    async def get(self, id: Id, columns: Columns = "*") -> FileRow:  # noqa: A002 - as above
        """A file.

        Raises:
            NotFound: There is none.
        """
        return cast("FileRow", await self._get(id, columns))

    async def m_get(self, id: Id | Sequence[Id], columns: Columns = "*") -> list[FileRow]:  # noqa: A002 - as above
        """Those files that there are, in the order asked for."""
        return cast("list[FileRow]", await self._m_get(id, columns))

    async def get_ready(self, id: Id) -> FileRow:  # noqa: A002 - as above
        """A file that has its content.

        Raises:
            NotFound: There is none, or it is just being deleted.
            Conflict: It has no content.
        """
        row = await self.get(id)
        if row["state"] == "deleting":  # nobody waits for that; only what is left of it goes yet
            raise NotFound("file", row["id"])
        if row["state"] != "ready":
            raise Conflict(f"file {row['id']} has no content: it is {row['state']}")
        return row

    # -- removing --------------------------------------------------------------------------

    async def delete(self, id: Id) -> None:  # noqa: A002 - as above
        """Delete a file that no image uses, and its bytes.

        Raises:
            NotFound: There is none.
            Conflict: An image uses it, or somebody is writing it.
        """
        file_id, owner = as_id(id), uuid4()
        async with self._database.writing() as connection:
            row = await self.locked(connection, file_id)
            if row["state"] == "empty":
                await connection.execute(sa.delete(files).where(files.c.id == file_id))
                return
            await self.claims.release(connection, [file_id], owner)
            after = await connection.execute(sa.select(files.c.owner).where(files.c.id == file_id))
            if after.scalar_one() != owner:
                why = "an image uses it" if row["state"] == "ready" else f"it is {row['state']}"
                raise Conflict(f"file {file_id} cannot be deleted: {why}")
        await to_its_end(self.claims.clear(owner))

    async def delete_unlinked(self, days: float) -> int:
        """Delete all files that no image uses and that are older than that.

        Args:
            days: Their age; what was just uploaded may be used in a moment.

        Returns:
            How many there were.
        """
        before = self._older_than(days)
        used = sa.exists().where(images.c.file_id == files.c.id)
        old = (files.c.timestamp <= before, ~used)
        deleted = 0
        async with self._database.writing() as connection:
            empty = sa.delete(files).where(*old, files.c.state == "empty")
            deleted += (await connection.execute(empty)).rowcount
        while True:
            owner = uuid4()
            async with self._database.writing() as connection:
                asked = sa.select(files.c.id).where(*old, files.c.state == "ready")
                ids = list((await connection.execute(asked.limit(_RECOVERED_AT_ONCE))).scalars())
                await self.claims.release(connection, ids, owner)
            if not ids:
                return deleted
            deleted += await to_its_end(self.claims.clear(owner))

    async def recover(self) -> int:
        """Clear what processes left that died: objects first, then their rows.

        Returns:
            How many rows there were.

        Raises:
            StorageError: Some objects could not be removed; they are tried again when their new
                lease has ended.
        """
        recovered, now = 0, self._database.now()
        failures: list[StorageError] = []
        some = 1
        while some:
            try:
                some = await self.claims.recover_some(now, _RECOVERED_AT_ONCE)
                recovered += some
            except DatabaseFailed:
                raise
            except StorageError as error:  # what else there is, is cleared all the same
                failures.append(error)
        if failures:
            raise failures[0]
        return recovered

    # -- for helpers -----------------------------------------------------------------------

    def _older_than(self, days: object) -> datetime:
        return self._database.now() - timedelta(days=checked_span(days, "days", allow_zero=True))

    async def locked(self, connection: AsyncConnection, file_id: UUID) -> Mapping[str, Any]:
        """A file's row, which nobody else changes before this transaction ends.

        Raises:
            NotFound: There is none.
        """
        asked = sa.select(files).where(files.c.id == file_id).with_for_update()
        row = (await connection.execute(asked)).mappings().one_or_none()
        if row is None:
            raise NotFound("file", file_id)
        return dict(row)

    @asynccontextmanager
    async def writing(self, rows: Sequence[dict[str, Any]]) -> AsyncGenerator[NewFiles]:
        """Around the writing of new files; unless `commit` is called, none of them stays.

        Args:
            rows: Name, extension and metadata of each.
        """
        owner = uuid4()
        new = [new_row(row["name"], row["extension"], row.get("meta")) for row in rows]
        claimed = [self._place(row["id"], row["extension"]) for row in new]

        async def claim() -> Sequence[Claimed]:
            async with self._database.writing() as connection:
                pending = {"state": "pending", "timestamp": self._database.now()}
                pending |= self.claims.mark(owner)
                wheres = [each.where for each in claimed]
                full = [{**row, **pending, **where} for row, where in zip(new, wheres, strict=True)]
                await connection.execute(sa.insert(files), full)
            return claimed

        async with writing_objects(self.claims, owner, claim()):
            yield NewFiles(self.claims, owner, claimed)

    async def keep(self, written: WrittenFile) -> FileRow:
        """Make a file ready that is written, by itself.

        Raises:
            ClaimLost: It took longer than the lease.
        """
        async with self._database.writing() as connection:
            await written.commit(connection)
        return await self.get(written.source.id)

    async def _filled(
        self, file_id: UUID, content_type: str | None, store: Any, columns: Columns
    ) -> FileRow:
        FILES.chosen(columns)
        owner = uuid4()
        async with writing_objects(self.claims, owner, self._taken(file_id, owner)) as claimed:
            row = await self.get(file_id, "extension")
            resource = await store(claimed[0], content_type or mime_of(row["extension"]))
            async with self._database.writing() as connection:
                await self.claims.finish(connection, owner, {file_id: resource})
        return await self.get(file_id, columns)

    async def _taken(self, file_id: UUID, owner: UUID) -> Sequence[Claimed]:
        async with self._database.writing() as connection:
            row = await self.locked(connection, file_id)
            if row["state"] != "empty":
                raise Conflict(f"file {file_id} cannot get content: it is {row['state']}")
            place = self._place(file_id, row["extension"])
            taken = sa.update(files).where(files.c.id == file_id)
            mark = self.claims.mark(owner)
            await connection.execute(taken.values(state="uploading", **place.where, **mark))
        return [place]

    def _place(self, file_id: UUID, extension: str | None) -> Claimed:
        suffix = f".{extension}" if extension else ""
        return Claimed(file_id, self.bucket, f"{self.prefix}{file_id}/{token_hex(8)}{suffix}")
