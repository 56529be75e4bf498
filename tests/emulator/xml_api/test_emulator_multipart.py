"""Multipart uploads of the XML API.

https://cloud.google.com/storage/docs/multipart-uploads
"""

import asyncio
import base64
import hashlib
import os
import signal
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import obstore
import pytest
from aiohttp import ClientSession
from customer_keys import with_key
from emulator_folders import SERVE, body_files
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client, transfer_manager  # type: ignore[import-untyped] # no types
from obstore_place import BUCKET, obstore_store
from wire_client import Answer, WireClient, crc32c

from storage_stream.emulator import Emulator

MEBIBYTE = 1024 * 1024
PARTS = {number: os.urandom(5 * MEBIBYTE) for number in (1, 2)} | {3: b"the end"}
CONTENT = b"".join(PARTS.values())
SPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"


def texts(answer: Answer, *path: str) -> list[str]:
    root = ET.fromstring(answer.body)  # noqa: S314 - our own server's
    return [found.text or "" for found in root.findall("/".join(SPACE + name for name in path))]


def etag(content: bytes) -> str:
    return f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'


def ending(*parts: tuple[int, str]) -> bytes:
    named = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>" for number, tag in parts
    )
    return f"<CompleteMultipartUpload>{named}</CompleteMultipartUpload>".encode()


def whole() -> bytes:
    return ending(*((number, etag(content)) for number, content in PARTS.items()))


def code(answer: Answer) -> str:
    return ET.fromstring(answer.body).findtext("Code") or ""  # noqa: S314 - our own server's


async def start(wire: WireClient, path: str = "/bucket/object", **headers: str) -> str:
    answer = await wire.send("POST", f"{path}?uploads", headers=headers)
    assert answer.status == 200
    assert texts(answer, "Key") == [path.removeprefix("/bucket/")]
    return f"{path}?uploadId={texts(answer, 'UploadId')[0]}"


async def test_a_name_that_xml_cannot_say(wire: WireClient) -> None:
    answer = await wire.send("POST", "/bucket/a%01b?uploads")
    assert texts(answer, "Key") == ["a\ufffdb"]
    upload = f"/bucket/a%01b?uploadId={texts(answer, 'UploadId')[0]}"
    assert texts(await wire.send("GET", upload), "Key") == ["a\ufffdb"]
    listed = await wire.send("GET", "/bucket?uploads&encoding-type=url")
    assert texts(listed, "Upload", "Key") == ["a%01b"]


async def test_ends_at_the_same_time(wire: WireClient, emulator: Emulator) -> None:
    """One of them makes the object; for the others there is no upload any more."""
    upload = await start(wire)
    for number, content in PARTS.items():
        await put(wire, upload, number, content)
    ends = await asyncio.gather(*(wire.send("POST", upload, body=whole()) for _ in range(4)))
    assert sorted(answer.status for answer in ends) == [200, 404, 404, 404]
    assert (await wire.media("object")).body == CONTENT
    assert emulator.unfinished_multipart_uploads == 0


async def test_an_abort_while_it_ends(wire: WireClient) -> None:
    upload = await start(wire)
    for number, content in PARTS.items():
        await put(wire, upload, number, content)
    end, abort = await asyncio.gather(
        wire.send("POST", upload, body=whole()), wire.send("DELETE", upload)
    )
    assert sorted([end.status, abort.status]) in ([200, 204], [200, 404], [204, 404])
    assert (await wire.metadata("object")).status == end.status


async def put(wire: WireClient, upload: str, number: int, content: bytes) -> Answer:
    return await wire.send("PUT", f"{upload}&partNumber={number}", body=content)


