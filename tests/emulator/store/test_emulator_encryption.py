"""Customer-supplied encryption keys.

https://cloud.google.com/storage/docs/encryption/customer-supplied-keys
"""

import asyncio
import base64
import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from customer_keys import sha256, with_key
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client  # type: ignore[import-untyped] # it ships no types
from wire_client import Answer, WireClient, crc32c, object_path

from storage_stream.emulator import Emulator

KEY, OTHER = bytes(range(32)), bytes(range(32, 64))
CONTENT = os.urandom(100_000)


def source_key(key: bytes) -> dict[str, str]:
    return with_key(key, "x-goog-copy-source-encryption-")


def all_bytes(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


async def post(wire: WireClient, tail: str, headers: dict[str, str], **body: Any) -> Answer:
    return await wire.send("POST", object_path("object") + tail, headers=headers, body=body)


@pytest.fixture
async def stored(wire: WireClient) -> Answer:
    answer = await wire.upload("object", CONTENT, headers=with_key(KEY))
    assert answer.status == 200
    return answer


async def test_the_resource_names_the_hash_of_the_key(stored: Answer) -> None:
    encryption = {"encryptionAlgorithm": "AES256", "keySha256": sha256(KEY)}
    assert stored.json["customerEncryption"] == encryption
    assert stored.json["crc32c"] == crc32c(CONTENT)


@pytest.mark.usefixtures("stored")
async def test_reading_needs_the_key(wire: WireClient) -> None:
    right = await wire.media("object", headers=with_key(KEY))
    assert right.body == CONTENT
    assert right.headers["x-goog-encryption-algorithm"] == "AES256"
    assert right.headers["x-goog-encryption-key-sha256"] == sha256(KEY)
    assert (await wire.media("object")).status == 400
    assert (await wire.media("object", headers=with_key(OTHER))).status == 400
    for headers, code in (
        ({}, b"<Code>ResourceIsEncryptedWithCustomerEncryptionKey</Code>"),
        (with_key(OTHER), b"<Code>CustomerEncryptionKeyIsIncorrect</Code>"),
    ):
        refused = await wire.send("GET", "/bucket/object", headers=headers)
        assert (refused.status, code in refused.body) == (400, True)
    assert (await wire.send("GET", "/bucket/object", headers=with_key(KEY))).body == CONTENT


@pytest.mark.usefixtures("stored")
async def test_metadata_without_the_key_hides_the_checksums(wire: WireClient) -> None:
    bare = (await wire.metadata("object")).json
    assert "crc32c" not in bare
    assert "md5Hash" not in bare
    assert bare["size"] == str(len(CONTENT))
    listed = (await wire.send("GET", "/storage/v1/b/bucket/o")).json["items"]
    assert "crc32c" not in listed[0]
    path = object_path("object")
    known = await wire.send("GET", path, headers=with_key(KEY))
    assert known.json["crc32c"] == crc32c(CONTENT)
    wrong = await wire.send("GET", path, headers=with_key(OTHER))
    assert (wrong.status, wrong.reason) == (400, "customerEncryptionKeyIsIncorrect")


@pytest.mark.usefixtures("stored")
async def test_patch_overwrite_and_delete_need_no_key(wire: WireClient) -> None:
    path = object_path("object")
    patched = await wire.send("PATCH", path, body={"contentType": "a/b"})
    assert patched.json["customerEncryption"]["keySha256"] == sha256(KEY)
    assert (await wire.upload("object", b"plain")).status == 200
    assert (await wire.media("object")).body == b"plain"
    assert (await wire.send("DELETE", path)).status == 204


async def test_a_key_for_an_object_without_one_is_refused(wire: WireClient) -> None:
    await wire.upload("object", CONTENT)
    path = object_path("object")
    refused = await wire.send("GET", path, headers=with_key(KEY))
    reason = "resourceNotEncryptedWithCustomerEncryptionKey"
    assert (refused.status, refused.reason) == (400, reason)
    assert (await wire.media("object", headers=with_key(KEY))).status == 400


@pytest.mark.parametrize(
    ("header", "value", "reason"),
    [
        ("algorithm", "AES128", "customerEncryptionAlgorithmIsInvalid"),
        ("algorithm", None, "customerEncryptionAlgorithmIsInvalid"),
        ("key", "short", "customerEncryptionKeyFormatIsInvalid"),
        ("key", base64.b64encode(b"x" * 31).decode(), "customerEncryptionKeyFormatIsInvalid"),
        ("key", None, "customerEncryptionKeyFormatIsInvalid"),
        ("key-sha256", sha256(OTHER), "customerEncryptionKeySha256IsInvalid"),
        ("key-sha256", None, "customerEncryptionKeySha256IsInvalid"),
    ],
)
async def test_malformed_headers(
    wire: WireClient, header: str, value: str | None, reason: str
) -> None:
    headers = with_key(KEY)
    del headers[f"x-goog-encryption-{header}"]
    if value is not None:
        headers[f"x-goog-encryption-{header}"] = value
    refused = await wire.upload("object", CONTENT, headers=headers)
    assert (refused.status, refused.reason) == (400, reason)
    assert (await wire.metadata("object")).status == 404


async def test_a_resumable_session_keeps_to_its_key(wire: WireClient) -> None:
    target = "/upload/storage/v1/b/bucket/o?uploadType=resumable&name=object"
    url = (await wire.send("POST", target, headers=with_key(KEY))).headers["Location"]
    wrong = await wire.send("PUT", url, headers=with_key(OTHER), body=CONTENT)
    assert (wrong.status, wrong.reason) == (400, "customerEncryptionKeyIsIncorrect")
    assert (await wire.send("PUT", url, headers=with_key(KEY), body=CONTENT)).status == 200
    assert (await wire.media("object")).status == 400
    assert (await wire.media("object", headers=with_key(KEY))).body == CONTENT


@pytest.mark.usefixtures("stored")
async def test_rewrite_rotates_the_key(wire: WireClient) -> None:
    tail = "/rewriteTo/b/bucket/o/object"
    refused = await post(wire, tail, with_key(OTHER))
    assert refused.reason == "resourceIsEncryptedWithCustomerEncryptionKey"
    assert (await post(wire, tail, source_key(OTHER) | with_key(KEY))).status == 400
    assert (await post(wire, tail, source_key(KEY) | with_key(OTHER))).json["done"]
    assert (await wire.media("object", headers=with_key(OTHER))).body == CONTENT
    assert (await post(wire, tail, source_key(OTHER))).json["done"]
    assert (await wire.media("object")).body == CONTENT


@pytest.mark.usefixtures("stored")
async def test_a_rewrite_token_is_bound_to_the_key(wire: WireClient) -> None:
    await wire.upload("object", b"x" * (2 << 20), headers=with_key(KEY))
    tail = "/rewriteTo/b/bucket/o/copy?maxBytesRewrittenPerCall=1048576"
    first = (await post(wire, tail, source_key(KEY) | with_key(OTHER))).json
    tail += f"&rewriteToken={first['rewriteToken']}"
    assert (await post(wire, tail, source_key(KEY))).status == 400
    assert (await post(wire, tail, source_key(KEY) | with_key(OTHER))).json["done"]


@pytest.mark.usefixtures("stored")
async def test_copy_compose_and_move_need_the_key(wire: WireClient) -> None:
    assert (await post(wire, "/copyTo/b/bucket/o/copy", {})).status == 400
    assert (await post(wire, "/copyTo/b/bucket/o/copy", with_key(KEY))).status == 200
    assert (await wire.media("copy", headers=with_key(KEY))).body == CONTENT
    sources = [{"name": "copy"}, {"name": "copy"}]
    assert (await post(wire, "/compose", {}, sourceObjects=sources)).status == 400
    assert (await post(wire, "/compose", with_key(KEY), sourceObjects=sources)).status == 200
    assert (await wire.media("object", headers=with_key(KEY))).body == CONTENT * 2
    assert (await post(wire, "/moveTo/o/moved", {})).status == 400
    assert (await post(wire, "/moveTo/o/moved", with_key(KEY))).status == 200
    assert (await wire.media("moved", headers=with_key(KEY))).body == CONTENT * 2


@pytest.mark.usefixtures("stored")
async def test_copy_over_the_xml_api(wire: WireClient) -> None:
    source = {"x-goog-copy-source": "/bucket/object"}
    assert (await wire.send("PUT", "/bucket/copy", headers=source)).status == 400
    headers = source | source_key(KEY) | with_key(OTHER)
    assert (await wire.send("PUT", "/bucket/copy", headers=headers)).status == 200
    got = await wire.send("GET", "/bucket/copy", headers=with_key(OTHER))
    assert got.body == CONTENT
    assert got.headers["ETag"] != f'"{hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()}"'


async def test_the_key_is_nowhere_in_the_folder(tmp_path: Path) -> None:
    async with Emulator(tmp_path) as emulator, ClientSession() as session:
        wire = WireClient(emulator.url, session)
        await wire.upload("object", CONTENT, headers=with_key(KEY))
        target = "/upload/storage/v1/b/bucket/o?uploadType=resumable&name=other"
        await wire.send("POST", target, headers=with_key(KEY))
    kept = all_bytes(tmp_path)
    assert CONTENT in kept
    assert KEY not in kept
    assert base64.b64encode(KEY) not in kept


async def test_a_kms_key_is_recorded(wire: WireClient) -> None:
    name = "projects/p/locations/us/keyRings/r/cryptoKeys/k"
    made = await wire.upload("object", b"x", kmsKeyName=name)
    assert made.json["kmsKeyName"] == name
    headers = {"x-goog-encryption-kms-key-name": name}
    await wire.send("PUT", "/bucket/xml", headers=headers, body=b"x")
    assert (await wire.metadata("xml")).json["kmsKeyName"] == name


async def test_google_cloud_storage_round_trip_and_rotation(emulator: Emulator) -> None:
    def use() -> None:
        client = Client(
            project="test",
            credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call] # google-auth has no types
            client_options={"api_endpoint": emulator.url},
        )
        try:
            bucket = client.bucket("bucket")
            blob = bucket.blob("secret", encryption_key=KEY)
            blob.upload_from_string(CONTENT)
            assert blob.download_as_bytes() == CONTENT
            chunked = bucket.blob("chunked", encryption_key=KEY, chunk_size=256 * 1024)
            with chunked.open("wb") as writer:
                writer.write(CONTENT * 6)
            assert bucket.blob("chunked", encryption_key=KEY).download_as_bytes() == CONTENT * 6
            rotated = bucket.blob("secret", encryption_key=OTHER)
            rotated.rewrite(blob)
            assert rotated.download_as_bytes() == CONTENT
        finally:
            client.close()

    await asyncio.to_thread(use)
