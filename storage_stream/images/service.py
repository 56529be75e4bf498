"""`ImageService`: images, their versions and their galleries."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast
from uuid import uuid4

from storage_stream.images.checks import mapping_of
from storage_stream.images.conversion.converter_service import ConverterService
from storage_stream.images.errors import ValidationError
from storage_stream.images.files.file_service import FILES
from storage_stream.images.gallery import galleries
from storage_stream.images.gallery_record_service import GalleryRecordService
from storage_stream.images.identifiers import Id, as_id, as_ids, as_optional_id
from storage_stream.images.image_records import (
    IMAGES,
    ImageTable,
    checked_new_image,
)
from storage_stream.images.log import LOGGER

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from storage_stream.images.conversion.converter_service import Converting
    from storage_stream.images.files.file_service import FileService
    from storage_stream.images.files.written_file import WrittenFile
    from storage_stream.images.permissions import Permissions
    from storage_stream.images.rows import Dicts, Galleries, ImageRow, ImageRows, Page
    from storage_stream.images.sql.database import Database
    from storage_stream.images.sql.queries import Columns, Conditions

__all__ = ["ImageService"]


class ImageService(GalleryRecordService):
    """Images: originals, versions that converters make of them, galleries of several.

        async with ImageService(database, files) as images:
            rows = await images.convert_from_file(file_id, converter_id, metadata={"test": True})
            gallery = await images.get_gallery(rows[0]["correlation_id"])

    Entering brings the tables up to date and clears what died processes left; that is repeated
    once in a lease while it is open. What cannot be cleared is logged.

    Args:
        database: Where the rows are; it stays the caller's to close.
        file_service: Where the bytes are.
        converter_service: What converts; None makes one with its defaults.
        permissions: Who may call what; None permits everything.
        logger: Where it says what it does; None for `storage_stream.images`.
    """

    service_name = "images"
    converter_classes: ClassVar[list[str]] = ["ImageConverter"]

    def __init__(
        self,
        database: Database,
        file_service: FileService,
        converter_service: ConverterService | None = None,
        *,
        permissions: Permissions | None = None,
        logger: logging.Logger | None = None,
    ) -> None:
        super().__init__(database, file_service, permissions)
        self.converters = converter_service or ConverterService(database, file_service)
        self.logger = logger or LOGGER
        self._recovering: asyncio.Task[None] | None = None

    @property
    def routes(self) -> dict[str, Callable[..., Any]]:
        """The methods by the names that remote callers have for them."""
        return {
            "create": self.create,
            "get": self.get,
            "update": self.update,
            "delete": self.delete,
            "exists": self.exists,
            "list": self.list,
            "m_create": self.m_create,
            "m_get": self.m_get,
            "m_update": self.m_update,
            "m_delete": self.m_delete,
            "m_exists": self.m_exists,
            "convert": self.convert_image,
            "convert_from_file": self.convert_from_file,
            "gallery": self.get_gallery,
            "versions.delete": self.delete_versions,
            "converters.list": self.list_converters,
        }

    # -- converting ------------------------------------------------------------------------

    async def convert_image(
        self,
        id: Id,  # noqa: A002 - as above
        converter_id: Id,
        converter_settings: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        columns: Columns = "*",
    ) -> ImageRows:
        """Make new revisions of an original's versions; the old ones stay.

        Cancelling undoes all of it, and waits for that; it comes too late once the last
        transaction is being stored.

        Args:
            id: The original.
            converter_id: The converter.
            converter_settings: What is to be other than in the converter's own: mappings are
                merged, all else is replaced.
            metadata: What the rows say besides.
            columns: Which columns come back.

        Returns:
            The original's row, and one for each version.

        Raises:
            NotFound: There is no such image or converter.
            ValidationError: It is a version, or the settings cannot be.
            ConversionError: It failed; nothing was kept.
        """
        await self._permit("convert_image", id=id, converter_id=converter_id)
        image_id = as_id(id)
        IMAGES.chosen(columns)
        row = await self._get(image_id, "*")
        if row["version"] is not None:
            raise ValidationError(f"image {image_id} is a version, not an original", field="id")
        run = self.converters.converting(converter_id, row["file_id"], converter_settings, metadata)
        async with run as converting, self._database.writing() as connection:
            table = ImageTable(connection, self._database.now())
            original = dict(await table.lock_original(image_id))
            rows = await self._kept(table, connection, converting, original)
        return cast("ImageRows", IMAGES.narrowed([original, *rows], columns))

    async def convert_from_file(
        self,
        file_id: Id,
        converter_id: Id,
        converter_settings: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        correlation_id: Id | None = None,
        columns: Columns = "*",
    ) -> ImageRows:
        """Make an original of a file, and its versions: all of them, or nothing.

        Cancelling undoes all of it, and waits for that; it comes too late once the last
        transaction is being stored.

        Args:
            file_id: The file.
            converter_id: The converter.
            converter_settings: As in `convert_image`.
            metadata: What the rows say besides.
            correlation_id: The gallery; None for one of its own.
            columns: Which columns come back.

        Returns:
            The original's row, and one for each version.

        Raises:
            NotFound: There is no such file or converter.
            Conflict: The file has no content.
            ValidationError: The settings cannot be, or do not take such a file.
            ConversionError: It failed; nothing was kept.
        """
        await self._permit("convert_from_file", file_id=file_id, converter_id=converter_id)
        gallery = as_optional_id(correlation_id, "correlation_id")
        IMAGES.chosen(columns)
        new = checked_new_image(
            {"file_id": file_id, "correlation_id": gallery, "metadata": metadata}, "arguments"
        )
        run = self.converters.converting(converter_id, file_id, converter_settings, metadata)
        async with run as converting, self._database.writing() as connection:
            table = ImageTable(connection, self._database.now())
            (original,) = await table.add([new])
            rows = await self._kept(table, connection, converting, original)
        return cast("ImageRows", IMAGES.narrowed([original, *rows], columns))

    async def create_written(
        self,
        file: WrittenFile,
        converter_id: Id | None = None,
        correlation_id: Id | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> ImageRow:
        """Make an original of a file that is just written, and its versions, in one transaction.

        So that nothing is left of it when the process dies before: not even the file.

        Args:
            file: It.
            converter_id: What makes versions; None makes none.
            correlation_id: The gallery; None for one of its own.
            metadata: What the rows say besides.

        Returns:
            The original's row.

        Raises:
            NotFound: There is no such converter.
            ValidationError: The settings do not take such a file.
            ConversionError: It failed; nothing was kept.
        """
        file_id = file.source.id
        data = {"file_id": file_id, "correlation_id": correlation_id, "metadata": metadata}
        if converter_id is None:
            await self._permit("create", data=data)
        else:
            await self._permit("convert_from_file", file_id=file_id, converter_id=converter_id)
        new = checked_new_image(data, "arguments")
        async with AsyncExitStack() as stack:
            converting = None
            if converter_id is not None:
                run = self.converters.converting(converter_id, file.source, None, metadata)
                converting = await stack.enter_async_context(run)
            async with self._database.writing() as connection:
                await file.commit(connection)
                table = ImageTable(connection, self._database.now())
                (original,) = await table.add([new])
                if converting is not None:
                    await self._kept(table, connection, converting, original)
        return cast("ImageRow", original)

    async def list_converters(self, conditions: Conditions | None = None, **arguments: Any) -> Page:
        """The converters of images; arguments as in `list`."""
        await self._permit("list_converters", conditions=conditions)
        given = {} if conditions is None else mapping_of(conditions, "conditions")
        ours = {"cls": list(self.converter_classes)}
        return await self.converters.list({**given, **ours}, **arguments)

    # -- galleries -------------------------------------------------------------------------

    async def get_gallery(self, id: Id | Sequence[Id]) -> Galleries:  # noqa: A002 - as above
        """All images of a gallery, each with the latest revision of its versions.

        Args:
            id: The `correlation_id`, or several.

        Returns:
            One for each gallery that has an image, in the order asked for.
        """
        await self._permit("get_gallery", id=id)
        ids = as_ids(id)
        async with self._database.reading() as connection:
            return await galleries(connection, ids, IMAGES, FILES)

    # -- recovering ------------------------------------------------------------------------

    async def recover(self) -> int:
        """Clear what processes left that died in the middle: their objects, then their rows.

        Returns:
            How many files there were.

        Raises:
            StorageError: Some objects could not be removed; another call tries again.
        """
        recovered = await self.file_service.recover()
        if recovered:
            self.logger.info("recovered %d files that were left unfinished", recovered)
        return recovered

    async def __aenter__(self) -> Self:
        await self._database.ensure_migrated()
        await self._recover_or_say()
        self._recovering = asyncio.create_task(self._recover_for_ever())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        task, self._recovering = self._recovering, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _recover_for_ever(self) -> None:
        while True:
            await asyncio.sleep(self.file_service.claims.lease)
            await self._recover_or_say()

    async def _recover_or_say(self) -> None:
        """What cannot be removed today, because somebody holds it, keeps nobody from working."""
        try:
            await self.recover()
        except Exception:
            self.logger.exception("recovering failed; it is tried again in a lease")

    # -- for helpers -----------------------------------------------------------------------

    async def _kept(
        self,
        table: ImageTable,
        connection: Any,
        converting: Converting,
        original: Mapping[str, Any],
    ) -> Dicts:
        """The rows of all versions, with their files, in the same transaction."""
        revision = await table.next_revision(original["id"])
        await converting.commit(connection)
        return await table.insert(
            [
                {
                    "id": uuid4(),
                    "version": each.version,
                    "correlation_id": original["correlation_id"],
                    "original_id": original["id"],
                    "file_id": each.file_id,
                    "revision": revision,
                    "metadata": each.metadata,
                }
                for each in converting.versions
            ]
        )
