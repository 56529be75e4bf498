"""What the routes of converters do. FastAPI reads the annotations here when the program runs."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Path

from storage_stream.images.permissions import check_permission
from storage_stream.images.routes.bodies import ChangedConverter, NewConverter
from storage_stream.images.routes.paging import Limit, Offset
from storage_stream.images.service import ImageService

__all__ = ["ConverterEndpoints"]

ConverterId = Annotated[UUID, Path(description="The converter.")]


class ConverterEndpoints:
    """The converters of a service.

    Args:
        service: It. Its permissions know these by `converters.create`, `converters.get`,
            `converters.update` and `converters.delete`.
    """

    def __init__(self, service: ImageService) -> None:
        self._service = service

    async def list_converters(self, offset: Offset = 0, limit: Limit = 10) -> Any:
        """The converters of images."""
        return await self._service.list_converters(offset=offset, limit=limit)

    async def create(self, body: NewConverter) -> Any:
        """Make a converter; its settings are checked."""
        await self._permit("converters.create", data=body.model_dump())
        return await self._service.converters.create(body.model_dump())

    async def get(self, converter_id: ConverterId) -> Any:
        """A converter and its settings."""
        await self._permit("converters.get", id=converter_id)
        return await self._service.converters.get(converter_id)

    async def update(self, converter_id: ConverterId, body: ChangedConverter) -> Any:
        """Change a converter's name, or replace its settings as a whole."""
        changes = body.model_dump(exclude_none=True)
        await self._permit("converters.update", id=converter_id, data=changes)
        return await self._service.converters.update(converter_id, changes)

    async def delete(self, converter_id: ConverterId) -> None:
        """Delete a converter; what it made stays."""
        await self._permit("converters.delete", id=converter_id)
        await self._service.converters.delete(converter_id)

    async def _permit(self, action: str, **arguments: Any) -> None:
        await check_permission(self._service.permissions, action, arguments)