async def test_parts_in_any_order_become_the_object(wire: WireClient, emulator: Emulator) -> None:
    upload = await start(wire, **{"Content-Type": "a/b", "x-goog-meta-colour": "blue"})
    for number in (3, 1, 2):
        stored = await put(wire, upload, number, PARTS[number])
        assert stored.headers["ETag"] == etag(PARTS[number])
        hashes = stored.headers.getall("x-goog-hash")
        assert hashes[0] == f"crc32c={crc32c(PARTS[number])}"
        digest = hashlib.md5(PARTS[number], usedforsecurity=False).digest()
        assert hashes[1] == f"md5={base64.b64encode(digest).decode()}"
    assert (await wire.metadata("object")).status == 404
    assert emulator.unfinished_multipart_uploads == 1
    done = await wire.send("POST", upload, body=whole())
    assert done.status == 200
    assert texts(done, "Bucket") + texts(done, "Key") == ["bucket", "object"]
    assert texts(done, "Location") == [f"{wire.url}/bucket/object"]
    assert (await wire.media("object")).body == CONTENT
    found = (await wire.metadata("object")).json
    assert (found["crc32c"], found["componentCount"]) == (crc32c(CONTENT), 3)
    assert "md5Hash" not in found
    assert (found["contentType"], found["metadata"]) == ("a/b", {"colour": "blue"})
    assert done.headers["x-goog-generation"] == found["generation"]
    assert emulator.unfinished_multipart_uploads == 0
    again = await wire.send("POST", upload, body=whole())
    assert (again.status, code(again)) == (404, "NoSuchUpload")


async def test_a_part_that_is_sent_again_replaces_the_first(tmp_path: Path) -> None:
    async with Emulator(tmp_path) as emulator, ClientSession() as session:
        wire = WireClient(emulator.url, session)
        upload = await start(wire)
        await put(wire, upload, 1, os.urandom(100_000))
        await put(wire, upload, 1, PARTS[1])
        assert len(body_files(tmp_path)) == 1
        await put(wire, upload, 2, PARTS[2])
        done = await wire.send("POST", upload, body=ending((1, etag(PARTS[1]))))
        assert done.status == 200
        assert len(body_files(tmp_path)) == 1, "parts that are not named are dropped"
        assert (await wire.media("object")).body == PARTS[1]


async def test_aborting_leaves_nothing(tmp_path: Path) -> None:
    async with Emulator(tmp_path) as emulator, ClientSession() as session:
        wire = WireClient(emulator.url, session)
        upload = await start(wire)
        await put(wire, upload, 1, PARTS[1])
        assert (await wire.send("DELETE", upload)).status == 204
        assert body_files(tmp_path) == []
        for answer in (
            await wire.send("DELETE", upload),
            await wire.send("GET", upload),
            await put(wire, upload, 1, b"late"),
            await wire.send("POST", upload, body=whole()),
        ):
            assert (answer.status, code(answer)) == (404, "NoSuchUpload")
        assert body_files(tmp_path) == []


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (ending((2, etag(PARTS[2])), (1, etag(PARTS[1]))), "InvalidPartOrder"),
        (ending((1, etag(PARTS[1])), (1, etag(PARTS[1]))), "InvalidPartOrder"),
        (ending((1, etag(PARTS[2]))), "InvalidPart"),
        (ending((1, etag(PARTS[1])), (7, etag(PARTS[2]))), "InvalidPart"),
        (ending((1, etag(PARTS[1])), (3, etag(PARTS[3])), (4, etag(b"x"))), "EntityTooSmall"),
        (ending(), "MalformedXML"),
        (b"", "MalformedXML"),
        (b"<Other/>", "MalformedXML"),
        (b"<CompleteMultipartUpload><Part/></CompleteMultipartUpload>", "MalformedXML"),
    ],
)
async def test_a_wrong_end_is_refused_and_can_be_mended(
    wire: WireClient, document: bytes, expected: str
) -> None:
    upload = await start(wire)
    for number, content in (*PARTS.items(), (4, b"x")):
        await put(wire, upload, number, content)
    refused = await wire.send("POST", upload, body=document)
    assert (refused.status, code(refused)) == (400, expected)
    assert (await wire.metadata("object")).status == 404
    assert (await wire.send("POST", upload, body=whole())).status == 200


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("&partNumber=0", 400),
        ("&partNumber=10001", 400),
        ("&partNumber=x", 400),
        ("", 400),
        ("&partNumber=10000", 200),
        ("&partNumber=1&partsNumber=1", 400),
    ],
)
async def test_part_numbers(wire: WireClient, query: str, status: int) -> None:
    upload = await start(wire)
    assert (await wire.send("PUT", upload + query, body=b"x")).status == status


