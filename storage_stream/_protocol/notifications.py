"""Topics that are told of a bucket's changes, as operations.

https://cloud.google.com/storage/docs/json_api/v1/notifications
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from storage_stream._protocol.buckets import bucket_path
from storage_stream._protocol.json_call import json_call
from storage_stream._protocol.names import gs_name, quote_name
from storage_stream._protocol.operation import Idempotence, Operation
from storage_stream._protocol.pages import Page, parse_page
from storage_stream._protocol.replies import parse_empty, parse_json
from storage_stream.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Mapping

    from storage_stream._protocol.resources import NotificationResource

__all__ = [
    "delete_notification",
    "get_notification",
    "insert_notification",
    "list_notifications",
]

_PUBSUB = "//pubsub.googleapis.com/"


def list_notifications(bucket: str) -> Operation[Page[NotificationResource]]:
    """`storage.notifications.list`: all; they come in one page."""
    return Operation(
        "storage.notifications.list", "GET", _path(bucket), parse_page, gs_name(bucket)
    )


def insert_notification(
    bucket: str, topic: str, resource: Mapping[str, Any]
) -> Operation[NotificationResource]:
    """`storage.notifications.insert`. Each time it makes another one: never safe to repeat.

    Args:
        bucket: The bucket.
        topic: `projects/PROJECT/topics/TOPIC`.
        resource: The other fields.

    Raises:
        InvalidArgument: No topic.
    """
    if not topic:
        raise InvalidArgument("a notification needs a topic")
    full = topic if topic.startswith("//") else f"{_PUBSUB}{topic}"
    return json_call(
        "storage.notifications.insert",
        "POST",
        _path(bucket),
        gs_name(bucket),
        {"payload_format": "JSON_API_V1", **resource, "topic": full},
        idempotence=Idempotence.NEVER,
    )


def get_notification(bucket: str, notification_id: str) -> Operation[NotificationResource]:
    """`storage.notifications.get`."""
    return Operation(
        "storage.notifications.get",
        "GET",
        _path(bucket, notification_id),
        parse_json,
        gs_name(bucket),
    )


def delete_notification(bucket: str, notification_id: str) -> Operation[None]:
    """`storage.notifications.delete`. A repeat finds nothing: always safe."""
    return Operation(
        "storage.notifications.delete",
        "DELETE",
        _path(bucket, notification_id),
        parse_empty,
        gs_name(bucket),
    )


def _path(bucket: str, notification_id: str | None = None) -> str:
    """The path of a bucket's notifications, or of one of them.

    Raises:
        InvalidArgument: The id is empty, or a step in a path.
    """
    root = f"{bucket_path(bucket)}/notificationConfigs"
    if notification_id is None:
        return root
    if notification_id in {"", ".", ".."}:
        raise InvalidArgument(f"{notification_id!r} is not the id of a notification")
    return f"{root}/{quote_name(notification_id)}"
