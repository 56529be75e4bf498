"""A file whose object is there while its row still waits for a transaction that may do more.

An upload that becomes an image is one: killed in between, it leaves a row with a lease, which
`recover` clears, and never a file that no image uses. It knows no image.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from storage_stream import Preconditions

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage_stream.images.files.file_service import FileService
    from storage_stream.images.files.new_files import NewFiles

__all__ = ["SourceFile", "WrittenFile", "write_file"]

_NEW = Preconditions(if_generation_match=0)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """What a conversion has to know of a file.

    Attributes:
        id: The file.
        name: Its name, which may have folders.
        extension: Of its format.
        bucket: Its object's bucket.
        object_name: Its object.
        generation: Of the object.
    """

    id: UUID
    name: str
    extension: str | None
    bucket: str
    object_name: str
    generation: int | None


class WrittenFile:
    """It; `commit` makes it ready.

    Attributes:
        source: Where it is.
    """

    def __init__(self, source: SourceFile, new: NewFiles, resource: Mapping[str, Any]) -> None:
        self.source = source
        self._new = new
        self._resource = resource

    async def commit(self, connection: AsyncConnection) -> None:
        """Say in a transaction that it is whole.

        Raises:
            ClaimLost: It took longer than the lease.
        """
        await self._new.commit(connection, [self._resource])


@asynccontextmanager
async def write_file(
    files: FileService, name: str, extension: str | None, data: Any, content_type: str
) -> AsyncGenerator[WrittenFile]:
    """Around a file that is written; unless it is committed, nothing of it stays.

    Cancelling waits for the undoing.

    Args:
        files: Where it is to be.
        name: See `FileService.create`.
        extension: See there.
        data: Whatever `Storage.upload` takes.
        content_type: Its MIME type.

    Raises:
        ValidationError: A name or an extension that cannot be.
        StorageError: It cannot be stored.
    """
    async with files.writing([{"name": name, "extension": extension}]) as new:
        (claimed,) = new.claimed
        bucket, object_name = claimed.bucket, claimed.object_name
        resource = await files.storage.upload(
            bucket, object_name, data, content_type=content_type, preconditions=_NEW
        )
        place = bucket, object_name, _generation(resource)
        source = SourceFile(claimed.file_id, name, extension, *place)
        yield WrittenFile(source, new, resource)


def _generation(resource: Mapping[str, Any]) -> int:
    return int(resource["generation"])
