"""Answers as RFC 9110 says, for every kind of bytes, from both frameworks, without waste."""

import email
import itertools
from collections.abc import AsyncIterator
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from outputs_servers import BUCKET, Ask, asking

from storage_stream import Storage
from storage_stream.outputs import BlobBytes, BlobFile, BlobManager, BlobObject
from storage_stream.testing.emulator_handle import EmulatorHandle

DATA = bytes(number * 7 % 251 for number in range(1000))

KINDS = ["bytes", "file", "object", "blob object", "empty bytes", "empty object"]


@pytest.fixture(params=["fastapi", "aiohttp"])
async def served(
    request: pytest.FixtureRequest, storage: Storage, gcs: EmulatorHandle, tmp_path: Path
) -> AsyncIterator[tuple[Ask, dict[str, str]]]:
    """What asks a server, and the paths of each kind."""
    gcs.put(BUCKET, "object", DATA, contentType="image/png")
    gcs.put(BUCKET, "empty", b"", contentType="image/png")
    (tmp_path / "file").write_bytes(DATA)
    manager = BlobManager()
    held: dict[str, Any] = {
        "bytes": BlobBytes(DATA, "image/png"),
        "empty bytes": BlobBytes(b"", "image/png"),
        "file": BlobFile(tmp_path / "file", "image/png"),
        "blob object": await BlobObject(storage, BUCKET, "object").pin(),
    }
    paths = {kind: f"/blob/{manager.add_blob(data)}" for kind, data in held.items()}
    paths |= {"object": "/objects/object", "empty object": "/objects/empty"}
    async with asking(request.param, storage, manager) as ask:
        yield ask, paths


# (Range, first, last); last None: 416; first None: the whole
RANGES: list[tuple[str, int | None, int | None]] = [
    ("bytes=0-0", 0, 0),
    ("bytes=0-99", 0, 99),
    ("bytes=100-", 100, 999),
    ("bytes=999-", 999, 999),
    ("bytes=-1", 999, 999),
    ("bytes=-100", 900, 999),
    ("bytes=-5000", 0, 999),
    ("bytes=500-99999", 500, 999),
    ("BYTES = 5-6", 5, 6),
    ("bytes=0-9,", 0, 9),
    ("bytes=0-9,5000-", 0, 9),
    ("bytes=1000-", 0, None),
    ("bytes=99999999999999999-", 0, None),
    ("bytes=9999999999999999999-", 0, None),
    ("bytes=-0", 0, None),
    ("bytes=5-4", None, None),
    ("bytes=a-b", None, None),
    ("bytes=", None, None),
    ("bytes=-", None, None),
    ("lines=0-1", None, None),
    ("0-1", None, None),
    ("bytes=0-9999999999999999999999999", None, None),
    ("bytes=0-999,0-999", None, None),  # twice the whole
    ("bytes=" + ",".join(f"{n}-{n}" for n in range(17)), None, None),
]


async def test_one_range(served: tuple[Ask, dict[str, str]]) -> None:
    ask, paths = served
    for kind in ["bytes", "file", "object", "blob object"]:
        for header, first, last in RANGES:
            told = await ask(paths[kind], {"Range": header})
            if first is None:
                assert (told.status, told.body) == (200, DATA), header
                assert "content-range" not in told.headers
            elif last is None:
                assert told.status == 416, header
                assert told.headers["content-range"] == "bytes */1000"
            else:
                assert (told.status, told.body) == (206, DATA[first : last + 1]), header
                assert told.headers["content-range"] == f"bytes {first}-{last}/1000"
                assert told.headers["content-length"] == str(last + 1 - first)


async def test_the_whole(served: tuple[Ask, dict[str, str]]) -> None:
    ask, paths = served
    for kind in KINDS:
        data = b"" if kind.startswith("empty") else DATA
        told = await ask(paths[kind])
        assert (told.status, told.body) == (200, data)
        expected = {
            "content-length": str(len(data)),
            "content-type": "image/png",
            "accept-ranges": "bytes",
            "x-content-type-options": "nosniff",
        }
        assert {name: told.headers.get(name) for name in expected} == expected
        assert told.headers["etag"].startswith('"')
        assert "GMT" in told.headers["last-modified"]


async def test_head_tells_the_same_and_ignores_ranges(served: tuple[Ask, dict[str, str]]) -> None:
    ask, paths = served
    for kind in KINDS:
        whole = await ask(paths[kind])
        for headers in ({}, {"Range": "bytes=0-1"}, {"Range": "bytes=5000-"}):
            told = await ask(paths[kind], headers, method="HEAD")
            assert (told.status, told.body) == (200, b"")
            for name in (
                "content-length",
                "content-type",
                "accept-ranges",
                "etag",
                "last-modified",
            ):
                assert told.headers[name] == whole.headers[name]
            assert "content-range" not in told.headers


