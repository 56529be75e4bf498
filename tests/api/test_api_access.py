"""Policies, notifications, HMAC keys and the service account."""

import pytest

from storage_stream import Storage
from storage_stream.errors import InvalidArgument, PreconditionFailed, ServerError
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
