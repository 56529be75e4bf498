"""Objects over the JSON API: generations, preconditions, metadata, names, versions.

https://cloud.google.com/storage/docs/json_api/v1/objects
"""

import asyncio

import pytest
from aiohttp import ClientSession
from bare_http import ask
from wire_client import WireClient, object_path

from storage_stream.emulator import Emulator

NAMES = [
    "plain",
    "a/b/c",
    "/leading",
    "trailing/",
    "a//b",
    "//",
    "/",
    "a/../b",
    "./x",
    "...",
    "with space",
    "plus+plus",
    "per%cent",
    "per%2Fcent",
    "%2F",
    "quest?ion",
    "ha#sh",
    "am&p=er",
    "semi;colon",
    "o/b/o",
    "b",
    "o",
    "ünïcödé/日本語/🎈",
    "e\u0301 is not \u00e9",
    "tab\tand\x01control",
    "quote\"'<>",
    "back\\slash",
    "a" * 1024,
    "é" * 512,
]


@pytest.mark.parametrize("name", NAMES)
async def test_every_legal_name_round_trips(wire: WireClient, name: str) -> None:
    content = name.encode()
    assert (await wire.upload(name, content)).json["name"] == name
    assert (await wire.metadata(name)).json["name"] == name
    assert (await wire.media(name)).body == content
    listed = await wire.send("GET", "/storage/v1/b/bucket/o", prefix=name)
    assert [item["name"] for item in listed.json["items"]] == [name]
    link = (await wire.metadata(name)).json["mediaLink"]
    assert (await wire.send("GET", link)).body == content
    copied = await wire.send("POST", f"{object_path(name)}/copyTo{object_path(name, 'other')[11:]}")
    assert copied.json["name"] == name
    assert (await wire.send("DELETE", object_path(name))).status == 204
    assert (await wire.metadata(name)).status == 404


async def test_composed_and_decomposed_names_are_two_objects(wire: WireClient) -> None:
    await wire.upload("\u00e9", b"one")
    await wire.upload("e\u0301", b"two")
    assert (await wire.media("\u00e9")).body == b"one"


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a\nb", "a\rb", "a" * 1025, ".well-known/acme-challenge/x"]
)
async def test_illegal_names_are_400(wire: WireClient, name: str) -> None:
    assert (await wire.upload(name, b"x")).status == 400


async def test_names_that_are_not_utf8_are_400(wire: WireClient) -> None:
    assert (await wire.send("GET", "/storage/v1/b/bucket/o/%FF%FE")).status == 400


async def test_generations_grow_and_pin(wire: WireClient) -> None:
    first = int((await wire.upload("object", b"1")).json["generation"])
    second = int((await wire.upload("object", b"2")).json["generation"])
    assert second > first > 1_500_000_000_000_000
    assert (await wire.media("object", generation=second)).body == b"2"
    assert (await wire.media("object", generation=first)).status == 404


async def test_if_generation_match_zero_lets_one_in(wire: WireClient) -> None:
    answers = await asyncio.gather(
        *(wire.upload("object", str(n).encode(), ifGenerationMatch=0) for n in range(20))
    )
    assert sorted(answer.status for answer in answers) == [200] + [412] * 19


async def test_preconditions_on_writing(wire: WireClient) -> None:
    generation = (await wire.upload("object", b"1")).json["generation"]
    for query, status in (
        ({"ifGenerationMatch": 1}, 412),
        ({"ifGenerationNotMatch": generation}, 412),
        ({"ifMetagenerationMatch": 2}, 412),
        ({"ifMetagenerationNotMatch": 1}, 412),
        ({"ifGenerationMatch": generation, "ifMetagenerationMatch": 1}, 200),
    ):
        answer = await wire.send("PATCH", object_path("object"), body={}, **query)
        assert answer.status == status
        if status == 412:
            assert answer.reason == "conditionNotMet"


