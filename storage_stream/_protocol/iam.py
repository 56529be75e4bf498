"""Who may do what with a bucket, as operations.

https://cloud.google.com/storage/docs/json_api/v1/buckets/getIamPolicy and its neighbours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from storage_stream._protocol.arguments import check_mapping, check_text
from storage_stream._protocol.buckets import bucket_path
from storage_stream._protocol.json_call import json_call
from storage_stream._protocol.names import gs_name
from storage_stream._protocol.operation import Idempotence, Operation
from storage_stream._protocol.replies import parse_json
from storage_stream.errors import InvalidArgument, ProtocolError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from storage_stream._protocol.http import Reply
    from storage_stream._protocol.resources import IamPolicy

__all__ = ["check_permissions", "get_policy", "set_policy"]


def get_policy(bucket: str, version: int | None = None) -> Operation[IamPolicy]:
    """`storage.buckets.getIamPolicy`; `version` 3 gives conditions, too."""
    return Operation(
        "storage.buckets.getIamPolicy",
        "GET",
        f"{bucket_path(bucket)}/iam",
        parse_json,
        gs_name(bucket),
        () if version is None else (("optionsRequestedPolicyVersion", str(version)),),
    )


def set_policy(bucket: str, policy: Mapping[str, Any]) -> Operation[IamPolicy]:
    """`storage.buckets.setIamPolicy`. A repeat is safe when the policy names its etag.

    Raises:
        TypeError: The policy is no mapping.
    """
    check_mapping("policy", policy)
    return json_call(
        "storage.buckets.setIamPolicy",
        "PUT",
        f"{bucket_path(bucket)}/iam",
        gs_name(bucket),
        policy,
        idempotence=Idempotence.ALWAYS if policy.get("etag") else Idempotence.IF_ETAG,
    )


def check_permissions(bucket: str, permissions: Iterable[str]) -> Operation[list[str]]:
    """`storage.buckets.testIamPermissions`: those of the permissions that the caller has.

    Raises:
        InvalidArgument: None is asked for, or it is one text.
        TypeError: One of them is no text.
    """
    if isinstance(permissions, str):
        raise InvalidArgument("the permissions are several names, not one text")
    query = tuple(("permissions", check_text("a permission", name)) for name in permissions)
    if not query:
        raise InvalidArgument("no permission is asked for")
    return Operation(
        "storage.buckets.testIamPermissions",
        "GET",
        f"{bucket_path(bucket)}/iam/testPermissions",
        _parse_permissions,
        gs_name(bucket),
        query,
    )


def _parse_permissions(reply: Reply) -> list[str]:
    held: Any = parse_json(reply).get("permissions", [])
    if not isinstance(held, list):
        raise ProtocolError("the answer has permissions that are no list")
    return cast("list[str]", held)
