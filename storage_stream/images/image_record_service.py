"""The images of `ImageService` as rows: made, read, changed, deleted with what hangs on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from uuid import UUID, uuid4

import sqlalchemy as sa

from storage_stream._shielding import to_its_end
from storage_stream.images.checks import checked_version_name, known_words, sequence_of
from storage_stream.images.errors import NotFound, ValidationError
from storage_stream.images.files.file_service import FileService
from storage_stream.images.identifiers import Id, as_id, as_ids
from storage_stream.images.image_records import (
    IMAGES,
    ImageTable,
    checked_new_image,
    metadata_of,
)
from storage_stream.images.permissions import check_permission
from storage_stream.images.sql.queries import in_pieces
from storage_stream.images.sql.records import Records
from storage_stream.images.sql.schema import images

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from storage_stream.images.permissions import Permissions
    from storage_stream.images.rows import Dicts, ImageRow, ImageRows, Page
    from storage_stream.images.sql.database import Database
    from storage_stream.images.sql.queries import Columns, Conditions

__all__ = ["ImageRecordService"]

_MAX_VERSION_NAMES = 100
"""In one call; a converter makes no more at once."""


class ImageRecordService(Records):
    """What of `ImageService` needs no converter.

    Args:
        database: Where the rows are.
        file_service: Where the bytes are.
        permissions: Who may call what; None permits everything.
    """

    kind = "image"
    shown = IMAGES
    # Of the class it is the class; every service has the one it was made with.
    file_service: FileService = cast("FileService", FileService)

    def __init__(
        self, database: Database, file_service: FileService, permissions: Permissions | None
    ) -> None:
        super().__init__(database)
        self.file_service = file_service
        self.permissions = permissions

    async def create(self, data: Mapping[str, Any], columns: Columns = "*") -> ImageRow:
        """An image of a file that is there.

        Args:
            data: `file_id`; for a version `version` and `original_id`, too; `correlation_id`
                (the gallery; an original's own id unless it is given) and `metadata` (or `meta`).
            columns: Which columns come back.

        Raises:
            ValidationError: It cannot be.
            NotFound: There is no such file or original.
            Conflict: The file has no content.
        """
        await self._permit("create", data=data)
        IMAGES.chosen(columns)
        made = await self._created([checked_new_image(data)])
        return cast("ImageRow", self._one(made, columns))

    async def m_create(
        self, data: Sequence[Mapping[str, Any]], columns: Columns = "*"
    ) -> ImageRows:
        """Several images, all of them or none; else as `create`."""
        await self._permit("m_create", data=data)
        IMAGES.chosen(columns)
        given = sequence_of(data, "data")
        rows = [checked_new_image(each, f"data[{number}]") for number, each in enumerate(given)]
        made = await self._created(rows)
        return cast("ImageRows", IMAGES.narrowed(made, columns))

    async def get(self, id: Id, columns: Columns = "*") -> ImageRow:  # noqa: A002 - the seed's name
        """An image.

        Raises:
            NotFound: There is none.
        """
        await self._permit("get", id=id)
        return cast("ImageRow", await self._get(id, columns))

    async def m_get(self, id: Id | Sequence[Id], columns: Columns = "*") -> ImageRows:  # noqa: A002 - as above
        """Those images that there are, in the order asked for."""
        await self._permit("m_get", id=id)
        return cast("ImageRows", await self._m_get(id, columns))

    async def exists(self, id: Id) -> bool:  # noqa: A002 - as above
        """Whether there is such an image."""
        await self._permit("exists", id=id)
        return await super().exists(id)

    async def m_exists(self, id: Id | Sequence[Id]) -> frozenset[UUID]:  # noqa: A002 - as above
        """Those of these ids that an image has."""
        await self._permit("m_exists", id=id)
        return frozenset(row["id"] for row in await self._m_get(id, "id"))

    async def list(
        self,
        conditions: Conditions | None = None,
        sort: str | Sequence[str] | None = None,
        offset: int = 0,
        limit: int = 10,
        columns: Columns = "*",
    ) -> Page:
        """Images that fulfil conditions; see `Records.list`."""
        await self._permit("list", conditions=conditions)
        return await super().list(conditions, sort, offset, limit, columns)

    async def update(self, id: Id, data: Mapping[str, Any], columns: Columns = "*") -> ImageRow:  # noqa: A002 - as above
        """Change an image's metadata, which is replaced, or move an original with its versions.

        Args:
            id: The image.
            data: `metadata` (or `meta`); of an original `correlation_id`, too.
            columns: Which columns come back.

        Raises:
            NotFound: There is none.
            ValidationError: That cannot be changed.
        """
        await self._permit("update", id=id, data=data)
        image_id = as_id(id)
        rows = await self._updated([image_id], data, columns)
        if not rows:
            raise NotFound(self.kind, image_id)
        return cast("ImageRow", self._one(rows, columns))

    async def m_update(
        self,
        id: Id | Sequence[Id],  # noqa: A002 - as above
        data: Mapping[str, Any],
        columns: Columns = "*",
    ) -> ImageRows:
        """The same change to all those images that there are, or to none; else as `update`."""
        await self._permit("m_update", id=id, data=data)
        rows = await self._updated(as_ids(id), data, columns)
        return cast("ImageRows", IMAGES.narrowed(rows, columns))

    async def delete(self, id: Id, columns: Columns = "*") -> ImageRow:  # noqa: A002 - as above
        """Delete an image, an original with its versions, and files that nothing else uses.

        Returns:
            Its row.

        Raises:
            NotFound: There is none.
            StorageError: Some objects could not be removed yet; `recover` tries again. The rows
                are gone.
        """
        await self._permit("delete", id=id)
        image_id = as_id(id)
        IMAGES.chosen(columns)
        rows = await self._removed([image_id], [images.c.id == image_id])
        if not rows:
            raise NotFound(self.kind, image_id)
        return cast("ImageRow", self._one(rows, columns))

    async def m_delete(self, id: Id | Sequence[Id], columns: Columns = "*") -> ImageRows:  # noqa: A002 - as above
        """Those images that there are; else as `delete`."""
        await self._permit("m_delete", id=id)
        IMAGES.chosen(columns)
        rows: Dicts = []
        for some in in_pieces(as_ids(id)):
            rows += await self._removed(some, [images.c.id.in_(some)])
        return cast("ImageRows", IMAGES.narrowed(rows, columns))

    async def delete_versions(
        self,
        id: Id | Sequence[Id],  # noqa: A002 - as above
        versions: str | Sequence[str],
        columns: Columns = "*",
    ) -> ImageRows:
        """Delete all revisions of some versions.

        Args:
            id: The original, or several.
            versions: The version's name, or several.
            columns: Which columns come back.

        Returns:
            The rows that are gone.

        Raises:
            ValidationError: A version that is none, such as `original` or None.
        """
        await self._permit("delete_versions", id=id, versions=versions)
        names = [versions] if isinstance(versions, str) else sequence_of(versions, "versions")
        wanted = list(dict.fromkeys(checked_version_name(name, "versions") for name in names))
        if len(wanted) > _MAX_VERSION_NAMES:
            what = f"at most {_MAX_VERSION_NAMES} are allowed, not {len(wanted)}"
            raise ValidationError(what, field="versions")
        IMAGES.chosen(columns)
        rows: Dicts = []
        for some in in_pieces(as_ids(id)):
            where = (images.c.original_id.in_(some), images.c.version.in_(wanted))
            rows += await self._removed(some, where)
        return cast("ImageRows", IMAGES.narrowed(rows, columns))

    # -- for helpers -----------------------------------------------------------------------

    async def _permit(self, action: str, **arguments: Any) -> None:
        await check_permission(self.permissions, action, arguments)

    async def _created(self, rows: Sequence[dict[str, Any]]) -> Dicts:
        async with self._database.writing() as connection:
            return await ImageTable(connection, self._database.now()).add(rows)

    async def _updated(
        self, ids: Sequence[UUID], data: Mapping[str, Any], columns: Columns
    ) -> Dicts:
        values = _changes(data)
        IMAGES.chosen(columns)
        async with self._database.writing() as connection:
            found = await ImageTable(connection, self._database.now()).lock(ids)
            rows = [found[each] for each in ids if each in found]
            if "correlation_id" in values and any(row["version"] is not None for row in rows):
                why = "a version is in the gallery of its original"
                raise ValidationError(why, field="data.correlation_id")
            for some in in_pieces(list(found)):
                changed = sa.update(images).where(images.c.id.in_(some))
                await connection.execute(changed.values(**values))
        return [{**row, **values} for row in rows]

    async def _removed(
        self, locked: Sequence[UUID], where: Sequence[sa.ColumnElement[bool]]
    ) -> Dicts:
        owner = uuid4()
        claims = self.file_service.claims
        async with self._database.writing() as connection:
            table = ImageTable(connection, self._database.now())
            await table.lock_with_originals(locked)
            rows, used = await table.remove(where)
            await claims.release(connection, sorted(used), owner)
        if used:
            await to_its_end(claims.clear(owner))
        return rows


def _changes(data: Mapping[str, Any]) -> dict[str, Any]:
    words = known_words(data, "data", {"metadata", "meta", "correlation_id"})
    if not words:
        raise ValidationError("there is nothing to change", field="data")
    values: dict[str, Any] = {}
    if "metadata" in words or "meta" in words:
        values["metadata"] = metadata_of(words, "data")
    if "correlation_id" in words:
        values["correlation_id"] = as_id(words["correlation_id"], "data.correlation_id")
    return values