async def test_conditions(served: tuple[Ask, dict[str, str]]) -> None:
    ask, paths = served
    for kind, method in itertools.product(KINDS, ["GET", "HEAD"]):
        path = paths[kind]
        first = await ask(path)
        tag, date = first.headers["etag"], first.headers["last-modified"]
        old, new = "Sun, 06 Nov 1994 08:49:37 GMT", "Fri, 01 Jan 2100 00:00:00 GMT"
        for headers, status in [
            ({"If-None-Match": tag}, 304),
            ({"If-None-Match": f'"x", W/{tag} , "y"'}, 304),
            ({"If-None-Match": "*"}, 304),
            ({"If-None-Match": '"other"'}, 200),
            ({"If-None-Match": tag.strip('"')}, 200),  # no entity tag
            ({"If-None-Match": '"other"', "If-Modified-Since": new}, 200),  # the tag decides
            ({"If-Modified-Since": date}, 304),
            ({"If-Modified-Since": old}, 200),
            ({"If-Modified-Since": "yesterday"}, 200),
            ({"If-Match": tag}, 200),
            ({"If-Match": "*"}, 200),
            ({"If-Match": '"other"'}, 412),
            ({"If-Match": f"W/{tag}"}, 412),  # compared strongly
            ({"If-Match": tag, "If-Unmodified-Since": old}, 200),
            ({"If-Unmodified-Since": date}, 200),
            ({"If-Unmodified-Since": old}, 412),
            ({"If-Match": '"other"', "If-None-Match": tag}, 412),  # the first in order
            ({"If-Match": tag, "If-None-Match": tag}, 304),
        ]:
            told = await ask(path, headers, method=method)
            assert told.status == status, headers
            if status == 304:
                assert told.body == b""
                assert told.headers["etag"] == tag
            if method == "HEAD":
                assert told.body == b""


async def test_if_range(served: tuple[Ask, dict[str, str]]) -> None:
    ask, paths = served
    for kind in ["bytes", "file", "object", "blob object"]:
        first = await ask(paths[kind])
        tag, date = first.headers["etag"], first.headers["last-modified"]
        for validator, status in [(tag, 206), ('"other"', 200), (f"W/{tag}", 200), (date, 200)]:
            told = await ask(paths[kind], {"Range": "bytes=0-9", "If-Range": validator})
            assert (told.status, told.body) == (status, DATA if status == 200 else DATA[:10])
            told = await ask(paths[kind], {"Range": "bytes=5000-", "If-Range": validator})
            assert told.status == (416 if status == 206 else 200)


async def test_several_ranges(served: tuple[Ask, dict[str, str]]) -> None:
    ask, paths = served
    for kind in ["bytes", "file", "object", "blob object"]:
        told = await ask(paths[kind], {"Range": "bytes=0-9,-10, 100-109"})
        assert told.status == 206
        assert len(told.body) == int(told.headers["content-length"])
        head = f"Content-Type: {told.headers['content-type']}\r\n\r\n".encode()
        message = email.message_from_bytes(head + told.body)
        parts = message.get_payload()
        assert isinstance(parts, list)
        found = [
            (part["content-range"], part.get_content_type(), part.get_payload(decode=True))
            for part in parts
            if isinstance(part, Message)
        ]
        assert found == [
            ("bytes 0-9/1000", "image/png", DATA[:10]),
            ("bytes 990-999/1000", "image/png", DATA[-10:]),
            ("bytes 100-109/1000", "image/png", DATA[100:110]),
        ]


async def test_ranges_of_nothing(served: tuple[Ask, dict[str, str]]) -> None:
    ask, paths = served
    for kind in ["empty bytes", "empty object"]:
        for header, status in [("bytes=0-", 416), ("bytes=0-0", 416), ("bytes=-5", 200)]:
            told = await ask(paths[kind], {"Range": header})
            assert told.status == status
            if status == 416:
                assert told.headers["content-range"] == "bytes */0"


async def test_head_and_conditions_read_no_byte_of_the_object(
    served: tuple[Ask, dict[str, str]], gcs: EmulatorHandle
) -> None:
    ask, paths = served
    tag = (await ask(paths["object"])).headers["etag"]
    seen = len(gcs.log)
    for kind in ("object", "blob object"):
        await ask(paths[kind], method="HEAD")
        await ask(paths[kind], {"If-None-Match": tag})
        await ask(paths[kind], {"Range": "bytes=5000-", "If-Range": tag})
    assert ["alt=media" in request.query for request in list(gcs.log)[seen:]] == [False] * 6


async def test_other_methods_are_refused(served: tuple[Ask, dict[str, str]]) -> None:
    ask, paths = served
    for kind in ("object", "bytes"):
        told = await ask(paths[kind], method="POST")
        assert told.status == 405
        assert set(told.headers["allow"].replace(" ", "").split(",")) <= {"GET", "HEAD"}
