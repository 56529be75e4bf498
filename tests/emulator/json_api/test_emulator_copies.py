"""Compose, copy, rewrite and move.

https://cloud.google.com/storage/docs/json_api/v1/objects
"""

import os
from typing import Any

import pytest
from wire_client import Answer, WireClient, crc32c, object_path

MEBIBYTE = 1024 * 1024
CONTENT = os.urandom(2 * MEBIBYTE + 5)


async def compose(wire: WireClient, *sources: Any, **query: Any) -> Answer:
    said = [{"name": source} if isinstance(source, str) else source for source in sources]
    body = {"sourceObjects": said, "destination": {"contentType": "a/b"}}
    return await wire.send("POST", f"{object_path('whole')}/compose", body=body, **query)


async def test_composing_joins_and_counts(wire: WireClient) -> None:
    await wire.upload("one", b"one")
    await wire.upload("two", CONTENT)
    resource = (await compose(wire, "one", "two", "one")).json
    whole = b"one" + CONTENT + b"one"
    assert (await wire.media("whole")).body == whole
    assert resource["componentCount"] == 3
    assert resource["contentType"] == "a/b"
    assert "md5Hash" not in resource
    assert resource["crc32c"] == crc32c(whole)
    assert (await compose(wire, "whole", "whole")).json["componentCount"] == 6
    headers = (await wire.media("whole")).headers
    assert "md5=" not in headers["x-goog-hash"]


async def test_composing_judges_its_sources_and_its_target(wire: WireClient) -> None:
    generation = (await wire.upload("one", b"1")).json["generation"]
    assert (await compose(wire, "none")).status == 404
    assert (await compose(wire, {"name": "one", "generation": "1"})).status == 404
    wanted = {"name": "one", "objectPreconditions": {"ifGenerationMatch": "1"}}
    assert (await compose(wire, wanted)).status == 412
    exact = {"name": "one", "generation": generation}
    assert (await compose(wire, exact, ifGenerationMatch=0)).status == 200
    assert (await compose(wire, exact, ifGenerationMatch=0)).status == 412


@pytest.mark.parametrize("count", [0, 33])
async def test_too_few_or_too_many_sources_are_400(wire: WireClient, count: int) -> None:
    await wire.upload("one", b"1")
    assert (await compose(wire, *["one"] * count)).status == 400


async def copy(wire: WireClient, verb: str, body: Any = None, **query: Any) -> Answer:
    path = f"{object_path('source')}/{verb}/b/other/o/target"
    return await wire.send("POST", path, body=body, **query)


@pytest.mark.parametrize("verb", ["copyTo", "rewriteTo"])
async def test_copies_take_over_metadata_unless_some_is_given(wire: WireClient, verb: str) -> None:
    described = {"contentType": "a/b", "metadata": {"colour": "blue"}}
    await wire.upload_with({"name": "source", **described}, CONTENT)
    await copy(wire, verb)
    taken = (await wire.metadata("target", bucket="other")).json
    assert {key: taken[key] for key in described} == described
    await copy(wire, verb, {"contentType": "c/d"})
    replaced = (await wire.metadata("target", bucket="other")).json
    assert replaced["contentType"] == "c/d"
    assert "metadata" not in replaced
    assert (await wire.media("target", bucket="other")).body == CONTENT


@pytest.mark.parametrize("verb", ["copyTo", "rewriteTo"])
async def test_copies_judge_both_ends(wire: WireClient, verb: str) -> None:
    assert (await copy(wire, verb)).status == 404
    generation = (await wire.upload("source", b"1")).json["generation"]
    assert (await copy(wire, verb, ifSourceGenerationMatch=1)).status == 412
    assert (await copy(wire, verb, ifSourceMetagenerationNotMatch=1)).status == 412
    assert (await copy(wire, verb, sourceGeneration=1)).status == 404
    assert (await copy(wire, verb, sourceGeneration=generation, ifGenerationMatch=0)).status == 200
    assert (await copy(wire, verb, ifGenerationMatch=0)).status == 412


