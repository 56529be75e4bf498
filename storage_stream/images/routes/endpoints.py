"""What the routes do: arguments out of requests, a call of the service, its rows as they are.

FastAPI reads the annotations here when the program runs, so their names are imported then.
"""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query, Request, Response

from storage_stream.images.checks import checked_name
from storage_stream.images.errors import NotFound
from storage_stream.images.permissions import check_permission
from storage_stream.images.routes.bodies import (
    ChangedImage,
    Conversion,
    FileConversion,
    NewImage,
    VersionName,
)
from storage_stream.images.routes.serving import file_response
from storage_stream.images.routes.uploading import PictureUpload
from storage_stream.images.service import ImageService
from storage_stream.images.sql.queries import MAX_ON_PAGE

__all__ = ["FileEndpoints", "ImageEndpoints"]

_MAX_OFFSET = 2**53
_MAX_IDS = 100
_MAX_DIGITS = 18  # Python refuses numbers of thousands

ImageId = Annotated[UUID, Path(description="The image.")]
FileId = Annotated[UUID, Path(description="The file.")]
Offset = Annotated[int, Query(ge=0, le=_MAX_OFFSET, description="Rows to leave out.")]
Limit = Annotated[int, Query(ge=1, le=MAX_ON_PAGE, description="Rows to give.")]


class ImageEndpoints:
    """The methods of the service.

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
    ) -> Any:
        """Images, oldest first."""
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
        return await self._service.list(conditions, offset=offset, limit=limit)

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

    async def convert(self, image_id: ImageId, body: Conversion) -> Any:
        """Make new revisions of an original's versions; all of them, or none."""
        return await self._service.convert_image(image_id, **body.model_dump())

    async def convert_from_file(self, body: FileConversion) -> Any:
        """Make an original of a file, and its versions; all of them, or nothing."""
        return await self._service.convert_from_file(**body.model_dump())

    async def delete_versions(
        self,
        image_id: ImageId,
        version: Annotated[list[VersionName], Query(min_length=1, max_length=_MAX_IDS)],
    ) -> Any:
        """Delete all revisions of some versions."""
        return await self._service.delete_versions(image_id, version)

    async def galleries(
        self,
        gallery_id: Annotated[list[UUID], Query(min_length=1, max_length=_MAX_IDS)],
    ) -> Any:
        """Several galleries, in the order asked for; those without images are left out."""
        return await self._service.get_gallery(gallery_id)

    async def gallery(self, gallery_id: Annotated[UUID, Path(description="The gallery.")]) -> Any:
        """All images of a gallery, each with the latest revision of its versions."""
        for found in await self._service.get_gallery(gallery_id):
            return found
        raise NotFound("gallery", gallery_id)

    async def list_converters(self, offset: Offset = 0, limit: Limit = 10) -> Any:
        """The converters of images."""
        return await self._service.list_converters(offset=offset, limit=limit)


class FileEndpoints:
    """Files and their bytes.

    Args:
        service: Whose files.
        max_upload_bytes: Of one upload.
        max_upload_pixels: Of one upload.
    """

    def __init__(
        self, service: ImageService, max_upload_bytes: int, max_upload_pixels: int
    ) -> None:
        self._service = service
        self._files = service.file_service
        self._max_upload_bytes = max_upload_bytes
        self._max_upload_pixels = max_upload_pixels

    async def upload(
        self,
        request: Request,
        name: Annotated[str, Query(min_length=1, max_length=200, description="The file's name.")],
    ) -> Any:
        """Store a picture: the body is its bytes, `Content-Type` its type or unknown."""
        await self._permit("files.upload", name=name)
        upload = PictureUpload(
            self._files,
            name,
            request.headers.get("content-type"),
            max_bytes=self._max_upload_bytes,
            max_pixels=self._max_upload_pixels,
        )
        return await upload.store(request.stream(), _length(request))

    async def get(self, file_id: FileId) -> Any:
        """What is known of a file."""
        await self._permit("files.get", id=file_id)
        return await self._files.get(file_id)

    async def delete(self, file_id: FileId) -> None:
        """Delete a file that no image uses."""
        await self._permit("files.delete", id=file_id)
        await self._files.delete(file_id)

    async def read(self, file_id: FileId, request: Request) -> Response:
        """The bytes of a file; ranges and conditions as in RFC 9110."""
        await self._permit("files.read", id=file_id)
        row = await self._files.get_ready(file_id)
        return await file_response(self._files.storage, row, request)

    async def read_image(self, image_id: ImageId, request: Request) -> Response:
        """The bytes of an image; ranges and conditions as in RFC 9110."""
        image = await self._service.get(image_id)
        row = await self._files.get_ready(image["file_id"])
        return await file_response(self._files.storage, row, request)

    async def _permit(self, action: str, **arguments: Any) -> None:
        await check_permission(self._service.permissions, action, arguments)


def _length(request: Request) -> int | None:
    """What the request says; it is counted all the same."""
    told = request.headers.get("content-length", "")
    return int(told) if told.isdecimal() and len(told) <= _MAX_DIGITS else None
