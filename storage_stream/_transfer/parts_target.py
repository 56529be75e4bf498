"""Where the parts of an upload go: what both ways of joining them have in common."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from storage_stream._protocol.encryption import key_lines

if TYPE_CHECKING:
    from storage_stream._protocol.options import RequestOptions
    from storage_stream._protocol.part_plan import Part
    from storage_stream._protocol.resources import ObjectResource
    from storage_stream._transfer.part_source import Digest, PartContent

__all__ = ["KeptPart", "PartsTarget", "created_of", "key_headers_only"]


@dataclass(frozen=True, slots=True)
class KeptPart:
    """A part that another process sent.

    Attributes:
        size: Its bytes.
        md5_hex: Its MD5, where the service told that.
        crc32c: Its crc32c, where the service told that.
        reference: What the parts are joined by: a tag, or a generation.
    """

    size: int
    md5_hex: str | None
    crc32c: str | None
    reference: str

    def holds(self, digest: Digest) -> bool:
        """Whether it is what the source has now."""
        if self.size != digest.crc.length:
            return False
        if self.crc32c is not None:
            return self.crc32c == digest.crc.encoded
        return self.md5_hex is not None and self.md5_hex == digest.md5_hex


class PartsTarget(Protocol):
    """A place for parts.

    Attributes:
        handle: What a journal finds it again by; None before it was begun.
        started: When it began by the service's clock, if that is known.
        is_made: Whether the service said that the object is made.
        is_named: Whether it said, too, which generation that is: what else is found under the
            name may be another writer's.
        is_unsettled: Whether the fate of a part is open: it may come to be after all was removed.
    """

    handle: str | None
    started: datetime | None
    is_made: bool
    is_named: bool
    is_unsettled: bool

    @property
    def leftovers(self) -> str:
        """What is left when it cannot be removed, for somebody who has to look for it."""
        ...

    async def begin(self) -> None:
        """Make the place.

        Raises:
            StorageError: It cannot be made.
        """
        ...

    async def kept(self) -> dict[int, KeptPart]:
        """The parts that another process sent, by number; none also when the place is gone.

        Raises:
            StorageError: It cannot be told.
        """
        ...

    def keep(self, part: Part, kept: KeptPart) -> None:
        """Use what another process sent."""
        ...

    async def send(self, part: Part, content: PartContent, digest: Digest) -> None:
        """Send a part, with its checksum for the service to compare.

        Raises:
            StorageError: The service does not have it.
        """
        ...

    async def join(self) -> ObjectResource:
        """Make the object of the parts.

        Raises:
            StorageError: It was not made, or it is not known whether it was.
        """
        ...

    async def remove(self) -> int:
        """Remove all that is temporary, and say how much it was. Safe to repeat.

        Raises:
            StorageError: Something is left.
        """
        ...


def key_headers_only(options: RequestOptions) -> RequestOptions:
    """The options of a request that makes nothing: the connection, who pays, and the key."""
    return replace(options.only_connection(), headers=key_lines(options.headers))


def created_of(resource: ObjectResource) -> datetime | None:
    """When an object was made by the service's clock; None when that cannot be read."""
    try:
        created = datetime.fromisoformat(resource.get("timeCreated", ""))
    except ValueError:
        return None
    return created if created.tzinfo is not None else None
