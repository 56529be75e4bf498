"""`ConverterService`: converters as rows, and the running of them, few at a time."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID, uuid4

import sqlalchemy as sa

from storage_stream.images.checks import (
    checked_count,
    checked_metadata,
    checked_name,
    checked_span,
    known_words,
    mapping_of,
)
from storage_stream.images.conversion.engines.engine import checked_engine
from storage_stream.images.conversion.engines.engine_values import ObjectPlace
from storage_stream.images.conversion.image_converter import ImageConverter
from storage_stream.images.conversion.planning import Limits
from storage_stream.images.conversion.settings import merged
from storage_stream.images.errors import (
    Conflict,
    ConversionError,
    ConversionTimeout,
    NotFound,
    UnreadableImage,
    ValidationError,
)
from storage_stream.images.files.written_file import SourceFile
from storage_stream.images.identifiers import Id, as_id
from storage_stream.images.sql.queries import Shown
from storage_stream.images.sql.records import Records
from storage_stream.images.sql.revisions import at_revision, check_revision
from storage_stream.images.sql.schema import converters
from storage_stream.media import MediaError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage_stream.images.conversion.engines.engine import EngineName
    from storage_stream.images.conversion.engines.engine_values import MadeVersion
    from storage_stream.images.conversion.settings import VersionSettings
    from storage_stream.images.files.file_service import FileService
    from storage_stream.images.files.new_files import NewFiles
    from storage_stream.images.rows import ConverterRow
    from storage_stream.images.sql.database import Database
    from storage_stream.images.sql.queries import Columns

__all__ = ["CONVERTERS", "ConvertedVersion", "ConverterService", "Converting"]

MAX_PARALLEL = 2
MAX_PROCESSING_TIME = 60.0
MAX_PIXELS = 256_000_000
MAX_MEMORY_PIXELS = 100_000_000

CONVERTERS = Shown(
    converters, ("id", "cls", "name", "settings", "revision", "timestamp"), ("name",)
)
_CLASSES = {"ImageConverter": ImageConverter}


@dataclass(frozen=True, slots=True)
class ConvertedVersion:
    """A version that was stored.

    Attributes:
        version: Its name.
        file_id: Its file.
        metadata: What its row says.
    """

    version: str
    file_id: UUID
    metadata: dict[str, Any]


class Converting:
    """A conversion whose objects are there, and whose rows are not yet.

    Attributes:
        versions: In the order of the settings.
    """

    def __init__(
        self, new: NewFiles, made: Sequence[MadeVersion], told: list[dict[str, Any]]
    ) -> None:
        self._new = new
        self._made = made
        self.versions = [
            ConvertedVersion(metadata["version"], claimed.file_id, metadata)
            for claimed, metadata in zip(new.claimed, told, strict=True)
        ]

    async def commit(self, connection: AsyncConnection) -> None:
        """Keep the files, in a transaction that may do more.

        Raises:
            ClaimLost: It took longer than the lease.
        """
        await self._new.commit(connection, [each.resource for each in self._made])


class ConverterService(Records):
    """Converters, and what they do.

        converters = ConverterService(database, files)
        row = await converters.create({"cls": "ImageConverter", "name": "web", "settings": {…}})

    Args:
        database: Where the rows are.
        file_service: Where the bytes are.
        engine: `vips`, `pillow`, or `auto` for libvips where it is installed and reads the format.
        max_parallel: Conversions at once; the others wait for their turn.
        max_processing_time: Seconds that one may take, without that wait.
        max_pixels: Of a picture that is converted.
        max_memory_pixels: In memory at once, and of any version.

    Raises:
        ValidationError: A limit that cannot be, or no such engine.
    """

    kind = "converter"
    shown = CONVERTERS

    def __init__(
        self,
        database: Database,
        file_service: FileService,
        *,
        engine: EngineName = "auto",
        max_parallel: int = MAX_PARALLEL,
        max_processing_time: float = MAX_PROCESSING_TIME,
        max_pixels: int = MAX_PIXELS,
        max_memory_pixels: int = MAX_MEMORY_PIXELS,
    ) -> None:
        super().__init__(database)
        self.files = file_service
        self._engine: EngineName = checked_engine(engine)
        self._places = asyncio.Semaphore(checked_count(max_parallel, "max_parallel"))
        self.max_processing_time = checked_span(max_processing_time, "max_processing_time")
        self._limits = Limits(
            checked_count(max_pixels, "max_pixels"),
            checked_count(max_memory_pixels, "max_memory_pixels"),
        )

    # -- rows ------------------------------------------------------------------------------

    async def create(self, data: Mapping[str, Any], columns: Columns = "*") -> ConverterRow:
        """A converter.

        Args:
            data: `{"cls": "ImageConverter", "name": …, "settings": …}`.
            columns: Which columns come back.

        Raises:
            ValidationError: There is no such class, or the settings cannot be.
            Conflict: There is one of that name.
        """
        words = known_words(data, "data", {"cls", "name", "settings"})
        CONVERTERS.chosen(columns)
        cls, settings = words.get("cls", "ImageConverter"), words.get("settings")
        self._made(cls, settings)
        row = {
            "id": uuid4(),
            "cls": cls,
            "name": checked_name(words.get("name"), "name"),
            "settings": checked_metadata(settings, "settings"),
        }
        async with self._storing(row["name"]) as connection:
            row["timestamp"] = self._database.now()
            made = await connection.execute(
                sa.insert(converters).values(**row).returning(*CONVERTERS.chosen("*"))
            )
            found = dict(made.mappings().one())
        return cast("ConverterRow", self._one([found], columns))

    async def get(self, id: Id, columns: Columns = "*") -> ConverterRow:  # noqa: A002 - as above
        """A converter.

        Raises:
            NotFound: There is none.
        """
        return cast("ConverterRow", await self._get(id, columns))

    async def update(
        self,
        id: Id,  # noqa: A002 - as all methods of the services name it
        data: Mapping[str, Any],
        columns: Columns = "*",
        *,
        revision: int | None = None,
    ) -> ConverterRow:
        """Change a converter's name or settings, which are replaced as a whole.

        Args:
            id: The converter.
            data: `{"name": …, "settings": …}`, or one of them.
            columns: Which columns come back.
            revision: Only if it is at this one; None changes it whatever it is.

        Raises:
            NotFound: There is none.
            PreconditionFailed: It is at another revision: somebody changed it meanwhile.
            ValidationError: The settings cannot be.
            Conflict: There is one of that name.
        """
        words = known_words(data, "data", {"name", "settings"})
        CONVERTERS.chosen(columns)
        if not words:
            raise ValidationError("a name or settings are expected", field="data")
        old = await self.get(id)
        check_revision("converter", old, revision)
        values: dict[str, Any] = {"revision": converters.c.revision + 1}
        if "name" in words:
            values["name"] = checked_name(words["name"], "name")
        if "settings" in words:
            self._made(old["cls"], words["settings"])
            values["settings"] = checked_metadata(words["settings"], "settings")
        async with self._storing(values.get("name")) as connection:
            which = sa.update(converters).where(*at_revision(converters, old["id"], revision))
            changed = await connection.execute(
                which.values(**values).returning(*CONVERTERS.chosen("*"))
            )
            found = changed.mappings().one_or_none()
        if found is None:
            await self._refuse(old["id"], revision)
            raise NotFound("converter", old["id"])
        return cast("ConverterRow", self._one([dict(found)], columns))

    async def delete(self, id: Id, *, revision: int | None = None) -> None:  # noqa: A002 - as above
        """Delete a converter; what it made stays.

        Args:
            id: The converter.
            revision: Only if it is at this one; None deletes it whatever it is.

        Raises:
            NotFound: There is none.
            PreconditionFailed: It is at another revision: somebody changed it meanwhile.
        """
        record_id = as_id(id)
        async with self._database.writing() as connection:
            gone = sa.delete(converters).where(*at_revision(converters, record_id, revision))
            count = (await connection.execute(gone)).rowcount
        if count == 0:
            await self._refuse(record_id, revision)
            raise NotFound("converter", record_id)

    async def _refuse(self, record_id: UUID, revision: int | None) -> None:
        """Say why nothing was changed, where it is not that there is nothing.

        Raises:
            NotFound: It is that.
            PreconditionFailed: It is at another revision.
        """
        check_revision("converter", await self.get(record_id), revision)

    # -- running ---------------------------------------------------------------------------

    async def convert(
        self,
        id: Id,  # noqa: A002 - as all methods of the services name it
        file_id: Id,
        settings: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> list[ConvertedVersion]:
        """Make files of a file, of which no image knows.

        Args:
            id: The converter.
            file_id: The file.
            settings: What is to be other than in the converter's settings.
            metadata: What every version says besides.

        Raises:
            NotFound: There is no such converter or file.
            ValidationError: The settings cannot be, or do not take such a file.
            ConversionError: It failed; nothing was kept.
        """
        async with (
            self.converting(id, file_id, settings, metadata) as converting,
            self._database.writing() as connection,
        ):
            await converting.commit(connection)
        return converting.versions

    @asynccontextmanager
    async def converting(
        self,
        converter_id: Id,
        file: Id | SourceFile,
        settings: Mapping[str, Any] | None,
        metadata: Mapping[str, Any] | None,
    ) -> AsyncGenerator[Converting]:
        """Around a conversion: its objects are there, `commit` keeps them, an exception does not.

        Args:
            converter_id: The converter.
            file: The file, or where it is, whatever its row says yet.
            settings: As in `convert`.
            metadata: As in `convert`.

        Raises:
            NotFound: There is no such converter or file.
            ValidationError: The settings cannot be, or do not take such a file.
            ConversionError: It failed; nothing was kept.
        """
        added = checked_metadata(metadata, "metadata")
        row = await self.get(converter_id)
        converter = self._made(row["cls"], merged(row["settings"], settings))
        file = file if isinstance(file, SourceFile) else await self._source(file)
        converter.settings.check_file(file.name, file.extension)
        versions = converter.settings.versions
        new_rows = [{"name": file.name, "extension": each.output_extension} for each in versions]
        async with self._places, self.files.writing(new_rows) as new:
            made = await self._converted(converter, row["id"], file, new)
            told = [
                _told(converter, version, added, each)
                for version, each in zip(versions, made, strict=True)
            ]
            yield Converting(new, made, told)

    async def _converted(
        self, converter: ImageConverter, converter_id: UUID, file: SourceFile, new: NewFiles
    ) -> list[MadeVersion]:
        source = ObjectPlace(file.bucket, file.object_name, file.generation)
        places = [ObjectPlace(each.bucket, each.object_name) for each in new.claimed]
        names: dict[str, Any] = {"converter_id": converter_id, "file_id": file.id}
        timeout = asyncio.timeout(self.max_processing_time)
        try:
            async with timeout:
                return await converter.convert(self.files.storage, source, places)
        except TimeoutError as error:
            if not timeout.expired():
                raise ConversionError(_reason(error), **names) from error
            limit = f"it took longer than {self.max_processing_time:g} s"
            raise ConversionTimeout(limit, **names) from error
        except ValidationError as error:
            raise ValidationError(f"converter {converter_id}, file {file.id}: {error}") from error
        except MediaError as error:
            raise UnreadableImage(_reason(error), **names) from error
        except Exception as error:
            raise ConversionError(_reason(error), **names) from error

    async def _source(self, file_id: Id) -> SourceFile:
        row = await self.files.get_ready(file_id)
        place = str(row["bucket"]), str(row["object_name"]), row["generation"]
        return SourceFile(row["id"], row["name"], row["extension"], *place)

    @asynccontextmanager
    async def _storing(self, name: object) -> AsyncGenerator[AsyncConnection]:
        """A transaction for a converter; all that two of them may not share is the name."""
        try:
            async with self._database.writing() as connection:
                yield connection
        except Conflict:
            raise Conflict(f"there is a converter {name!r} already") from None

    def _made(self, cls: object, settings: object) -> ImageConverter:
        if not isinstance(cls, str) or cls not in _CLASSES:
            raise ValidationError(f"{cls!r:.80} is none of {', '.join(_CLASSES)}", field="cls")
        return _CLASSES[cls](
            mapping_of(settings, "settings"), engine=self._engine, limits=self._limits
        )


def _reason(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())  # libvips' has several lines


def _told(
    converter: ImageConverter, version: VersionSettings, added: dict[str, Any], made: MadeVersion
) -> dict[str, Any]:
    return {
        **converter.settings.meta,
        **version.meta,
        **added,
        "version": version.version,
        "source": version.source.value,
        "format": version.format,
        "output_extension": version.output_extension,
        "size": list(made.size),
        "file_size": int(made.resource["size"]),
    }
