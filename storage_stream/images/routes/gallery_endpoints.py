"""What the routes of galleries do. FastAPI reads the annotations here when the program runs."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query

from storage_stream.images.errors import NotFound
from storage_stream.images.routes.bodies import GalleryName
from storage_stream.images.routes.paging import MAX_IDS, Limit, Offset
from storage_stream.images.service import ImageService

__all__ = ["GalleryEndpoints"]

GalleryId = Annotated[UUID, Path(description="The gallery.")]


class GalleryEndpoints:
    """The methods of the service that are about galleries.

    Args:
        service: It.
    """

    def __init__(self, service: ImageService) -> None:
        self._service = service

    async def galleries(
        self,
        gallery_id: Annotated[list[UUID], Query(min_length=1, max_length=MAX_IDS)],
    ) -> Any:
        """Several galleries, in the order asked for; those without images are left out."""
        return await self._service.get_gallery(gallery_id)

    async def gallery(self, gallery_id: GalleryId) -> Any:
        """All images of a gallery, each with the latest revision of its versions."""
        for found in await self._service.get_gallery(gallery_id):
            return found
        raise NotFound("gallery", gallery_id)

    async def list_galleries(self, offset: Offset = 0, limit: Limit = 10) -> Any:
        """All galleries, those with the newest images first."""
        return await self._service.list_galleries(offset, limit)

    async def images(
        self,
        gallery_id: GalleryId,
        offset: Offset = 0,
        limit: Limit = 10,
        *,
        newest_first: Annotated[bool, Query(description="The other way round.")] = False,
    ) -> Any:
        """A part of a gallery's originals, each with the latest revision of its versions."""
        return await self._service.get_gallery_images(
            gallery_id, offset, limit, newest_first=newest_first
        )

    async def create(self, body: GalleryName) -> Any:
        """Make a gallery; its id is the `correlation_id` of its images."""
        return await self._service.create_gallery(body.name)

    async def rename(self, gallery_id: GalleryId, body: GalleryName) -> Any:
        """Give a gallery another name."""
        return await self._service.rename_gallery(gallery_id, body.name)

    async def delete(self, gallery_id: GalleryId) -> Any:
        """Delete a gallery with all of its images."""
        return {"deleted": await self._service.delete_gallery(gallery_id)}
