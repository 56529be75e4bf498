"""Galleries of `ImageService`: listed with their newest image, read in parts, named, deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import sqlalchemy as sa

from storage_stream.images.checks import checked_name
from storage_stream.images.errors import NotFound
from storage_stream.images.files.file_service import FILES
from storage_stream.images.gallery import gallery_images
from storage_stream.images.identifiers import Id, as_id
from storage_stream.images.image_record_service import ImageRecordService
from storage_stream.images.image_records import IMAGES
from storage_stream.images.sql.queries import checked_page, part_of
from storage_stream.images.sql.schema import images, named_galleries

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage_stream.images.rows import (
        GalleryImage,
        GalleryImages,
        GallerySummaries,
        GallerySummary,
    )

__all__ = ["GalleryRecordService"]

_DELETED_AT_ONCE = 200
_IS_ORIGINAL = images.c.original_id.is_(None)


class GalleryRecordService(ImageRecordService):
    """What of `ImageService` is about galleries as a whole.

    A gallery is all images with one `correlation_id`; it may have a name, and then exists without
    images, too.
    """

    async def list_galleries(self, offset: int = 0, limit: int = 10) -> GallerySummaries:
        """All galleries, those with the newest images first; named ones without images last.

        Args:
            offset: Galleries to leave out.
            limit: Galleries to give, at most 1000.

        Raises:
            ValidationError: There is no such page.
        """
        await self._permit("list_galleries")
        checked_page(offset, limit)
        found = _summaries().subquery()
        counting = sa.select(sa.func.count()).select_from(found)
        last = found.c.newest_number.desc(), found.c.name, found.c.id
        asked = sa.select(found).order_by(*last).offset(offset).limit(limit)
        async with self._database.reading() as connection:
            count = int((await connection.execute(counting)).scalar_one())
            rows = [dict(row) for row in (await connection.execute(asked)).mappings()]
            newest = await _newest(connection, [row["newest_number"] for row in rows])
        data: list[GallerySummary] = [
            {
                "id": row["id"],
                "name": row["name"],
                "images": int(row["images"]),
                "newest": newest.get(row["id"]),
            }
            for row in rows
        ]
        return {**part_of(count, offset, limit), "data": data}

    async def get_gallery_images(
        self,
        id: Id,  # noqa: A002 - as all methods of the services name it
        offset: int = 0,
        limit: int = 10,
        *,
        newest_first: bool = False,
    ) -> GalleryImages:
        """A part of a gallery: originals, each with the latest revision of its versions.

        Args:
            id: The gallery.
            offset: Originals to leave out.
            limit: Originals to give, at most 1000.
            newest_first: In the order in which they were stored, or the other way round.

        Raises:
            NotFound: There is no gallery of that id: no image, and no name.
            ValidationError: There is no such page.
        """
        await self._permit("get_gallery_images", id=id)
        checked_page(offset, limit)
        gallery_id = as_id(id)
        mine = (images.c.correlation_id == gallery_id, _IS_ORIGINAL)
        order = images.c.number.desc() if newest_first else images.c.number.asc()
        asked = sa.select(images.c.id).where(*mine).order_by(order).offset(offset).limit(limit)
        counting = sa.select(sa.func.count()).select_from(images).where(*mine)
        async with self._database.reading() as connection:
            name = await _name(connection, gallery_id)
            count = int((await connection.execute(counting)).scalar_one())
            if name is None and not count:
                raise NotFound("gallery", gallery_id)
            ids = list((await connection.execute(asked)).scalars())
            data = await gallery_images(connection, ids, IMAGES, FILES)
        return {"id": gallery_id, "name": name, **part_of(count, offset, limit), "data": data}

    async def get_versions(self, id: Id) -> GalleryImage:  # noqa: A002 - as above
        """An original with the latest revision of each of its versions, and their files.

        Raises:
            NotFound: There is no such original.
        """
        await self._permit("get_versions", id=id)
        image_id = as_id(id)
        async with self._database.reading() as connection:
            for found in await gallery_images(connection, [image_id], IMAGES, FILES):
                return found
        raise NotFound("image", image_id)

    async def create_gallery(self, name: str) -> GallerySummary:
        """A gallery with a name and without images; its `id` is their `correlation_id`.

        Raises:
            ValidationError: The name cannot be.
        """
        await self._permit("create_gallery", name=name)
        gallery_id, checked = uuid4(), checked_name(name, "name")
        async with self._database.writing() as connection:
            await self._named(connection, gallery_id, checked)
        return {"id": gallery_id, "name": checked, "images": 0, "newest": None}

    async def rename_gallery(self, id: Id, name: str) -> GallerySummary:  # noqa: A002 - as above
        """Give a gallery another name, or its first one.

        Raises:
            NotFound: There is no gallery of that id.
            ValidationError: The name cannot be.
        """
        await self._permit("rename_gallery", id=id, name=name)
        gallery_id, checked = as_id(id), checked_name(name, "name")
        mine = (images.c.correlation_id == gallery_id, _IS_ORIGINAL)
        counting = sa.select(sa.func.count(), sa.func.max(images.c.number)).where(*mine)
        renaming = sa.update(named_galleries).where(named_galleries.c.id == gallery_id)
        async with self._database.writing() as connection:
            count, newest = (await connection.execute(counting)).one()
            if (await connection.execute(renaming.values(name=checked))).rowcount == 0:
                if not count:
                    raise NotFound("gallery", gallery_id)
                await self._named(connection, gallery_id, checked)
            found = await _newest(connection, [newest])
        return {
            "id": gallery_id,
            "name": checked,
            "images": int(count),
            "newest": found.get(gallery_id),
        }

    async def delete_gallery(self, id: Id) -> int:  # noqa: A002 - as above
        """Delete a gallery: all of its images with their versions, and its name.

        It goes some images at a time: what is deleted before an error stays deleted.

        Returns:
            How many originals there were.

        Raises:
            NotFound: There is no gallery of that id.
            StorageError: Some objects could not be removed yet; `recover` tries again.
        """
        await self._permit("delete_gallery", id=id)
        gallery_id = as_id(id)
        mine = sa.select(images.c.id).where(images.c.correlation_id == gallery_id, _IS_ORIGINAL)
        deleted = 0
        while ids := await self._some(mine.limit(_DELETED_AT_ONCE)):
            deleted += len(await self._removed(ids, [images.c.id.in_(ids)]))
        gone = sa.delete(named_galleries).where(named_galleries.c.id == gallery_id)
        async with self._database.writing() as connection:
            was_named = (await connection.execute(gone)).rowcount > 0
        if not deleted and not was_named:
            raise NotFound("gallery", gallery_id)
        return deleted

    async def _some(self, asked: sa.Select[Any]) -> list[UUID]:
        async with self._database.reading() as connection:
            return list((await connection.execute(asked)).scalars())

    async def _named(self, connection: AsyncConnection, gallery_id: UUID, name: str) -> None:
        row = {"id": gallery_id, "name": name, "timestamp": self._database.now()}
        await connection.execute(sa.insert(named_galleries).values(**row))


def _summaries() -> sa.Select[Any, Any, Any, Any]:
    """A row for each gallery, whether it is known by its name, by its images, or by both."""
    none = sa.literal(0)
    named = sa.select(
        named_galleries.c.id, named_galleries.c.name, none.label("images"), none.label("number")
    )
    used = sa.select(
        images.c.correlation_id.label("id"),
        sa.cast(sa.null(), sa.Text()).label("name"),
        sa.func.count().label("images"),
        sa.func.max(images.c.number).label("number"),
    )
    both = named.union_all(used.where(_IS_ORIGINAL).group_by(images.c.correlation_id)).subquery(
        "galleries"
    )
    return sa.select(
        both.c.id,
        sa.func.max(both.c.name).label("name"),
        sa.func.max(both.c.images).label("images"),
        sa.func.max(both.c.number).label("newest_number"),
    ).group_by(both.c.id)


async def _newest(connection: AsyncConnection, numbers: list[int | None]) -> dict[UUID, Any]:
    """Originals with their versions, by their galleries."""
    asked = sa.select(images.c.id, images.c.correlation_id).where(images.c.number.in_(numbers))
    galleries = {row.id: row.correlation_id for row in await connection.execute(asked)}
    found = await gallery_images(connection, list(galleries), IMAGES, FILES)
    return {galleries[each["id"]]: each for each in found}


async def _name(connection: AsyncConnection, gallery_id: UUID) -> str | None:
    asked = sa.select(named_galleries.c.name).where(named_galleries.c.id == gallery_id)
    name: str | None = (await connection.execute(asked)).scalar_one_or_none()
    return name
