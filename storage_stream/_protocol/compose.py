"""`storage.objects.compose`: objects joined, 32 in one call.

https://cloud.google.com/storage/docs/composite-objects. More than 32 are joined in levels: groups
of 32 become temporary objects, and these are joined again, until 32 or fewer are left. Which
groups, and what the temporary objects are called, is decided here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from storage_stream._protocol.generations import generation_number
from storage_stream._protocol.json_call import json_call
from storage_stream._protocol.names import check_object, gs_name
from storage_stream._protocol.objects import api_resource, object_path
from storage_stream._protocol.operation import Idempotence
from storage_stream.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from storage_stream._protocol.operation import Operation
    from storage_stream._protocol.resources import ObjectResource

__all__ = [
    "MAX_SOURCES",
    "ComposeSource",
    "compose_object",
    "groups_of",
    "sources_of",
    "temporary_prefix",
]

MAX_SOURCES = 32  # https://cloud.google.com/storage/quotas#objects
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ComposeSource:
    """One of the objects to be joined.

    Attributes:
        name: Its name; it is in the bucket of the new object.
        generation: Which generation; None for the live one.
        if_generation_match: The generation that must be the one used, else `PreconditionFailed`.
    """

    name: str
    generation: int | None = None
    if_generation_match: int | None = None

    def __post_init__(self) -> None:
        """Refuse a name that cannot be.

        Raises:
            InvalidName: It cannot.
            InvalidArgument: A generation that is none.
        """
        check_object(self.name)
        for what in ("generation", "if_generation_match"):
            object.__setattr__(self, what, generation_number(getattr(self, what), what))

    @property
    def resource(self) -> dict[str, Any]:
        """As it stands in the request."""
        content: dict[str, Any] = {"name": self.name}
        if self.generation is not None:
            content["generation"] = str(self.generation)
        if self.if_generation_match is not None:
            content["objectPreconditions"] = {"ifGenerationMatch": str(self.if_generation_match)}
        return content


def sources_of(said: Iterable[str | ComposeSource | Mapping[str, Any]]) -> list[ComposeSource]:
    """What a caller names: texts, `ComposeSource`s, or objects' resources with their generation.

    Raises:
        InvalidArgument: There are none, or it is one text.
        InvalidName: A name that cannot be.
    """
    if isinstance(said, str):
        raise InvalidArgument("the sources are several names, not one text")
    sources = [_source(item) for item in said]
    if not sources:
        raise InvalidArgument("there is nothing to compose")
    return sources


def _source(said: str | ComposeSource | Mapping[str, Any]) -> ComposeSource:
    if isinstance(said, ComposeSource):
        return said
    if isinstance(said, Mapping):
        if "name" not in said:
            raise InvalidArgument("a source is named by its `name`, and this resource has none")
        return ComposeSource(said["name"], said.get("generation"))
    return ComposeSource(said)


def groups_of(items: Sequence[T]) -> list[Sequence[T]]:
    """Neighbours, 32 together."""
    return [items[at : at + MAX_SOURCES] for at in range(0, len(items), MAX_SOURCES)]


def temporary_prefix(random_word: str) -> str:
    """What the names of one composition's temporary objects begin with."""
    return f".storage-stream/compose/{random_word}/"


def compose_object(
    bucket: str,
    name: str,
    sources: Sequence[ComposeSource],
    metadata: Mapping[str, Any],
) -> Operation[ObjectResource]:
    """`storage.objects.compose` of up to 32 sources."""
    content: dict[str, Any] = {"sourceObjects": [source.resource for source in sources]}
    if metadata:
        content["destination"] = api_resource(metadata)
    return json_call(
        "storage.objects.compose",
        "POST",
        f"{object_path(bucket, name)}/compose",
        gs_name(bucket, name),
        content,
        idempotence=Idempotence.IF_GENERATION_MATCH,
    )
