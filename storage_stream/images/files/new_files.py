"""Files that are just being made: their rows, and the saying that their objects are whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from storage_stream.images.checks import (
    checked_extension,
    checked_metadata,
    checked_name,
    known_words,
)
from storage_stream.images.errors import ValidationError
from storage_stream.images.formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage_stream.images.files.claims import Claimed, Claims

__all__ = ["NewFiles", "mime_of", "new_row", "words_of_file"]

_PLAIN = "application/octet-stream"


class NewFiles:
    """Files that are being written.

    Attributes:
        claimed: Where each is to be.
    """

    def __init__(self, claims: Claims, owner: UUID, claimed: Sequence[Claimed]) -> None:
        self._claims = claims
        self._owner = owner
        self.claimed = claimed

    async def commit(
        self, connection: AsyncConnection, resources: Sequence[Mapping[str, Any]]
    ) -> None:
        """Say in a transaction that all of them are whole.

        Raises:
            ClaimLost: It took longer than the lease.
        """
        ids = [each.file_id for each in self.claimed]
        told = dict(zip(ids, resources, strict=True))
        await self._claims.finish(connection, self._owner, told)


def new_row(name: object, extension: object, meta: object) -> dict[str, Any]:
    """The columns of a file without content.

    Raises:
        ValidationError: They cannot be.
    """
    if extension is not None and not isinstance(extension, str):
        raise ValidationError(f"text is expected, not {extension!r:.80}", field="extension")
    return {
        "id": uuid4(),
        "name": checked_name(name, "name"),
        "extension": checked_extension(extension, "extension"),
        "state": "empty",
        "metadata": checked_metadata(meta, "meta"),
    }


def words_of_file(given: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    """Name, extension and metadata of a mapping.

    Raises:
        ValidationError: It says more.
    """
    known_words(given, "data", {"name", "extension", "meta", "metadata"})
    meta = given["metadata"] if "metadata" in given else given.get("meta")
    return given.get("name"), given.get("extension"), meta


def mime_of(extension: str | None) -> str:
    """The MIME type of an image's extension; of all else what no browser shows or runs."""
    name = (extension or "").lower()
    known = FORMATS.get({"jpg": "jpeg", "tif": "tiff"}.get(name, name))
    return _PLAIN if known is None else known.mime