async def test_preconditions_on_reading(wire: WireClient) -> None:
    generation = (await wire.upload("object", b"1")).json["generation"]
    unchanged = await wire.media("object", ifGenerationNotMatch=generation)
    assert (unchanged.status, unchanged.body) == (304, b"")
    assert (await wire.metadata("object", ifMetagenerationNotMatch=1)).status == 304
    assert (await wire.metadata("object", ifGenerationMatch=1)).status == 412
    assert (await wire.metadata("object", ifGenerationMatch=generation)).status == 200
    assert (await wire.metadata("object", ifGenerationMatch="x")).status == 400


async def test_patch_merges_and_null_deletes(wire: WireClient) -> None:
    start = {"contentType": "a/b", "metadata": {"one": "1", "two": "2"}, "cacheControl": "no-store"}
    await wire.upload_with({"name": "object", **start}, b"x")
    changes = {"cacheControl": None, "metadata": {"one": None, "three": "3"}}
    patched = (await wire.send("PATCH", object_path("object"), body=changes)).json
    assert patched["metadata"] == {"two": "2", "three": "3"}
    assert patched["contentType"] == "a/b"
    assert "cacheControl" not in patched
    assert patched["metageneration"] == "2"


async def test_update_resets_what_is_not_sent(wire: WireClient) -> None:
    await wire.upload_with({"name": "object", "metadata": {"one": "1"}}, b"x")
    updated = (await wire.send("PUT", object_path("object"), body={"contentType": "c/d"})).json
    assert updated["contentType"] == "c/d"
    assert "metadata" not in updated
    assert (await wire.media("object")).body == b"x"


@pytest.mark.parametrize(
    "metadata", [{"contentType": 5}, {"metadata": {"a": 1}}, {"storageClass": "FAST"}]
)
async def test_metadata_of_the_wrong_kind_is_400(
    wire: WireClient, metadata: dict[str, object]
) -> None:
    assert (await wire.upload_with({"name": "object", **metadata}, b"x")).status == 400


async def test_versioning_keeps_what_is_replaced_and_deleted(wire: WireClient) -> None:
    body = {"name": "bucket", "versioning": {"enabled": True}}
    await wire.send("POST", "/storage/v1/b?project=p", body=body)
    first = (await wire.upload("object", b"1")).json["generation"]
    second = (await wire.upload("object", b"2")).json["generation"]
    await wire.send("DELETE", object_path("object"))
    assert (await wire.media("object")).status == 404
    assert (await wire.media("object", generation=first)).body == b"1"
    listed = (await wire.send("GET", "/storage/v1/b/bucket/o?versions=true")).json["items"]
    assert [item["generation"] for item in listed] == [first, second]
    assert all("timeDeleted" in item for item in listed)
    await wire.send("DELETE", object_path("object"), generation=first)
    assert (await wire.media("object", generation=first)).status == 404
    assert "items" not in (await wire.send("GET", "/storage/v1/b/bucket/o")).json


async def test_soft_deleted_generations_can_be_restored(wire: WireClient) -> None:
    policy = {"softDeletePolicy": {"retentionDurationSeconds": "604800"}}
    await wire.send("POST", "/storage/v1/b?project=p", body={"name": "bucket", **policy})
    generation = (await wire.upload("object", b"1")).json["generation"]
    await wire.send("DELETE", object_path("object"))
    assert (await wire.media("object", generation=generation)).status == 404
    listed = (await wire.send("GET", "/storage/v1/b/bucket/o?softDeleted=true")).json["items"]
    assert [item["generation"] for item in listed] == [generation]
    assert "hardDeleteTime" in listed[0]
    path = f"{object_path('object')}/restore"
    restored = (await wire.send("POST", path, generation=generation)).json
    assert int(restored["generation"]) > int(generation)
    assert (await wire.media("object")).body == b"1"
    assert (await wire.send("POST", path, generation=restored["generation"])).status == 400


async def test_held_objects_stay(wire: WireClient) -> None:
    await wire.upload_with({"name": "object", "temporaryHold": True}, b"x")
    assert (await wire.send("DELETE", object_path("object"))).status == 403
    assert (await wire.upload("object", b"y")).status == 403
    await wire.send("PATCH", object_path("object"), body={"temporaryHold": False})
    assert (await wire.send("DELETE", object_path("object"))).status == 204


