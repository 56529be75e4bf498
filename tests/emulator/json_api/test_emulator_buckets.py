"""Buckets, their policies, and the project's service account.

https://cloud.google.com/storage/docs/json_api/v1/buckets
"""

from typing import Any

import pytest
from wire_client import Answer, WireClient


async def make(wire: WireClient, name: str = "bucket", **metadata: Any) -> Answer:
    return await wire.send("POST", "/storage/v1/b?project=p", body={"name": name, **metadata})


async def test_making_and_getting(wire: WireClient) -> None:
    made = (await make(wire, location="EU", labels={"team": "one"})).json
    assert made["name"] == made["id"] == "bucket"
    assert (made["location"], made["storageClass"]) == ("EU", "STANDARD")
    assert made["metageneration"] == "1"
    assert (await wire.send("GET", "/storage/v1/b/bucket")).json == made
    again = await make(wire)
    assert (again.status, again.reason) == (409, "conflict")


@pytest.mark.parametrize(
    "name", ["ab", "UPPER", "-dash", "dash-", "192.168.5.4", "a" * 64, "goog-x", "a..b", "sp ace"]
)
async def test_illegal_names_are_400(wire: WireClient, name: str) -> None:
    assert (await make(wire, name)).status == 400


async def test_listing_in_pages(wire: WireClient) -> None:
    for name in ("aaa", "aab", "bbb"):
        await make(wire, name)
    target = "/storage/v1/b?project=p"
    first = (await wire.send("GET", target, maxResults=2)).json
    assert [item["name"] for item in first["items"]] == ["aaa", "aab"]
    rest = (await wire.send("GET", target, maxResults=2, pageToken=first["nextPageToken"])).json
    assert [item["name"] for item in rest["items"]] == ["bbb"]
    assert "nextPageToken" not in rest
    prefixed = (await wire.send("GET", target, prefix="aa")).json
    assert [item["name"] for item in prefixed["items"]] == ["aaa", "aab"]
    assert (await wire.send("GET", "/storage/v1/b")).status == 400


async def test_patch_merges_and_update_resets(wire: WireClient) -> None:
    await make(wire, labels={"one": "1", "two": "2"})
    path = "/storage/v1/b/bucket"
    patched = (await wire.send("PATCH", path, body={"labels": {"one": None, "three": "3"}})).json
    assert patched["labels"] == {"two": "2", "three": "3"}
    assert patched["metageneration"] == "2"
    updated = (await wire.send("PUT", path, body={"versioning": {"enabled": True}})).json
    assert "labels" not in updated
    assert updated["versioning"] == {"enabled": True}
    assert updated["location"] == "US"
    moved = await wire.send("PATCH", path, body={"location": "EU"})
    assert moved.status == 400
    assert (await wire.send("PATCH", path, body={}, ifMetagenerationMatch=1)).status == 412
    assert (await wire.send("GET", path, ifMetagenerationNotMatch=3)).status == 304


async def test_deleting_wants_an_empty_bucket(wire: WireClient) -> None:
    await make(wire)
    await wire.upload("object", b"x")
    refused = await wire.send("DELETE", "/storage/v1/b/bucket")
    assert (refused.status, refused.reason) == (409, "conflict")
    await wire.send("DELETE", "/storage/v1/b/bucket/o/object")
    assert (await wire.send("DELETE", "/storage/v1/b/bucket")).status == 204
    assert (await wire.send("DELETE", "/storage/v1/b/bucket")).status == 404


async def test_policies(wire: WireClient) -> None:
    await make(wire)
    path = "/storage/v1/b/bucket/iam"
    policy = (await wire.send("GET", path)).json
    binding = {"role": "roles/storage.objectViewer", "members": ["allUsers"]}
    policy["bindings"].append(binding)
    changed = (await wire.send("PUT", path, body=policy)).json
    assert binding in changed["bindings"]
    assert changed["etag"] != policy["etag"]
    stale = await wire.send("PUT", path, body=policy)
    assert stale.status == 412
    asked = "?permissions=storage.objects.get&permissions=storage.objects.list"
    answer = (await wire.send("GET", f"{path}/testPermissions{asked}")).json
    assert answer["permissions"] == ["storage.objects.get", "storage.objects.list"]


async def test_the_service_account(wire: WireClient) -> None:
    answer = await wire.send("GET", "/storage/v1/projects/p/serviceAccount")
    assert "@" in answer.json["email_address"]


async def test_a_body_that_is_no_json_object_is_400(wire: WireClient) -> None:
    for body in (b"{", b"[]", b'"x"'):
        assert (await wire.send("POST", "/storage/v1/b?project=p", body=body)).status == 400


