"""Objects over the XML API.

https://cloud.google.com/storage/docs/xml-api/overview
"""

import hashlib
import os
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest
from wire_client import WireClient

CONTENT = os.urandom(100_000)
SPACE = "{http://doc.s3.amazonaws.com/2006-03-01}"


def texts(document: bytes, *path: str) -> list[str]:
    root = ET.fromstring(document)  # noqa: S314 - our own server's
    return [found.text or "" for found in root.findall("/".join(SPACE + name for name in path))]


async def test_put_get_head_delete(wire: WireClient) -> None:
    headers = {"Content-Type": "a/b", "x-goog-meta-Colour": "blue", "Cache-Control": "no-store"}
    put = await wire.send("PUT", "/bucket/folder/object", headers=headers, body=CONTENT)
    tag = f'"{hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()}"'
    assert (put.status, put.body, put.headers["ETag"]) == (200, b"", tag)
    got = await wire.send("GET", "/bucket/folder/object")
    assert got.body == CONTENT
    assert got.headers["x-goog-meta-colour"] == "blue"
    assert got.headers["Content-Type"] == "a/b"
    assert got.headers["x-goog-generation"] == put.headers["x-goog-generation"]
    hashes = got.headers.getall("x-goog-hash")
    assert [line.partition("=")[0] for line in hashes] == ["crc32c", "md5"]
    head = await wire.send("HEAD", "/bucket/folder/object")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == str(len(CONTENT))
    assert (await wire.metadata("folder/object")).json["metadata"] == {"colour": "blue"}
    assert (await wire.send("DELETE", "/bucket/folder/object")).status == 204
    missing = await wire.send("GET", "/bucket/folder/object")
    assert missing.status == 404
    assert b"<Code>NoSuchKey</Code>" in missing.body


@pytest.mark.parametrize("name", ["/a", "a/", "a//b", "//", "a b+c%?#é", "%2F", "storage/v1/b"])
@pytest.mark.parametrize("safe", ["/", ""])
async def test_names_are_byte_exact(wire: WireClient, name: str, safe: str) -> None:
    path = f"/bucket/{quote(name, safe=safe)}"
    assert (await wire.send("PUT", path, body=name.encode())).status == 200
    assert (await wire.metadata(name)).json["name"] == name
    assert (await wire.send("GET", path)).body == name.encode()


async def test_conditions(wire: WireClient) -> None:
    create = {"x-goog-if-generation-match": "0"}
    put = await wire.send("PUT", "/bucket/object", headers=create, body=b"1")
    assert put.status == 200
    assert (await wire.send("PUT", "/bucket/object", headers=create, body=b"2")).status == 412
    tag = put.headers["ETag"]
    for headers, status in (
        ({"If-None-Match": tag}, 304),
        ({"If-None-Match": '"other"'}, 200),
        ({"If-Match": tag}, 200),
        ({"If-Match": '"other"'}, 412),
        ({"x-goog-if-metageneration-match": "2"}, 412),
        ({"If-Modified-Since": put.headers["Date"]}, 304),
        ({"If-Unmodified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"}, 412),
    ):
        assert (await wire.send("GET", "/bucket/object", headers=headers)).status == status


async def test_hashes_are_checked(wire: WireClient) -> None:
    wrong = {"Content-MD5": "1B2M2Y8AsgTpgAmY7PhCfg=="}
    refused = await wire.send("PUT", "/bucket/object", headers=wrong, body=b"x")
    assert refused.status == 400
    assert b"<Code>BadDigest</Code>" in refused.body


async def test_a_range_outside_is_416(wire: WireClient) -> None:
    await wire.send("PUT", "/bucket/object", body=b"12345")
    answer = await wire.send("GET", "/bucket/object", headers={"Range": "bytes=5-"})
    assert (answer.status, answer.headers["Content-Range"]) == (416, "bytes */5")
    assert b"<Code>InvalidRange</Code>" in answer.body


async def test_gzip_is_stored_as_sent(wire: WireClient) -> None:
    headers = {"Content-Encoding": "gzip"}
    stored = b"\x1f\x8b not really"
    await wire.send("PUT", "/bucket/object", headers=headers, body=stored)
    answer = await wire.send("GET", "/bucket/object", headers={"Accept-Encoding": "gzip"})
    assert (answer.body, answer.headers["Content-Encoding"]) == (stored, "gzip")


async def test_copies(wire: WireClient) -> None:
    await wire.send("PUT", "/bucket/a%20b", headers={"x-goog-meta-one": "1"}, body=CONTENT)
    source = {"x-goog-copy-source": "/bucket/a%20b"}
    copied = await wire.send("PUT", "/other/copy", headers=source)
    assert copied.status == 200
    assert b"<CopyObjectResult>" in copied.body
    assert (await wire.send("GET", "/other/copy")).body == CONTENT
    assert (await wire.metadata("copy", bucket="other")).json["metadata"] == {"one": "1"}


async def listed(wire: WireClient, **query: Any) -> bytes:
    answer = await wire.send("GET", "/bucket", **query)
    assert answer.status == 200
    return answer.body


async def test_version_one_of_the_list_pages_by_marker(wire: WireClient) -> None:
    for name in ("a", "b/1", "b/2", "c", "d & e"):
        await wire.send("PUT", f"/bucket/{quote(name)}", body=b"x")
    found: list[str] = []
    query: dict[str, Any] = {"max-keys": 1, "delimiter": "/"}
    while True:
        page = await listed(wire, **query)
        found += texts(page, "Contents", "Key") + texts(page, "CommonPrefixes", "Prefix")
        if texts(page, "IsTruncated") == ["false"]:
            break
        query["marker"] = texts(page, "NextMarker")[0]
    assert found == ["a", "b/", "c", "d & e"]


async def test_version_two_of_the_list_pages_by_token(wire: WireClient) -> None:
    for name in ("a", "b", "c"):
        await wire.send("PUT", f"/bucket/{name}", body=b"x")
    first = await listed(wire, **{"list-type": 2, "max-keys": 2})
    assert texts(first, "KeyCount") == ["2"]
    token = texts(first, "NextContinuationToken")[0]
    rest = await listed(wire, **{"list-type": 2, "continuation-token": token})
    assert texts(rest, "Contents", "Key") == ["c"]
    after = await listed(wire, **{"list-type": 2, "start-after": "a"})
    assert texts(after, "Contents", "Key") == ["b", "c"]
    assert (await wire.send("GET", "/bucket", **{"list-type": 2, "marker": "a"})).status == 400
