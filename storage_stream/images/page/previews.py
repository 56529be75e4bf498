"""The converter that makes the small pictures of the grid; it is one as any other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from storage_stream.images.errors import Conflict

if TYPE_CHECKING:
    from uuid import UUID

    from storage_stream.images.conversion.converter_service import ConverterService

__all__ = ["PREVIEW_NAME", "PreviewConverter"]

PREVIEW_NAME = "Gallery previews"
_SETTINGS: dict[str, Any] = {
    "versions": [
        {
            "version": "thumbnail",
            "format": "webp",
            "source": "unprocessed_original",
            # Twice a tile's side, for screens with two dots a pixel; an icon stays one.
            "operations": [{"name": "abs_scale", "params": {"size": 480, "enlarge": False}}],
            "save_settings": {"quality": 78},
        }
    ]
}


class PreviewConverter:
    """It, made when it is first asked for, and again when somebody deleted it.

    Args:
        converters: Where it is.
    """

    def __init__(self, converters: ConverterService) -> None:
        self._converters = converters

    async def id(self) -> UUID:
        """Its id.

        Raises:
            StorageError: The database did not do its work.
        """
        found = await self._found()
        if found is not None:
            return found
        try:
            made = await self._converters.create({"name": PREVIEW_NAME, "settings": _SETTINGS})
        except Conflict:  # another process was faster
            found = await self._found()
            if found is None:
                raise
            return found
        return made["id"]

    async def _found(self) -> UUID | None:
        page = await self._converters.list({"name": PREVIEW_NAME}, limit=1, columns="id")
        for row in page["data"]:
            found: UUID = row["id"]
            return found
        return None
