"""What the routes of converters do. FastAPI reads the annotations here when the program runs."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Response

from storage_stream.images.permissions import check_permission
from storage_stream.images.routes.bodies import ChangedConverter, NewConverter
from storage_stream.images.routes.paging import Limit, Offset
from storage_stream.images.routes.revisions import IfMatch, entity_tag, expected_revision
from storage_stream.images.rows import ConverterRow
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

    async def create(self, body: NewConverter, response: Response) -> Any:
        """Make a converter; its settings are checked."""
        await self._permit("converters.create", data=body.model_dump())
        return _tagged(await self._service.converters.create(body.model_dump()), response)

    async def get(self, converter_id: ConverterId, response: Response) -> Any:
        """A converter and its settings; `ETag` is its revision."""
        await self._permit("converters.get", id=converter_id)
        return _tagged(await self._service.converters.get(converter_id), response)

    async def update(
        self,
        converter_id: ConverterId,
        body: ChangedConverter,
        response: Response,
        if_match: IfMatch = None,
    ) -> Any:
        """Change a converter's name, or replace its settings as a whole."""
        changes = body.model_dump(exclude_none=True)
        await self._permit("converters.update", id=converter_id, data=changes)
        changed = await self._service.converters.update(
            converter_id, changes, revision=await self._expected(converter_id, if_match)
        )
        return _tagged(changed, response)

    async def delete(self, converter_id: ConverterId, if_match: IfMatch = None) -> None:
        """Delete a converter; what it made stays."""
        await self._permit("converters.delete", id=converter_id)
        expected = await self._expected(converter_id, if_match)
        await self._service.converters.delete(converter_id, revision=expected)

    async def _expected(self, converter_id: UUID, if_match: str | None) -> int | None:
        if if_match is None:
            return None
        row = await self._service.converters.get(converter_id)
        return expected_revision(if_match, row["revision"])

    async def _permit(self, action: str, **arguments: Any) -> None:
        await check_permission(self._service.permissions, action, arguments)


def _tagged(row: ConverterRow, response: Response) -> ConverterRow:
    response.headers["etag"] = entity_tag(row["revision"])
    return row
