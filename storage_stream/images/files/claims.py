"""Rows that say an object is being written or removed, by whom, and until when they are believed.

An object is written only after a row says so, and removed before its row goes; so whatever
happens between, the row leads to the object. Every piece of work is an owner of its own, whose
rows and objects are cleared together: by itself when it fails, by `recover` when it cannot.

Names of objects are never used twice, so that a late upload of somebody who was given up cannot
touch what others made.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import sqlalchemy as sa

from storage_stream import RetryPolicy
from storage_stream.errors import NotFound as ObjectNotFound
from storage_stream.images.errors import ClaimLost
from storage_stream.images.sql.queries import in_pieces
from storage_stream.images.sql.schema import files, images

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage_stream import Storage
    from storage_stream.images.sql.database import Database

__all__ = ["Claimed", "Claims"]

_DELETED_AT_ONCE = 8
_AGAIN = RetryPolicy(always=True)  # safe, because no name is used twice


@dataclass(frozen=True, slots=True)
class Claimed:
    """A file whose object is being written or removed.

    Attributes:
        file_id: The file.
        bucket: Its object's bucket.
        object_name: Its object.
        generation: Of the object; None as long as nobody knows whether there is one.
    """

    file_id: UUID
    bucket: str
    object_name: str
    generation: int | None = None

    @property
    def where(self) -> dict[str, str]:
        """Columns of its row."""
        return {"bucket": self.bucket, "object_name": self.object_name}


class Claims:
    """The rows with an owner.

    Args:
        database: Where they are.
        storage: Removes objects.
        lease: Seconds that an owner is believed without renewing.
    """

    def __init__(self, database: Database, storage: Storage, lease: float) -> None:
        self._database = database
        self._storage = storage
        self.lease = lease

    def until(self) -> datetime:
        """When a lease ends that begins now."""
        return self._database.now() + timedelta(seconds=self.lease)

    def mark(self, owner: UUID) -> dict[str, Any]:
        """Columns of a row that this owner takes."""
        return {"owner": owner, "lease_until": self.until()}

    async def renew(self, owner: UUID) -> None:
        """Be believed for another lease.

        Raises:
            ClaimLost: Nothing is left to this owner.
        """
        async with self._database.writing() as connection:
            await _lock(connection, owner)
            renewed = sa.update(files).where(files.c.owner == owner)
            done = await connection.execute(renewed.values(lease_until=self.until()))
            if done.rowcount == 0:
                raise ClaimLost("it took longer than its lease")

    async def finish(
        self, connection: AsyncConnection, owner: UUID, resources: Mapping[UUID, Mapping[str, Any]]
    ) -> None:
        """Say of files that their objects are whole.

        Args:
            connection: Of a transaction that may do more.
            owner: Who wrote them.
            resources: Of each file's object.

        Raises:
            ClaimLost: Not all of them are its own any more.
        """
        await _lock(connection, owner)
        for file_id, resource in resources.items():
            mine = sa.update(files).where(files.c.id == file_id, files.c.owner == owner)
            ready = mine.where(files.c.state.in_(("uploading", "pending")))
            done = await connection.execute(ready.values(**_told(resource)))
            if done.rowcount != 1:
                raise ClaimLost(f"file {file_id} took longer to write than its lease")

    async def give_up(self, owner: UUID, claimed: Sequence[Claimed]) -> None:
        """Undo what an owner began, also where its last commit may have arrived after all.

        Args:
            owner: Whose rows.
            claimed: What it took; an object that no row leads to any more, because somebody else
                gave the owner up, goes, too.
        """
        async with self._database.writing() as connection:
            await _lock(connection, owner)
            gone = sa.update(files).where(files.c.owner == owner, files.c.state == "pending")
            await connection.execute(gone.values(state="deleting", lease_until=self.until()))
            # By their names: the file of an upload that was recovered is there, without content.
            names = [each.object_name for each in claimed]
            left = sa.select(files.c.object_name).where(files.c.object_name.in_(names))
            known = set((await connection.execute(left)).scalars())
        await self._remove_all([each for each in claimed if each.object_name not in known])
        await self.clear(owner)

    async def release(
        self, connection: AsyncConnection, file_ids: Sequence[UUID], owner: UUID
    ) -> None:
        """Mark files that no image uses as being deleted; `clear` goes on after the commit.

        Args:
            connection: Of the transaction that removed the images.
            file_ids: Files that they used.
            owner: Who clears them.
        """
        used = sa.exists().where(images.c.file_id == files.c.id)
        for some in in_pieces(sorted(file_ids)):
            # Locked first, so that the next statement sees the images of whoever held the lock.
            which = files.c.id.in_(some)
            await connection.execute(
                sa.select(files.c.id).where(which).order_by(files.c.id).with_for_update()
            )
            unused = sa.update(files).where(which, files.c.state == "ready", ~used)
            await connection.execute(unused.values(state="deleting", **self.mark(owner)))

    async def clear(self, owner: UUID) -> int:
        """Remove the objects of an owner's rows, then the rows; uploads begin anew.

        Returns:
            How many rows there were.

        Raises:
            StorageError: Some objects could not be removed; their rows stay for `recover`, those
                of the others are gone.
        """
        async with self._database.reading() as connection:
            columns = (files.c.id, files.c.bucket, files.c.object_name, files.c.generation)
            found = await connection.execute(sa.select(*columns).where(files.c.owner == owner))
            claimed = [Claimed(*row) for row in found]
        if not claimed:
            return 0
        failures = await self._remove(claimed)
        removed = [each.file_id for each in claimed if each.file_id not in failures]
        async with self._database.writing() as connection:
            for some in in_pieces(removed):
                mine = (files.c.owner == owner, files.c.id.in_(some))
                deleted = sa.delete(files).where(*mine, files.c.state != "uploading")
                await connection.execute(deleted)
                begun = sa.update(files).where(*mine, files.c.state == "uploading")
                await connection.execute(begun.values(state="empty", **_NOTHING))
        for error in failures.values():
            raise error
        return len(claimed)

    async def recover_some(self, ended_before: datetime, most: int) -> int:
        """Clear rows whose owner did not renew its lease; those of nobody who is alive.

        Args:
            ended_before: Of which leases; a row that could not be cleared gets a new one.
            most: At once.

        Returns:
            How many there were.

        Raises:
            StorageError: Some objects could not be removed.
        """
        owner = uuid4()
        async with self._database.writing() as connection:
            late = sa.select(files.c.id).where(files.c.lease_until < ended_before)
            some = late.order_by(files.c.lease_until).limit(most)
            ids = list((await connection.execute(some.with_for_update(skip_locked=True))).scalars())
            for part in in_pieces(ids):
                which = sa.update(files).where(files.c.id.in_(part))
                await connection.execute(which.values(**self.mark(owner)))
                pending = which.where(files.c.state == "pending")
                await connection.execute(pending.values(state="deleting"))
        return await self.clear(owner) if ids else 0

    async def _remove_all(self, claimed: Sequence[Claimed]) -> None:
        for error in (await self._remove(claimed)).values():
            raise error

    async def _remove(self, claimed: Sequence[Claimed]) -> dict[UUID, Exception]:
        """Remove objects; says of which files it failed, once all were tried."""
        places = asyncio.Semaphore(_DELETED_AT_ONCE)

        async def remove(each: Claimed) -> None:
            async with places:
                with suppress(ObjectNotFound):  # it was never made, or it is gone already
                    await self._delete(each)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_outcome(remove(each))) for each in claimed]
        outcomes = zip(claimed, [task.result() for task in tasks], strict=True)
        return {each.file_id: error for each, error in outcomes if error is not None}

    async def _delete(self, each: Claimed) -> None:
        if each.generation is not None:  # which makes it safe to repeat
            generation = each.generation
            await self._storage.delete(each.bucket, each.object_name, generation=generation)
        else:
            await self._storage.delete(each.bucket, each.object_name, retry=_AGAIN)


_NOTHING: dict[str, None] = dict.fromkeys(
    ("owner", "lease_until", "bucket", "object_name", "content_type")
)


async def _lock(connection: AsyncConnection, owner: UUID) -> None:
    """Take an owner's rows in one order: its renewing and its finishing wait for each other."""
    mine = sa.select(files.c.id).where(files.c.owner == owner).order_by(files.c.id)
    await connection.execute(mine.with_for_update())


async def _outcome(work: Coroutine[Any, Any, None]) -> Exception | None:
    """What went wrong."""
    try:
        await work
    except Exception as error:  # noqa: BLE001 - raised by who asked for all of it
        return error
    return None


def _told(resource: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "state": "ready",
        "owner": None,
        "lease_until": None,
        "generation": int(resource["generation"]),
        "size": int(resource["size"]),
        "md5": resource.get("md5Hash"),
        "crc32c": resource.get("crc32c"),
        "content_type": resource.get("contentType"),
    }