async def test_a_rewrite_in_several_calls(wire: WireClient) -> None:
    await wire.upload("source", CONTENT)
    progress: list[int] = []
    token: dict[str, str] = {}
    while True:
        answer = await copy(wire, "rewriteTo", maxBytesRewrittenPerCall=MEBIBYTE, **token)
        said = answer.json
        progress.append(int(said["totalBytesRewritten"]))
        assert said["objectSize"] == str(len(CONTENT))
        if said["done"]:
            break
        assert (await wire.metadata("target", bucket="other")).status == 404
        token = {"rewriteToken": said["rewriteToken"]}
    assert progress == [MEBIBYTE, 2 * MEBIBYTE, len(CONTENT)]
    assert said["resource"]["name"] == "target"
    assert "rewriteToken" not in said
    assert (await wire.media("target", bucket="other")).body == CONTENT


async def test_rewrite_tokens_belong_to_one_rewrite(wire: WireClient) -> None:
    await wire.upload("source", CONTENT)
    said = (await copy(wire, "rewriteTo", maxBytesRewrittenPerCall=MEBIBYTE)).json
    token = said["rewriteToken"]
    other = f"{object_path('source')}/rewriteTo/b/other/o/else"
    assert (await wire.send("POST", other, rewriteToken=token)).status == 400
    assert (await copy(wire, "rewriteTo", rewriteToken="made-up")).status == 400
    assert (await copy(wire, "rewriteTo", maxBytesRewrittenPerCall=1000)).status == 400
    await wire.upload("source", b"changed meanwhile")
    assert (await copy(wire, "rewriteTo", rewriteToken=token)).status == 400


async def test_moving(wire: WireClient) -> None:
    await wire.upload_with({"name": "source", "metadata": {"colour": "blue"}}, CONTENT)
    path = f"{object_path('source')}/moveTo/o/new%2Fname"
    assert (await wire.send("POST", path, ifSourceGenerationMatch=1)).status == 412
    moved = (await wire.send("POST", path)).json
    assert (moved["name"], moved["metadata"]) == ("new/name", {"colour": "blue"})
    assert (await wire.media("new/name")).body == CONTENT
    assert (await wire.metadata("source")).status == 404
    assert (await wire.send("POST", path)).status == 404
    itself = f"{object_path('new/name')}/moveTo/o/new%2Fname"
    assert (await wire.send("POST", itself)).status == 400


async def test_copying_onto_itself_keeps_the_bytes(wire: WireClient) -> None:
    await wire.upload("source", CONTENT)
    path = f"{object_path('source')}/rewriteTo{object_path('source')[11:]}"
    assert (await wire.send("POST", path, body={"contentType": "c/d"})).json["done"]
    assert (await wire.media("source")).body == CONTENT


KMS = "projects/p/locations/eu/keyRings/r/cryptoKeys/k"


@pytest.mark.parametrize("verb", ["copyTo", "rewriteTo"])
async def test_a_key_of_the_copy_changes_nothing_else(wire: WireClient, verb: str) -> None:
    await wire.upload("source", b"x")
    await wire.send("PATCH", object_path("source"), body={"contentType": "a/b"})
    await wire.send("POST", "/storage/v1/b?project=p", body={"name": "other"})
    made = (await copy(wire, verb, destinationKmsKeyName=KMS)).json
    resource = made.get("resource", made)
    assert (resource["kmsKeyName"], resource["contentType"]) == (KMS, "a/b")
    assert "kmsKeyName" not in (await wire.metadata("source")).json


@pytest.mark.parametrize("name", ["k", f"{KMS}/cryptoKeyVersions/1", f"/{KMS}", ""])
async def test_what_is_no_name_of_a_key_is_400(wire: WireClient, name: str) -> None:
    await wire.upload("source", b"x")
    await wire.send("POST", "/storage/v1/b?project=p", body={"name": "other"})
    assert (await copy(wire, "rewriteTo", destinationKmsKeyName=name)).status == 400
    assert (await copy(wire, "copyTo", body={"kmsKeyName": name})).status == 400
    assert (await compose(wire, "source", kmsKeyName=name)).status == 400
    assert (await wire.upload("new", b"x", kmsKeyName=name)).status == 400
