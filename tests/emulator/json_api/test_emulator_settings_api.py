"""The small resources around buckets and objects: HMAC keys, notifications, access lists, defaults.

https://cloud.google.com/storage/docs/json_api/v1
"""

import asyncio
from typing import Any

import pytest
from aiohttp import ClientSession
from google.api_core.exceptions import NotFound
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client  # type: ignore[import-untyped] # it ships no types
from wire_client import WireClient, object_path

from storage_stream.emulator import Emulator

EMAIL = "one@project.iam.gserviceaccount.com"
KEYS = "/storage/v1/projects/p/hmacKeys"
KMS = "projects/p/locations/us/keyRings/r/cryptoKeys/k"
BUCKET = "/storage/v1/b/bucket"


def google_client(emulator: Emulator) -> Any:
    return Client(
        project="p",
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call] # google-auth has no types
        client_options={"api_endpoint": emulator.url},
    )


async def test_the_life_of_an_hmac_key(wire: WireClient) -> None:
    made = (await wire.send("POST", KEYS, serviceAccountEmail=EMAIL)).json
    assert made["kind"] == "storage#hmacKey"
    assert len(made["secret"]) == 40
    metadata = made["metadata"]
    one = f"{KEYS}/{metadata['accessId']}"
    assert metadata["state"] == "ACTIVE"
    assert len(metadata["accessId"]) == 61
    assert (await wire.send("GET", one)).json == metadata
    assert (await wire.send("DELETE", one)).status == 400
    stale = await wire.send("PUT", one, body={"state": "INACTIVE", "etag": "other"})
    assert stale.status == 412
    updated = (await wire.send("PUT", one, body={"state": "INACTIVE"})).json
    assert updated["state"] == "INACTIVE"
    assert updated["etag"] != metadata["etag"]
    assert (await wire.send("PUT", one, body={"state": "DELETED"})).status == 400
    assert (await wire.send("DELETE", one)).status == 204
    assert (await wire.send("GET", one)).json["state"] == "DELETED"
    assert "items" not in (await wire.send("GET", KEYS)).json
    assert len((await wire.send("GET", KEYS, showDeletedKeys="true")).json["items"]) == 1
    assert (await wire.send("GET", one.replace("/p/", "/q/"))).status == 404
    assert (await wire.send("POST", KEYS)).status == 400


async def test_hmac_keys_in_pages(wire: WireClient) -> None:
    for email in (EMAIL, EMAIL, "two@x"):
        await wire.send("POST", KEYS, serviceAccountEmail=email)
    first = (await wire.send("GET", KEYS, maxResults=2)).json
    rest = (await wire.send("GET", KEYS, maxResults=2, pageToken=first["nextPageToken"])).json
    found = [item["accessId"] for page in (first, rest) for item in page["items"]]
    assert len(set(found)) == 3
    assert "nextPageToken" not in rest
    mine = (await wire.send("GET", KEYS, serviceAccountEmail=EMAIL)).json["items"]
    assert len(mine) == 2


async def test_google_cloud_storage_hmac_keys(emulator: Emulator) -> None:
    def use() -> None:
        client = google_client(emulator)
        try:
            key, secret = client.create_hmac_key(EMAIL, project_id="p")
            assert secret
            assert [found.access_id for found in client.list_hmac_keys()] == [key.access_id]
            key.state = "INACTIVE"
            key.update()
            assert client.get_hmac_key_metadata(key.access_id).state == "INACTIVE"
            key.delete()
            assert list(client.list_hmac_keys()) == []
            assert client.get_service_account_email().endswith(".gserviceaccount.com")
        finally:
            client.close()

    await asyncio.to_thread(use)


async def test_google_cloud_storage_notifications(emulator: Emulator) -> None:
    def use() -> None:
        client = google_client(emulator)
        try:
            bucket = client.bucket("bucket")
            notification = bucket.notification(
                "topic",
                topic_project="project-p",
                event_types=["OBJECT_FINALIZE"],
                payload_format="JSON_API_V1",
                blob_name_prefix="logs/",
            )
            notification.create()
            found = list(bucket.list_notifications())
            assert [each.notification_id for each in found] == [notification.notification_id]
            again = bucket.get_notification(notification.notification_id)
            assert (again.event_types, again.blob_name_prefix) == (["OBJECT_FINALIZE"], "logs/")
            again.delete()
            with pytest.raises(NotFound):
                bucket.get_notification(notification.notification_id)
        finally:
            client.close()

    await asyncio.to_thread(use)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"topic": "t"},
        {"topic": "t", "payload_format": "XML"},
        {"topic": "t", "payload_format": "NONE", "event_types": ["OBJECT_READ"]},
    ],
)
async def test_wrong_notifications_are_400(wire: WireClient, wrong: dict[str, Any]) -> None:
    assert (await wire.send("POST", f"{BUCKET}/notificationConfigs", body=wrong)).status == 400


async def test_notifications_go_with_their_bucket(wire: WireClient) -> None:
    path = f"{BUCKET}/notificationConfigs"
    body = {"topic": "t", "payload_format": "NONE"}
    assert (await wire.send("POST", path, body=body)).json["id"] == "1"
    assert (await wire.send("DELETE", BUCKET)).status == 204
    assert "items" not in (await wire.send("GET", path)).json
    assert (await wire.send("DELETE", f"{path}/x")).status == 404