@pytest.mark.parametrize(
    "target", [object_path("object"), "/storage/v1/b/bucket/o", "/bucket/object"]
)
async def test_unknown_query_names_are_400_and_named(wire: WireClient, target: str) -> None:
    await wire.upload("object", b"x")
    answer = await wire.send("GET", target, ifGenerationMatches=1)
    assert answer.status == 400
    assert b"ifGenerationMatches" in answer.body


async def test_standard_query_names_are_taken(wire: WireClient) -> None:
    await wire.upload("object", b"x")
    query = {"key": "k", "prettyPrint": "true", "quotaUser": "u", "userIp": "1", "$.xgafv": "2"}
    answer = await wire.metadata("object", **query, alt="json", fields="name,size")
    assert answer.json == {"name": "object", "size": "1"}
    assert b"\n" in answer.body


async def test_requester_pays_wants_a_project(wire: WireClient) -> None:
    body = {"name": "bucket", "billing": {"requesterPays": True}}
    await wire.send("POST", "/storage/v1/b?project=p", body=body)
    assert (await wire.upload("object", b"x")).status == 400
    assert (await wire.upload("object", b"x", userProject="p")).status == 200
    assert (await wire.media("object")).status == 400
    assert (await wire.media("object", userProject="p")).status == 200
    assert (await wire.media("object", headers={"x-goog-user-project": "p"})).status == 200


async def test_an_incomplete_body_leaves_no_object(emulator: Emulator, wire: WireClient) -> None:
    target = "/upload/storage/v1/b/bucket/o?uploadType=media&name=object"
    reply = await ask(emulator.url, "POST", target, body=b"half", announce=8)
    assert reply.status == 0
    assert (await wire.metadata("object")).status == 404


async def test_projection_full_shows_the_access_list(wire: WireClient) -> None:
    await wire.upload("object", b"x")
    assert "acl" not in (await wire.metadata("object")).json
    assert "acl" in (await wire.metadata("object", projection="full")).json


async def test_without_create_buckets_a_missing_bucket_is_404() -> None:
    async with Emulator(create_buckets=False) as emulator, ClientSession() as session:
        wire = WireClient(emulator.url, session)
        answer = await wire.upload("object", b"x")
        assert (answer.status, answer.reason) == (404, "notFound")
        assert (await wire.send("GET", "/storage/v1/b/bucket/o")).status == 404


@pytest.mark.parametrize("newline", [b"\r\n", b"\n"])
@pytest.mark.parametrize(
    "content", [b"", b"\r", b"\n", b"\r\n--edg", b"--edge", b"a\r\n--edgy\r\n"]
)
async def test_multipart_bodies_are_byte_exact(
    wire: WireClient, newline: bytes, content: bytes
) -> None:
    head = [b"--edge-1", b"Content-Type: application/json", b"", b'{"name": "object"}', b"--edge-1"]
    body = newline.join([*head, b"Content-Type: a/b", b"", content, b"--edge-1--", b""])
    answer = await wire.send(
        "POST",
        "/upload/storage/v1/b/bucket/o?uploadType=multipart",
        headers={"Content-Type": 'multipart/related; boundary="edge-1"'},
        body=body,
    )
    assert answer.status == 200
    assert (await wire.media("object")).body == content


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--edge\r\nContent-Type: application/json\r\n\r\n{}",
        b'--edge\r\n\r\n{"name":"x"}\r\n--edge\r\n\r\nopen end',
        b'--edge\r\n\r\n{"name":"x"}\r\n--edge\r\n\r\n1\r\n--edge\r\n\r\n2\r\n--edge--',
        b"--edge\r\n\r\nno json\r\n--edge\r\n\r\n1\r\n--edge--",
    ],
)
async def test_malformed_multipart_bodies_are_400(wire: WireClient, body: bytes) -> None:
    answer = await wire.send(
        "POST",
        "/upload/storage/v1/b/bucket/o?uploadType=multipart",
        headers={"Content-Type": "multipart/related; boundary=edge"},
        body=body,
    )
    assert answer.status == 400
    assert (await wire.metadata("x")).status == 404
