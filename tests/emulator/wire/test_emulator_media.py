"""Bytes as they leave: headers, ranges, gunzipping, checks on the way in.

https://cloud.google.com/storage/docs/transcoding
"""

import base64
import gzip
import hashlib
import os

import pytest
from sample_data import patterned
from wire_client import WireClient, crc32c

from storage_stream.emulator.wire.media import GUNZIPPED_BYTES

CONTENT = patterned(200_000)
TEXT = b"compressible " * 50_000
GZIPPED = gzip.compress(TEXT)


def md5(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


@pytest.mark.parametrize(
    ("asked", "part", "content_range"),
    [
        ("bytes=0-0", slice(1), "bytes 0-0/200000"),
        ("bytes=100-199", slice(100, 200), "bytes 100-199/200000"),
        ("bytes=199990-", slice(199990, None), "bytes 199990-199999/200000"),
        ("bytes=199990-999999", slice(199990, None), "bytes 199990-199999/200000"),
        ("bytes=-5", slice(-5, None), "bytes 199995-199999/200000"),
        ("bytes=-999999", slice(None), "bytes 0-199999/200000"),
    ],
)
async def test_ranges(wire: WireClient, asked: str, part: slice, content_range: str) -> None:
    await wire.upload("object", CONTENT)
    answer = await wire.media("object", headers={"Range": asked})
    assert (answer.status, answer.body) == (206, CONTENT[part])
    assert answer.headers["Content-Range"] == content_range
    assert answer.headers["Content-Length"] == str(len(CONTENT[part]))


@pytest.mark.parametrize("asked", ["bytes=200000-", "bytes=200000-200001", "bytes=-0"])
async def test_ranges_outside_are_416(wire: WireClient, asked: str) -> None:
    await wire.upload("object", CONTENT)
    answer = await wire.media("object", headers={"Range": asked})
    assert (answer.status, answer.headers["Content-Range"]) == (416, "bytes */200000")


@pytest.mark.parametrize(
    "asked", ["bytes=5-2", "lines=0-1", "bytes=a-b", "bytes=0-1,5-6", "bytes=-"]
)
async def test_ranges_that_are_none_are_ignored(wire: WireClient, asked: str) -> None:
    await wire.upload("object", CONTENT)
    answer = await wire.media("object", headers={"Range": asked})
    assert (answer.status, answer.body) == (200, CONTENT)
    assert "Content-Range" not in answer.headers


async def test_headers_of_a_whole_object(wire: WireClient) -> None:
    described = {"contentType": "a/b", "cacheControl": "no-store", "contentDisposition": "inline"}
    resource = (await wire.upload_with({"name": "object", **described}, CONTENT)).json
    headers = (await wire.media("object")).headers
    assert headers["x-goog-hash"] == f"crc32c={crc32c(CONTENT)},md5={md5(CONTENT)}"
    assert headers["x-goog-generation"] == resource["generation"]
    assert headers["x-goog-metageneration"] == "1"
    assert headers["x-goog-stored-content-length"] == str(len(CONTENT))
    assert headers["x-goog-stored-content-encoding"] == "identity"
    assert headers["x-goog-storage-class"] == "STANDARD"
    assert headers["ETag"] == resource["etag"]
    assert headers["Content-Type"] == "a/b"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Disposition"] == "inline"
    assert "Last-Modified" in headers
    assert "Content-Range" not in headers


async def test_an_empty_object(wire: WireClient) -> None:
    assert (await wire.upload("empty", b"")).json["size"] == "0"
    answer = await wire.media("empty")
    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (200, b"", "0")
    assert (await wire.media("empty", headers={"Range": "bytes=0-"})).status == 416


async def test_the_download_path_and_head(wire: WireClient) -> None:
    await wire.upload("object", CONTENT)
    path = "/download/storage/v1/b/bucket/o/object?alt=media"
    assert (await wire.send("GET", path)).body == CONTENT
    head = await wire.send("HEAD", path)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == str(len(CONTENT))


async def test_a_missing_object_is_a_text_404(wire: WireClient) -> None:
    answer = await wire.media("none")
    assert answer.status == 404
    assert answer.headers["Content-Type"].startswith("text/")
    assert answer.body == b"No such object: bucket/none"


@pytest.mark.parametrize("large", [False, True])
async def test_gzip_is_undone_without_accept_encoding(wire: WireClient, *, large: bool) -> None:
    text = TEXT + (os.urandom(3 * GUNZIPPED_BYTES) if large else b"")
    stored = gzip.compress(text)
    await wire.upload("zipped", stored, contentEncoding="gzip")
    plain = await wire.media("zipped", headers={"Accept-Encoding": "identity"})
    assert plain.body == text
    assert "Content-Length" not in plain.headers
    assert "Content-Encoding" not in plain.headers
    assert plain.headers["x-goog-stored-content-encoding"] == "gzip"
    assert plain.headers["x-goog-stored-content-length"] == str(len(stored))
    assert f"crc32c={crc32c(stored)}" in plain.headers["x-goog-hash"]


async def test_gzip_undone_ignores_ranges(wire: WireClient) -> None:
    await wire.upload("zipped", GZIPPED, contentEncoding="gzip")
    answer = await wire.media(
        "zipped", headers={"Accept-Encoding": "identity", "Range": "bytes=0-9"}
    )
    assert (answer.status, answer.body) == (200, TEXT)


async def test_accept_encoding_gzip_gets_the_stored_bytes(wire: WireClient) -> None:
    await wire.upload("zipped", GZIPPED, contentEncoding="gzip")
    asked = {"Accept-Encoding": "deflate, gzip;q=0.5"}
    whole = await wire.media("zipped", headers=asked)
    assert (whole.body, whole.headers["Content-Encoding"]) == (GZIPPED, "gzip")
    part = await wire.media("zipped", headers={**asked, "Range": "bytes=2-9"})
    assert (part.status, part.body) == (206, GZIPPED[2:10])


async def test_no_transform_is_honoured(wire: WireClient) -> None:
    metadata = {"name": "zipped", "contentEncoding": "gzip", "cacheControl": "no-transform"}
    await wire.upload_with(metadata, GZIPPED)
    answer = await wire.media("zipped", headers={"Accept-Encoding": "identity"})
    assert (answer.body, answer.headers["Content-Encoding"]) == (GZIPPED, "gzip")


async def test_several_gzip_members_and_what_only_claims_to_be_gzip(wire: WireClient) -> None:
    plain = {"Accept-Encoding": "identity"}
    await wire.upload("members", GZIPPED + gzip.compress(b"end"), contentEncoding="gzip")
    assert (await wire.media("members", headers=plain)).body == TEXT + b"end"
    await wire.upload("claims", b"not gzip", contentEncoding="gzip")
    assert (await wire.media("claims", headers=plain)).body == b"not gzip"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"X-Goog-Hash": f"crc32c={crc32c(CONTENT)}"}, 200),
        ({"X-Goog-Hash": f"crc32c={crc32c(CONTENT)},md5={md5(CONTENT)}"}, 200),
        ({"X-Goog-Hash": f"crc32c={crc32c(CONTENT)},md5={md5(b'')}"}, 400),
        ({"X-Goog-Hash": f"crc32c={crc32c(b'x')}"}, 400),
        ({"X-Goog-Hash": "crc32c=nonsense"}, 400),
        ({"X-Goog-Hash": "sha256=AAAA"}, 400),
        ({"Content-MD5": md5(CONTENT)}, 200),
        ({"Content-MD5": md5(b"x")}, 400),
    ],
)
async def test_hash_headers_are_checked(
    wire: WireClient, headers: dict[str, str], status: int
) -> None:
    assert (await wire.upload("object", CONTENT, headers=headers)).status == status
    assert (await wire.metadata("object")).status == (200 if status == 200 else 404)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"crc32c": crc32c(CONTENT), "md5Hash": md5(CONTENT)}, 200),
        ({"crc32c": crc32c(b"x")}, 400),
        ({"md5Hash": md5(b"x")}, 400),
        ({"crc32c": crc32c(CONTENT), "md5Hash": md5(b"x")}, 400),
        ({"md5Hash": "short"}, 400),
    ],
)
async def test_hashes_in_the_metadata_are_checked(
    wire: WireClient, said: dict[str, str], status: int
) -> None:
    answer = await wire.upload_with({"name": "object", **said}, CONTENT)
    assert answer.status == status
    assert (await wire.metadata("object")).status == (200 if status == 200 else 404)
