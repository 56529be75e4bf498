"""What the routes of images do: arguments out of requests, a call of the service, its rows.

FastAPI reads the annotations here when the program runs, so their names are imported then.
"""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Path, Query, Request

from storage_stream.images.checks import checked_name
from storage_stream.images.routes.bodies import (
    ChangedImage,
    Conversion,
    FileConversion,
    ImageIds,
    NewImage,
    VersionName,
)
from storage_stream.images.routes.leaving import unless_left
from storage_stream.images.routes.paging import MAX_IDS, Limit, Offset
from storage_stream.images.service import ImageService

__all__ = ["ImageEndpoints"]

ImageId = Annotated[UUID, Path(description="The image.")]
# fmt: off
Column = Literal[
    "id", "version", "correlation_id", "original_id",
    "file_id", "revision", "metadata", "timestamp",
]
# fmt: on
Sort = Literal["timestamp", "-timestamp", "revision", "-revision", "version", "-version"]
_SORT = "By which columns; a minus puts the last first."


class ImageEndpoints:
    """The methods of the service that are about images.

    Args:
        service: It.
    """

    def __init__(self, service: ImageService) -> None:
        self._service = service

    async def list_images(
        self,
        offset: Offset = 0,
        limit: Limit = 10,
        version: VersionName | None = None,
        original_id: UUID | None = None,
        correlation_id: UUID | None = None,
        file_id: UUID | None = None,
        *,
        originals: Annotated[bool, Query(description="Leave versions out.")] = False,
        sort: Annotated[list[Sort] | None, Query(description=_SORT)] = None,
        columns: Annotated[list[Column] | None, Query(description="Of each image.")] = None,
    ) -> Any:
        """Images, oldest first unless it is said otherwise."""
        given = {
            "version": None if version is None else checked_name(version, "version"),
            "original_id": original_id,
            "correlation_id": correlation_id,
            "file_id": file_id,
        }
        conditions: dict[str, Any] = {name: each for name, each in given.items() if each}
        if originals:
            conditions["revision"] = 0
            conditions["original_id"] = None
        return await self._service.list(conditions, sort, offset, limit, columns or "*")

    async def create(self, body: NewImage) -> Any:
        """Make an image of a file that was uploaded."""
        return await self._service.create(body.model_dump())

    async def get(self, image_id: ImageId) -> Any:
        """An image."""
        return await self._service.get(image_id)

    async def update(self, image_id: ImageId, body: ChangedImage) -> Any:
        """Change an image's metadata, or move an original to another gallery."""
        return await self._service.update(image_id, body.model_dump(exclude_none=True))

    async def delete(self, image_id: ImageId) -> Any:
        """Delete an image, an original with its versions, and the files that nothing else uses."""
        return await self._service.delete(image_id)

    async def exists(self, image_id: ImageId) -> Any:
        """Whether there is such an image."""
        return {"exists": await self._service.exists(image_id)}

    async def convert(self, image_id: ImageId, body: Conversion, request: Request) -> Any:
        """Make new revisions of an original's versions; all of them, or none."""
        making = self._service.convert_image(image_id, **body.model_dump())
        return await unless_left(request, making)

    async def convert_from_file(self, body: FileConversion, request: Request) -> Any:
        """Make an original of a file, and its versions; all of them, or nothing."""
        making = self._service.convert_from_file(**body.model_dump())
        return await unless_left(request, making)

    async def m_delete(self, body: ImageIds) -> Any:
        """Delete those of some images that there are; else as `delete`."""
        rows = await self._service.m_delete(body.ids)
        return {"deleted": len(rows)}

    async def versions(self, image_id: ImageId) -> Any:
        """An original, and the latest revision of each of its versions, with their files."""
        return await self._service.get_versions(image_id)

    async def delete_versions(
        self,
        image_id: ImageId,
        version: Annotated[list[VersionName], Query(min_length=1, max_length=MAX_IDS)],
    ) -> Any:
        """Delete all revisions of some versions."""
        return await self._service.delete_versions(image_id, version)
