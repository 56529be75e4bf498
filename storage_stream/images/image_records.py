"""Rows of images inside a transaction: making them, counting revisions, taking them away.

Locks are taken in one order, so that nobody waits for a circle: an original, then files.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import sqlalchemy as sa

from storage_stream.images.checks import checked_metadata, checked_version_name, known_words
from storage_stream.images.errors import Conflict, NotFound, ValidationError
from storage_stream.images.identifiers import as_id, as_optional_id
from storage_stream.images.sql.queries import Shown, in_pieces
from storage_stream.images.sql.schema import files, images

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["IMAGES", "ImageTable", "checked_new_image"]

IMAGES = Shown(
    images,
    (
        *("id", "version", "correlation_id", "original_id"),
        *("file_id", "revision", "metadata", "timestamp"),
    ),
    ("number",),
)


def checked_new_image(data: object, field: str = "data") -> dict[str, Any]:
    """The columns of a new row.

    Args:
        data: `file_id`, and for a version `version` and `original_id`; `correlation_id` and
            `metadata` (or `meta`) as you like.
        field: Where it comes from, for messages.

    Raises:
        ValidationError: It cannot be.
    """
    known = {"file_id", "version", "original_id", "correlation_id", "metadata", "meta"}
    words = known_words(data, field, known)
    version, original_id = words.get("version"), words.get("original_id")
    if (version is None) != (original_id is None):
        raise ValidationError("version and original_id go together", field=field)
    if version is not None:
        version = checked_version_name(version, f"{field}.version")
    return {
        "id": uuid4(),
        "file_id": as_id(words.get("file_id"), f"{field}.file_id"),
        "version": version,
        "original_id": as_optional_id(original_id, f"{field}.original_id"),
        "correlation_id": as_optional_id(words.get("correlation_id"), f"{field}.correlation_id"),
        "metadata": metadata_of(words, field),
    }


def metadata_of(data: Mapping[str, Any], field: str) -> dict[str, Any]:
    """What it says under `metadata`, or under `meta`."""
    if "metadata" in data and "meta" in data:
        raise ValidationError("metadata, and meta besides: which?", field=field)
    given = data["metadata"] if "metadata" in data else data.get("meta")
    return checked_metadata(given, f"{field}.metadata")


class ImageTable:
    """The rows of images, in one transaction.

    Args:
        connection: Of the transaction.
        now: The time that its rows get.
    """

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def lock(self, ids: Iterable[UUID]) -> dict[UUID, Mapping[str, Any]]:
        """Those rows that there are; nobody else changes them before the end."""
        found: dict[UUID, Mapping[str, Any]] = {}
        for some in in_pieces(sorted(set(ids))):
            asked = sa.select(images).where(images.c.id.in_(some)).order_by(images.c.id)
            rows = (await self._connection.execute(asked.with_for_update())).mappings()
            found.update((row["id"], dict(row)) for row in rows)
        return found

    async def lock_with_originals(self, ids: Sequence[UUID]) -> None:
        """The same for rows that go: an original takes its versions along, whoever holds them."""
        found: set[UUID] = set(ids)
        for some in in_pieces(ids):
            asked = sa.select(images.c.original_id).where(
                images.c.id.in_(some), images.c.original_id.is_not(None)
            )
            found.update((await self._connection.execute(asked)).scalars())
        await self.lock(found)

    async def lock_original(self, image_id: UUID) -> Mapping[str, Any]:
        """An original's row.

        Raises:
            NotFound: There is none.
            ValidationError: It is a version.
        """
        row = (await self.lock([image_id])).get(image_id)
        if row is None:
            raise NotFound("image", image_id)
        if row["version"] is not None:
            raise ValidationError(f"image {image_id} is a version, not an original", field="id")
        return row

    async def next_revision(self, original_id: UUID) -> int:
        """One more than any version of this original has; it is locked."""
        highest = sa.select(sa.func.max(images.c.revision)).where(
            images.c.original_id == original_id
        )
        return ((await self._connection.execute(highest)).scalar_one() or 0) + 1

    async def check_files(self, file_ids: Iterable[UUID]) -> None:
        """That these files have their content, and keep it until the end.

        Raises:
            NotFound: There is no such file.
            Conflict: It has no content.
        """
        for some in in_pieces(sorted(set(file_ids))):
            asked = sa.select(files.c.id, files.c.state).where(files.c.id.in_(some))
            locking = asked.order_by(files.c.id).with_for_update()
            states = {row.id: row.state for row in await self._connection.execute(locking)}
            for each in some:
                if each not in states:
                    raise NotFound("file", each)
                if states[each] != "ready":
                    raise Conflict(f"file {each} has no content: it is {states[each]}")

    async def add(self, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """New rows, checked by `checked_new_image`.

        Raises:
            NotFound: There is no such original or file.
            ValidationError: An original is a version, or in another gallery.
            Conflict: A file has no content.
        """
        originals = {row["original_id"] for row in rows if row["original_id"] is not None}
        galleries: dict[UUID, UUID] = {}
        firsts: dict[UUID, int] = {}
        before: Counter[tuple[UUID, str]] = Counter()
        for each in sorted(originals):
            galleries[each] = (await self.lock_original(each))["correlation_id"]
            firsts[each] = await self.next_revision(each)
        await self.check_files(row["file_id"] for row in rows)
        for row in rows:
            original_id = row["original_id"]
            row["correlation_id"] = _gallery(row, galleries)
            row["revision"] = 0
            if original_id is not None:
                version = original_id, row["version"]
                row["revision"] = firsts[original_id] + before[version]
                before[version] += 1
        return await self.insert(rows)

    async def insert(self, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Rows as they are."""
        made = [{**row, "timestamp": self._now} for row in rows]
        # By themselves, because only then are their numbers in this order for certain.
        for row in made:
            await self._connection.execute(sa.insert(images).values(**row))
        return [{name: row[name] for name in IMAGES.names} for row in made]

    async def remove(
        self, where: Sequence[sa.ColumnElement[bool]]
    ) -> tuple[list[dict[str, Any]], set[UUID]]:
        """Rows, and the versions of those that are originals.

        Returns:
            The rows that fulfil the condition, and the files of all that are gone.
        """
        asked = sa.select(images).where(*where).order_by(images.c.number)
        rows = [dict(row) for row in (await self._connection.execute(asked)).mappings()]
        ids = [row["id"] for row in rows]
        used = {row["file_id"] for row in rows}
        for some in in_pieces(ids):
            versions = sa.select(images.c.file_id).where(images.c.original_id.in_(some))
            used.update((await self._connection.execute(versions)).scalars())
            await self._connection.execute(sa.delete(images).where(images.c.id.in_(some)))
        return rows, used


def _gallery(row: Mapping[str, Any], galleries: Mapping[UUID, UUID]) -> UUID:
    given: UUID | None = row["correlation_id"]
    if row["original_id"] is None:
        own: UUID = row["id"]
        return own if given is None else given
    there = galleries[row["original_id"]]
    if given not in (None, there):
        what = f"the original is in gallery {there}, not in {given}"
        raise ValidationError(what, field="correlation_id")
    return there
