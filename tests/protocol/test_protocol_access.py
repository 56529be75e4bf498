"""IAM policies, notifications, HMAC keys, the service account: requests and answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from storage_stream._protocol import buckets, iam, notifications, projects
from storage_stream._protocol.http import Reply, ReplyHead
from storage_stream.errors import InvalidArgument, InvalidName, ProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable

    from storage_stream._protocol.operation import Operation

B, P = "/storage/v1/b/b", "/storage/v1/projects/p"


@pytest.mark.parametrize(
    ("call", "method", "target"),
    [
        (iam.get_policy("b"), "GET", f"{B}/iam"),
        (iam.get_policy("b", 3), "GET", f"{B}/iam?optionsRequestedPolicyVersion=3"),
        (iam.set_policy("b", {}), "PUT", f"{B}/iam"),
        (
            iam.check_permissions("b", ["x", "y"]),
            "GET",
            f"{B}/iam/testPermissions?permissions=x&permissions=y",
        ),
        (notifications.list_notifications("b"), "GET", f"{B}/notificationConfigs"),
        (notifications.insert_notification("b", "t", {}), "POST", f"{B}/notificationConfigs"),
        (notifications.get_notification("b", "1/2"), "GET", f"{B}/notificationConfigs/1%2F2"),
        (notifications.delete_notification("b", "1"), "DELETE", f"{B}/notificationConfigs/1"),
        (projects.get_service_account("p"), "GET", f"{P}/serviceAccount"),
        (projects.create_hmac_key("p", "e@x"), "POST", f"{P}/hmacKeys?serviceAccountEmail=e%40x"),
        (projects.list_hmac_keys("p"), "GET", f"{P}/hmacKeys"),
        (
            projects.list_hmac_keys("p", "t", email="e@x", show_deleted=True, page_size=1),
            "GET",
            f"{P}/hmacKeys?serviceAccountEmail=e%40x&showDeletedKeys=true&maxResults=1&pageToken=t",
        ),
        (projects.get_hmac_key("p", "K"), "GET", f"{P}/hmacKeys/K"),
        (projects.update_hmac_key("p", "K", "ACTIVE"), "PUT", f"{P}/hmacKeys/K"),
        (projects.delete_hmac_key("p", "K"), "DELETE", f"{P}/hmacKeys/K"),
        (buckets.patch_bucket("b", {}), "PATCH", B),
        (buckets.update_bucket("b", {}), "PUT", B),
        (
            buckets.lock_retention_policy("b", 4),
            "POST",
            f"{B}/lockRetentionPolicy?ifMetagenerationMatch=4",
        ),
        (
            buckets.list_buckets("p", "t", prefix="a", soft_deleted=True, page_size=7),
            "GET",
            "/storage/v1/b?project=p&prefix=a&softDeleted=true&maxResults=7&pageToken=t",
        ),
    ],
)
def test_requests(call: Operation[Any], method: str, target: str) -> None:
    assert (call.method, call.request.target) == (method, target)


def body_of(call: Operation[Any]) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(call.body if isinstance(call.body, bytes) else b"")
    return content


def test_bodies() -> None:
    assert body_of(iam.set_policy("b", {"bindings": []})) == {"bindings": []}
    assert body_of(buckets.patch_bucket("b", {"labels": {"a": None}})) == {"labels": {"a": None}}
    assert body_of(projects.update_hmac_key("p", "K", "INACTIVE")) == {"state": "INACTIVE"}
    assert body_of(projects.update_hmac_key("p", "K", "ACTIVE", "e")) == {
        "state": "ACTIVE",
        "etag": "e",
    }
    assert body_of(notifications.insert_notification("b", "projects/p/topics/t", {})) == {
        "payload_format": "JSON_API_V1",
        "topic": "//pubsub.googleapis.com/projects/p/topics/t",
    }
    said = {"payload_format": "NONE", "event_types": ["OBJECT_FINALIZE"], "topic": "other"}
    assert body_of(notifications.insert_notification("b", "//pubsub/t", said)) == {
        "payload_format": "NONE",
        "event_types": ["OBJECT_FINALIZE"],
        "topic": "//pubsub/t",
    }


@pytest.mark.parametrize(
    "make",
    [
        lambda: iam.check_permissions("b", []),
        lambda: iam.check_permissions("b", "storage.objects.get"),
        lambda: notifications.insert_notification("b", "", {}),
        lambda: notifications.get_notification("b", ""),
        lambda: notifications.delete_notification("b", ".."),
        lambda: projects.get_service_account(""),
        lambda: projects.create_hmac_key("p", ""),
        lambda: projects.create_hmac_key("", "e"),
        lambda: projects.get_hmac_key("p", ".."),
        lambda: projects.update_hmac_key("p", "K", "DELETED"),
    ],
)
def test_what_is_wrong_is_refused_before_anything_is_sent(
    make: Callable[[], Operation[Any]],
) -> None:
    with pytest.raises(InvalidArgument):
        make()


def test_bucket_names_are_checked() -> None:
    for make in (iam.get_policy, notifications.list_notifications):
        with pytest.raises(InvalidName):
            make("a/b")


def answer(text: bytes) -> Reply:
    return Reply(ReplyHead(200), text)


def test_answers() -> None:
    check = iam.check_permissions("b", ["x"])
    assert check.parse(answer(b'{"permissions": ["x"]}')) == ["x"]
    assert check.parse(answer(b"{}")) == []
    with pytest.raises(ProtocolError):
        check.parse(answer(b'{"permissions": "x"}'))
    account = projects.get_service_account("p")
    assert account.parse(answer(b'{"email_address": "a@b"}')) == "a@b"
    with pytest.raises(ProtocolError):
        account.parse(answer(b"{}"))
