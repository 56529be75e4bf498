"""What the routes of files do, and of uploads that become images at once.

FastAPI reads the annotations here when the program runs.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query, Request, Response
from starlette.requests import ClientDisconnect

from storage_stream.images.files.written_file import WrittenFile
from storage_stream.images.permissions import check_permission
from storage_stream.images.routes.leaving import unless_left
from storage_stream.images.routes.problems import UploadStalledError
from storage_stream.images.routes.receiving import Body
from storage_stream.images.routes.serving import file_response
from storage_stream.images.routes.upload_limits import UploadLimits
from storage_stream.images.routes.uploading import PictureUpload
from storage_stream.images.service import ImageService

__all__ = ["FileEndpoints"]

FileId = Annotated[UUID, Path(description="The file.")]
ImageId = Annotated[UUID, Path(description="The image.")]
FileName = Annotated[str, Query(min_length=1, max_length=200, description="The file's name.")]


class FileEndpoints:
    """Files and their bytes.

    Args:
        service: Whose files.
        limits: Of one upload.
    """

    def __init__(self, service: ImageService, limits: UploadLimits) -> None:
        self._service = service
        self._files = service.file_service
        self._limits = limits

    async def upload(self, request: Request, name: FileName) -> Any:
        """Store a picture: the body is its bytes, `Content-Type` its type or unknown."""
        await self._permit("files.upload", name=name)
        async with self._storing(request, name) as (written, _):
            return await self._files.keep(written)

    async def upload_image(
        self,
        request: Request,
        name: FileName,
        converter_id: Annotated[UUID | None, Query(description="What makes versions.")] = None,
        correlation_id: Annotated[UUID | None, Query(description="The gallery.")] = None,
    ) -> Any:
        """Store a picture as an original, with the versions of a converter: all of it, or nothing.

        The body is its bytes, `Content-Type` its type or unknown.
        """
        await self._permit("files.upload", name=name)
        async with self._storing(request, name) as (written, size):
            making = self._service.create_written(
                written, converter_id, correlation_id, {"size": list(size)}
            )
            original = await unless_left(request, making)
        return await self._service.get_versions(original["id"])

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

    @asynccontextmanager
    async def _storing(
        self, request: Request, name: str
    ) -> AsyncGenerator[tuple[WrittenFile, tuple[int, int]]]:
        """Around the file of a request's body, with the picture's width and height, upright."""
        body = Body(request, self._limits.stall_seconds)
        try:
            upload = PictureUpload(
                self._files,
                name,
                request.headers.get("content-type"),
                max_bytes=self._limits.max_bytes,
                max_pixels=self._limits.max_pixels,
            )
            async with upload.storing(body.pieces(), body.length) as written:
                yield written, upload.info.oriented_size
        except (UploadStalledError, ClientDisconnect):
            raise
        except Exception:
            await body.drain(self._limits.max_bytes)
            raise

    async def _permit(self, action: str, **arguments: Any) -> None:
        await check_permission(self._service.permissions, action, arguments)