async def test_a_locked_retention_policy_only_grows(wire: WireClient) -> None:
    made = (await make(wire, retentionPolicy={"retentionPeriod": "60", "isLocked": True})).json
    assert made["retentionPolicy"]["isLocked"] is False
    lock = "/storage/v1/b/bucket/lockRetentionPolicy"
    assert (await wire.send("POST", lock)).status == 400
    assert (await wire.send("POST", lock, ifMetagenerationMatch=9)).status == 412
    locked = (await wire.send("POST", lock, ifMetagenerationMatch=1)).json
    assert locked["retentionPolicy"]["isLocked"] is True
    assert locked["metageneration"] == "2"
    for shorter in ({"retentionPeriod": "59"}, None):
        refused = await wire.send(
            "PATCH", "/storage/v1/b/bucket", body={"retentionPolicy": shorter}
        )
        assert refused.status == 403
    longer = {"retentionPolicy": {"retentionPeriod": "61", "isLocked": False}}
    grown = (await wire.send("PATCH", "/storage/v1/b/bucket", body=longer)).json
    assert grown["retentionPolicy"] == {"retentionPeriod": "61", "isLocked": True}


async def test_there_is_nothing_to_lock(wire: WireClient) -> None:
    await make(wire)
    lock = "/storage/v1/b/bucket/lockRetentionPolicy"
    assert (await wire.send("POST", lock, ifMetagenerationMatch=1)).status == 400


def _soft_delete(seconds: Any) -> dict[str, Any]:
    return {"softDeletePolicy": {"retentionDurationSeconds": seconds}}


def _lifecycle(*rules: Any) -> dict[str, Any]:
    return {"lifecycle": {"rule": list(rules)}}


AGE: dict[str, Any] = {"action": {"type": "Delete"}, "condition": {"age": 3}}
ILLEGAL = [
    *(_soft_delete(seconds) for seconds in (5, "604799", "7776001", "-1", "x")),
    *(_lifecycle(rule) for rule in ({"foo": 1}, "x", {"action": {"type": "Delete"}})),
    *(_lifecycle(AGE, {**AGE, **wrong}) for wrong in ({"action": {"type": "Burn"}}, {"action": 1})),
    _lifecycle({**AGE, "condition": {}}),
    _lifecycle({**AGE, "condition": 5}),
    {"lifecycle": {"rule": AGE}},
    {"lifecycle": []},
    *({"labels": {key: "x"}} for key in ("", "A", "a b", "1a", "-a", "a.b", "k" * 64)),
    *({"labels": {"a": value}} for value in ("B", "x y", "v" * 64, 5)),
    {"labels": {f"k{number}": "" for number in range(65)}},
]
LEGAL = [
    *(_soft_delete(seconds) for seconds in (0, "604800", 7_776_000)),
    _lifecycle(AGE, {"action": {"type": "SetStorageClass"}, "condition": {"isLive": True}}),
    _lifecycle(),
    {"labels": {"k" * 63: "v" * 63, "é_1-x": "", "日本": "1"}},
    {"labels": {f"k{number}": "" for number in range(64)}},
]


@pytest.mark.parametrize("metadata", ILLEGAL, ids=lambda said: repr(said)[:60])
async def test_what_no_bucket_can_have_is_400(wire: WireClient, metadata: dict[str, Any]) -> None:
    refused = await make(wire, **metadata)
    assert (refused.status, refused.reason) == (400, "invalid")
    await make(wire)
    for method in ("PATCH", "PUT"):
        changed = await wire.send(method, "/storage/v1/b/bucket", body=metadata)
        assert changed.status == 400


@pytest.mark.parametrize("metadata", LEGAL, ids=lambda said: repr(said)[:60])
async def test_what_a_bucket_can_have(wire: WireClient, metadata: dict[str, Any]) -> None:
    assert (await make(wire, **metadata)).status == 200
    assert (await wire.send("PATCH", "/storage/v1/b/bucket", body=metadata)).status == 200


@pytest.mark.parametrize(("version", "status"), [(0, 200), (1, 200), (3, 200), (2, 400), (7, 400)])
async def test_policy_versions(wire: WireClient, version: int, status: int) -> None:
    await make(wire)
    path = "/storage/v1/b/bucket/iam"
    body = {"bindings": [], "version": version}
    assert (await wire.send("PUT", path, body=body)).status == status
    asked = await wire.send("GET", path, optionsRequestedPolicyVersion=version)
    assert asked.status == status
