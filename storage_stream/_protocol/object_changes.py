"""Operations that replace, move and bring back objects, and the fields a caller may set of one.

https://cloud.google.com/storage/docs/json_api/v1/objects
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from storage_stream._protocol.arguments import check_mapping, check_text
from storage_stream._protocol.generations import generation_number, named_generation
from storage_stream._protocol.json_call import json_call
from storage_stream._protocol.names import check_object, gs_name, quote_name
from storage_stream._protocol.objects import object_path
from storage_stream._protocol.operation import Idempotence, Operation
from storage_stream._protocol.replies import parse_json
from storage_stream.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Mapping

    from storage_stream._protocol.resources import ObjectResource

__all__ = [
    "contexts_change",
    "custom_time_change",
    "holds_change",
    "move_object",
    "restore_object",
    "update_object",
]


def update_object(
    bucket: str, name: str, resource: Mapping[str, Any], generation: int | None = None
) -> Operation[ObjectResource]:
    """`storage.objects.update`: the metadata becomes this; what is not said is reset."""
    number = generation_number(generation)
    return json_call(
        "storage.objects.update",
        "PUT",
        object_path(bucket, name),
        gs_name(bucket, name),
        resource,
        query=() if number is None else (("generation", str(number)),),
        idempotence=Idempotence.IF_METAGENERATION,
    )


def move_object(bucket: str, name: str, new_name: str) -> Operation[ObjectResource]:
    """`storage.objects.move`: another name in the same bucket, at once.

    The service's table does not name it. A repeat finds no source, unless somebody made one in
    between; with the source's or the target's generation named, it cannot move another object.

    Raises:
        InvalidArgument: It is the same name.
    """
    target = f"moveTo/o/{quote_name(check_object(new_name))}"
    if name == new_name:
        raise InvalidArgument("an object cannot be moved to its own name")
    return Operation(
        "storage.objects.move",
        "POST",
        f"{object_path(bucket, name)}/{target}",
        parse_json,
        gs_name(bucket, name),
        idempotence=Idempotence.IF_SOURCE_OR_GENERATION_MATCH,
    )


def restore_object(bucket: str, name: str, generation: int) -> Operation[ObjectResource]:
    """`storage.objects.restore`: a soft-deleted generation becomes the live object.

    A repeat would make one more generation of it, unless the target's generation is named.
    """
    return Operation(
        "storage.objects.restore",
        "POST",
        f"{object_path(bucket, name)}/restore",
        parse_json,
        gs_name(bucket, name),
        (("generation", str(named_generation(generation))),),
        idempotence=Idempotence.IF_GENERATION_MATCH,
    )


def holds_change(*, temporary: bool | None, event_based: bool | None) -> dict[str, Any]:
    """The change that sets holds, https://cloud.google.com/storage/docs/object-holds.

    Raises:
        InvalidArgument: Neither hold is said.
    """
    said = {"temporaryHold": temporary, "eventBasedHold": event_based}
    change = {name: value for name, value in said.items() if value is not None}
    if not change:
        raise InvalidArgument("say which hold to set or to release")
    return change


def custom_time_change(moment: datetime) -> dict[str, Any]:
    """The change that sets `customTime`, which the service lets grow and never go back.

    Raises:
        TypeError: It is no `datetime`.
        InvalidArgument: The time has no zone.
    """
    if not isinstance(moment, datetime):
        raise TypeError(f"a custom time is a datetime with a zone, not {type(moment).__name__}")
    if moment.tzinfo is None:
        raise InvalidArgument("a custom time needs its time zone")
    return {"customTime": moment.astimezone(UTC).isoformat().replace("+00:00", "Z")}


def contexts_change(contexts: Mapping[str, str | None]) -> dict[str, Any]:
    """The change that merges contexts into an object's; None deletes one.

    https://cloud.google.com/storage/docs/object-contexts

    Raises:
        TypeError: It is no mapping of texts.
    """
    custom = {
        check_text("a context's key", key): (
            None if value is None else {"value": check_text(f"the value of context {key!r}", value)}
        )
        for key, value in check_mapping("contexts", contexts).items()
    }
    return {"contexts": {"custom": custom}}
