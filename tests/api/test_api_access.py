"""Policies, notifications, HMAC keys and the service account."""

import pytest

from storage_stream import Storage
from storage_stream.errors import (
    BadRequest,
    InvalidArgument,
    NotFound,
    PreconditionFailed,
    ServerError,
)
from storage_stream.testing.emulator_handle import EmulatorHandle

SET_POLICY = "storage.buckets.setIamPolicy"
BINDING = {"role": "roles/storage.objectViewer", "members": ["allUsers"]}


async def test_policies(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.create_bucket("bucket")
    policy = await storage.get_iam_policy("bucket", version=3)
    changed = {**policy, "bindings": [BINDING]}
    gcs.arm_next(SET_POLICY, "return-503")
    kept = await storage.set_iam_policy("bucket", changed)
    assert kept["bindings"] == [BINDING]
    assert changed == {**policy, "bindings": [BINDING]}
    assert len(gcs.log) == 3, "its etag makes the repeat safe"
    with pytest.raises(PreconditionFailed):
        await storage.set_iam_policy("bucket", changed)
    gcs.arm_next(SET_POLICY, "return-503")
    with pytest.raises(ServerError):
        await storage.set_iam_policy("bucket", {"bindings": []})
    assert len(gcs.log) == 5


async def test_permissions(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.create_bucket("bucket")
    asked = ["storage.objects.get", "storage.objects.list"]
    assert await storage.test_iam_permissions("bucket", asked) == asked
    assert asked == ["storage.objects.get", "storage.objects.list"]
    with pytest.raises(InvalidArgument):
        await storage.test_iam_permissions("bucket", [])
    assert len(gcs.log) == 1


async def test_the_service_account(gcs: EmulatorHandle, storage: Storage) -> None:
    assert "@" in await storage.get_service_account_email("project")
    with pytest.raises(InvalidArgument):
        await storage.get_service_account_email("")
    assert len(gcs.log) == 1


async def test_notifications(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.create_bucket("bucket")
    assert await storage.list_notifications("bucket") == []
    said = {"event_types": ["OBJECT_FINALIZE"], "object_name_prefix": "a/"}
    made = await storage.create_notification("bucket", "projects/p/topics/t", said)
    assert made["topic"] == "//pubsub.googleapis.com/projects/p/topics/t"
    assert made["payload_format"] == "JSON_API_V1"
    assert said == {"event_types": ["OBJECT_FINALIZE"], "object_name_prefix": "a/"}
    assert await storage.get_notification("bucket", made["id"]) == made
    assert await storage.list_notifications("bucket") == [made]
    gcs.arm_next("storage.notifications.delete", "return-503")
    await storage.delete_notification("bucket", made["id"])
    with pytest.raises(NotFound):
        await storage.get_notification("bucket", made["id"])
    assert len(gcs.log) == 7


async def test_a_notification_is_never_made_twice(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.create_bucket("bucket")
    gcs.arm_next("storage.notifications.insert", "return-503")
    with pytest.raises(ServerError):
        await storage.create_notification("bucket", "projects/p/topics/t")
    with pytest.raises(InvalidArgument):
        await storage.create_notification("bucket", "")
    assert len(gcs.log) == 1


async def test_hmac_keys(gcs: EmulatorHandle, storage: Storage) -> None:
    made = await storage.create_hmac_key("project", "a@b.iam.gserviceaccount.com")
    access_id, etag = made["metadata"]["accessId"], made["metadata"]["etag"]
    assert made["secret"]
    found = await storage.get_hmac_key("project", access_id)
    assert (found["state"], "secret" in found) == ("ACTIVE", False)
    with pytest.raises(BadRequest):
        await storage.delete_hmac_key("project", access_id)
    gcs.arm_next("storage.projects.hmacKeys.update", "return-503")
    changed = await storage.update_hmac_key("project", access_id, "INACTIVE", etag=etag)
    assert changed["state"] == "INACTIVE"
    with pytest.raises(PreconditionFailed):
        await storage.update_hmac_key("project", access_id, "ACTIVE", etag=etag)
    gcs.arm_next("storage.projects.hmacKeys.update", "return-503")
    with pytest.raises(ServerError):
        await storage.update_hmac_key("project", access_id, "ACTIVE")
    await storage.delete_hmac_key("project", access_id)
    assert [key async for key in storage.iter_hmac_keys("project")] == []
    gone = [key["state"] async for key in storage.iter_hmac_keys("project", show_deleted=True)]
    assert gone == ["DELETED"]


async def test_hmac_keys_are_listed_by_account(gcs: EmulatorHandle, storage: Storage) -> None:
    for account in ("a@x", "b@x", "a@x"):
        await storage.create_hmac_key("project", account)
    gcs.log.clear()
    keys = storage.iter_hmac_keys("project", service_account_email="a@x", page_size=1)
    assert [key["serviceAccountEmail"] async for key in keys] == ["a@x", "a@x"]
    assert len(gcs.log) == 2
    gcs.arm_next("storage.projects.hmacKeys.create", "return-503")
    with pytest.raises(ServerError):
        await storage.create_hmac_key("project", "a@x")
    with pytest.raises(InvalidArgument):
        await anext(storage.iter_hmac_keys(""))
    assert len(gcs.log) == 3