async def test_hashes_of_parts_are_checked(tmp_path: Path) -> None:
    async with Emulator(tmp_path) as emulator, ClientSession() as session:
        wire = WireClient(emulator.url, session)
        upload = await start(wire) + "&partNumber=1"
        for headers in ({"x-goog-hash": "crc32c=AAAAAA=="}, {"Content-MD5": "A" * 22 + "=="}):
            refused = await wire.send("PUT", upload, headers=headers, body=PARTS[1])
            assert (refused.status, code(refused)) == (400, "BadDigest")
        right = {"x-goog-hash": f"crc32c={crc32c(PARTS[1])}"}
        assert (await wire.send("PUT", upload, headers=right, body=PARTS[1])).status == 200
        assert len(body_files(tmp_path)) == 1


async def test_listing_parts_in_pages(wire: WireClient) -> None:
    upload = await start(wire)
    for number in (1, 5, 9):
        await put(wire, upload, number, b"x" * number)
    first = await wire.send("GET", upload, **{"max-parts": 2})
    assert texts(first, "Part", "PartNumber") == ["1", "5"]
    assert texts(first, "Part", "Size") == ["1", "5"]
    assert texts(first, "Part", "ETag") == [etag(b"x"), etag(b"xxxxx")]
    assert texts(first, "IsTruncated") == ["true"]
    marker = texts(first, "NextPartNumberMarker")[0]
    rest = await wire.send("GET", upload, **{"part-number-marker": marker})
    assert texts(rest, "Part", "PartNumber") == ["9"]
    assert texts(rest, "IsTruncated") == ["false"]


async def test_listing_uploads_in_pages(wire: WireClient) -> None:
    for name in ("a", "b/1", "b/2", "a", "c"):
        await start(wire, f"/bucket/{name}")
    found, query = [], {"uploads": "", "max-uploads": "1"}
    while True:
        page = await wire.send("GET", "/bucket", **query)
        found += texts(page, "Upload", "Key")
        if texts(page, "IsTruncated") == ["false"]:
            break
        query["key-marker"] = texts(page, "NextKeyMarker")[0]
        query["upload-id-marker"] = texts(page, "NextUploadIdMarker")[0]
    assert found == ["a", "a", "b/1", "b/2", "c"]
    folders = await wire.send("GET", "/bucket", uploads="", delimiter="/")
    assert texts(folders, "Upload", "Key") == ["a", "a", "c"]
    assert texts(folders, "CommonPrefixes", "Prefix") == ["b/"]
    below = await wire.send("GET", "/bucket", uploads="", prefix="b/")
    assert texts(below, "Upload", "Key") == ["b/1", "b/2"]
    behind = await wire.send("GET", "/bucket", **{"uploads": "", "key-marker": "a"})
    assert texts(behind, "Upload", "Key") == ["b/1", "b/2", "c"]


async def test_uploads_with_delimiter_in_pages(wire: WireClient) -> None:
    for name in ("a", "b/1", "b/2", "c"):
        await start(wire, f"/bucket/{name}")
    found: list[str] = []
    query = {"uploads": "", "max-uploads": "1", "delimiter": "/"}
    while True:
        page = await wire.send("GET", "/bucket", **query)
        found += texts(page, "Upload", "Key") + texts(page, "CommonPrefixes", "Prefix")
        if texts(page, "IsTruncated") == ["false"]:
            break
        query["key-marker"] = texts(page, "NextKeyMarker")[0]
    assert found == ["a", "b/", "c"]


async def test_preconditions_are_refused_not_ignored(wire: WireClient) -> None:
    headers = {"x-goog-if-generation-match": "0"}
    assert (await wire.send("POST", "/bucket/object?uploads", headers=headers)).status == 400
    upload = await start(wire)
    await put(wire, upload, 1, b"x")
    refused = await wire.send("POST", upload, headers=headers, body=ending((1, etag(b"x"))))
    assert refused.status == 400