async def test_access_lists_are_shown(wire: WireClient) -> None:
    await wire.upload("a/b", b"x")
    everybody = {"entity": "allUsers", "role": "READER"}
    await wire.send("PATCH", object_path("a/b"), body={"acl": [everybody]})
    path = f"{object_path('a/b')}/acl"
    listed = (await wire.send("GET", path)).json
    expected = {"kind": "storage#objectAccessControl", **everybody}
    assert listed == {"kind": "storage#objectAccessControls", "items": [expected]}
    assert (await wire.send("GET", f"{path}/allUsers")).json == expected
    assert (await wire.send("GET", f"{path}/nobody")).status == 404
    owners = (await wire.send("GET", f"{BUCKET}/acl")).json["items"]
    assert owners[0]["role"] == "OWNER"
    assert owners[0]["kind"] == "storage#bucketAccessControl"
    assert "items" not in (await wire.send("GET", f"{BUCKET}/defaultObjectAcl")).json


async def test_an_insert_of_metadata_alone_makes_an_empty_object(wire: WireClient) -> None:
    body = {"name": "a/b", "contentType": "a/b", "metadata": {"colour": "blue"}}
    made = await wire.send("POST", f"{BUCKET}/o", body=body, ifGenerationMatch=0)
    assert (made.status, made.json["size"], made.json["crc32c"]) == (200, "0", "AAAAAA==")
    assert made.json["metadata"] == {"colour": "blue"}
    assert (await wire.media("a/b")).body == b""
    again = await wire.send("POST", f"{BUCKET}/o", body=body, ifGenerationMatch=0)
    assert again.status == 412
    assert (await wire.send("POST", f"{BUCKET}/o", body={})).status == 400
    wrong = await wire.send("POST", f"{BUCKET}/o", body={"name": "x", "crc32c": "AAAAAQ=="})
    assert wrong.status == 400


async def test_a_bucket_gives_its_objects_hold_and_kms_key(wire: WireClient) -> None:
    said = {
        "name": "bucket",
        "defaultEventBasedHold": True,
        "encryption": {"defaultKmsKeyName": KMS},
        "storageClass": "NEARLINE",
        "lifecycle": {"rule": [{"action": {"type": "Delete"}, "condition": {"age": 1}}]},
        "labels": {"team": "one"},
    }
    made = (await wire.send("POST", "/storage/v1/b?project=p", body=said)).json
    assert {name: made[name] for name in said} == said
    item = (await wire.upload("object", b"x")).json
    assert (item["eventBasedHold"], item["kmsKeyName"]) == (True, KMS)
    assert item["storageClass"] == "NEARLINE"
    assert (await wire.send("DELETE", object_path("object"))).status == 403
    await wire.send("PATCH", object_path("object"), body={"eventBasedHold": False})
    assert (await wire.send("DELETE", object_path("object"))).status == 204


async def test_an_object_is_retained_until_its_time(emulator: Emulator, wire: WireClient) -> None:
    await wire.upload("object", b"x")
    until = {"mode": "Unlocked", "retainUntilTime": "2999-01-01T00:00:00Z"}
    path = object_path("object")
    patched = await wire.send("PATCH", path, body={"retention": until})
    assert patched.json["retention"] == until
    refused = await wire.send("DELETE", path)
    assert (refused.status, refused.reason) == (403, "retentionPolicyNotMet")
    assert (await wire.upload("object", b"y")).status == 403
    for wrong in ({"mode": "Never"}, {"retainUntilTime": "tomorrow"}):
        assert (await wire.send("PATCH", path, body={"retention": wrong})).status == 400
    emulator.clock.advance(1000 * 366 * 24 * 3600)
    assert (await wire.send("DELETE", path)).status == 204


async def test_contexts_and_custom_time(wire: WireClient) -> None:
    await wire.upload("object", b"x")
    path = object_path("object")
    contexts = {"custom": {"one": {"value": "1"}, "two": {"value": "2"}}}
    body = {"contexts": contexts, "customTime": "2030-01-01T00:00:00Z"}
    patched = (await wire.send("PATCH", path, body=body)).json
    assert patched["contexts"] == contexts
    assert patched["customTime"] == "2030-01-01T00:00:00Z"
    less = {"contexts": {"custom": {"one": None}}}
    patched = (await wire.send("PATCH", path, body=less)).json
    assert patched["contexts"] == {"custom": {"two": {"value": "2"}}}


async def test_a_custom_time_only_grows(wire: WireClient) -> None:
    await wire.upload("object", b"x")
    path = object_path("object")
    for moment in ("2030-01-01T00:00:00Z", "2030-01-01T00:00:00Z", "2031-01-01T01:00:00+01:00"):
        assert (await wire.send("PATCH", path, body={"customTime": moment})).status == 200
    assert (await wire.send("PATCH", path, body={"contentType": "a/b"})).status == 200
    for earlier in ("2030-12-31T23:59:59Z", None):
        refused = await wire.send("PATCH", path, body={"customTime": earlier})
        assert (refused.status, refused.reason) == (400, "invalid")
    assert (await wire.send("PUT", path, body={})).status == 400
    kept = (await wire.metadata("object")).json
    assert kept["customTime"] == "2031-01-01T01:00:00+01:00"
    assert (await wire.upload("object", b"new")).status == 200, "another generation has none yet"


async def test_settings_reach_the_service() -> None:
    settings: dict[str, Any] = {"project_number": "42", "soft_delete_seconds": 60}
    async with Emulator(**settings) as emulator, ClientSession() as session:
        wire = WireClient(emulator.url, session)
        assert (await wire.upload("object", b"x")).status == 200
        bucket = (await wire.send("GET", BUCKET)).json
        assert bucket["projectNumber"] == "42"
        assert bucket["softDeletePolicy"]["retentionDurationSeconds"] == "60"
        refined = await wire.send("PATCH", BUCKET, body={"labels": {"a": "b"}})
        assert refined.status == 200, "the server's own default is not judged"
