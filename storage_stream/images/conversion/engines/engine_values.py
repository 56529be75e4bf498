"""What an engine is given, and what it gives. It knows no engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage_stream import Storage
    from storage_stream.images.conversion.operations import Size
    from storage_stream.images.conversion.planning import Plan

__all__ = ["Engine", "MadeVersion", "ObjectPlace"]


@dataclass(frozen=True, slots=True)
class ObjectPlace:
    """An object that is read, or is to be made.

    Attributes:
        bucket: Its bucket.
        name: Its name.
        generation: Which one is read; None for one that is to be made.
    """

    bucket: str
    name: str
    generation: int | None = None


@dataclass(frozen=True, slots=True)
class MadeVersion:
    """A version that was stored.

    Attributes:
        size: Width and height.
        resource: Of its object.
    """

    size: Size
    resource: dict[str, Any]


class Engine(Protocol):
    """What makes all versions of a picture."""

    async def convert(
        self, storage: Storage, source: ObjectPlace, plan: Plan, places: Sequence[ObjectPlace]
    ) -> list[MadeVersion]:
        """Read it, make its versions, and store each at its place.

        Cancelling ends it; it is raised when its threads are done. Objects that were made already
        stay.

        Raises:
            MediaError: It is no picture, or a damaged one, or it takes too much memory.
            StorageError: It cannot be read, or a version not be stored.
        """
        ...