async def test_other_posts_are_refused(wire: WireClient) -> None:
    assert (await wire.send("POST", "/bucket/object", body=b"x")).status == 400
    upload = await start(wire)
    other = upload.replace("/object?", "/other?")
    assert (await put(wire, other, 1, b"x")).status == 404


async def test_a_bucket_goes_with_its_unfinished_uploads(
    wire: WireClient, emulator: Emulator
) -> None:
    upload = await start(wire)
    await put(wire, upload, 1, b"x")
    assert (await wire.send("DELETE", "/storage/v1/b/bucket")).status == 204
    assert emulator.unfinished_multipart_uploads == 0


async def test_every_part_needs_the_key_of_the_upload(wire: WireClient) -> None:
    key = with_key(os.urandom(32))
    upload = await start(wire, **key)
    refused = await put(wire, upload, 1, b"x")
    assert (refused.status, code(refused)) == (400, "CustomerEncryptionKeyIsIncorrect")
    part = await wire.send("PUT", f"{upload}&partNumber=1", headers=key, body=b"x")
    done = await wire.send("POST", upload, body=ending((1, part.headers["ETag"])))
    assert done.status == 200
    assert (await wire.media("object")).status == 400
    assert (await wire.media("object", headers=key)).body == b"x"


async def test_parts_outlive_a_kill(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVE, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    url = (await process.stdout.readline()).decode().strip()
    async with ClientSession() as session:
        wire = WireClient(url, session)
        upload = await start(wire)
        await put(wire, upload, 1, PARTS[1])
        await put(wire, upload, 2, PARTS[2])
    process.send_signal(signal.SIGKILL)
    await process.wait()
    async with Emulator(tmp_path) as emulator, ClientSession() as session:
        wire = WireClient(emulator.url, session)
        await put(wire, upload, 3, PARTS[3])
        assert (await wire.send("POST", upload, body=whole())).status == 200
        assert (await wire.media("object")).body == CONTENT
        assert len(body_files(tmp_path)) == 1


async def test_faults_meet_parts(wire: WireClient, emulator: Emulator) -> None:
    upload = await start(wire)
    emulator.arm_next("storage.multipartUploads.uploadPart", "return-503-after-256K")
    assert (await put(wire, upload, 1, PARTS[1])).status == 503
    assert texts(await wire.send("GET", upload), "Part", "PartNumber") == []
    emulator.arm_next("storage.multipartUploads.complete", "commit-then-503")
    await put(wire, upload, 1, PARTS[1])
    assert (await wire.send("POST", upload, body=ending((1, etag(PARTS[1]))))).status == 503
    assert (await wire.metadata("object")).status == 200


async def test_google_cloud_storage_uploads_in_parts(emulator: Emulator, tmp_path: Path) -> None:
    file = tmp_path / "content"
    content = os.urandom(12 * MEBIBYTE + 1)

    def use() -> None:
        file.write_bytes(content)
        client = Client(
            project="test",
            credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call] # google-auth has no types
            client_options={"api_endpoint": emulator.url},
        )
        try:
            blob = client.bucket(BUCKET).blob("folder/with space")
            transfer_manager.upload_chunks_concurrently(
                str(file),
                blob,
                content_type="a/b",
                chunk_size=5 * MEBIBYTE,
                worker_type=transfer_manager.THREAD,
                checksum="crc32c",
            )
            again = client.bucket(BUCKET).get_blob("folder/with space")
            assert again.content_type == "a/b"
            assert again.download_as_bytes(checksum="crc32c") == content
        finally:
            client.close()

    await asyncio.to_thread(use)
    assert emulator.unfinished_multipart_uploads == 0


async def test_obstore_uploads_in_parts(emulator: Emulator) -> None:
    store = obstore_store(emulator)
    content = os.urandom(12 * MEBIBYTE + 1)
    await obstore.put_async(
        store, "large", content, use_multipart=True, chunk_size=5 * MEBIBYTE, max_concurrency=3
    )
    assert len(emulator.log.select(operation="storage.multipartUploads.uploadPart")) == 3
    got = await obstore.get_async(store, "large")
    assert bytes(await got.bytes_async()) == content
