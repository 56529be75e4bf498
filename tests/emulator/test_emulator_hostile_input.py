"""Requests that mean harm, or that somebody's bug made: refused by name, and nothing is broken."""

import base64
from typing import Any

import pytest
from wire_client import WireClient, object_path

DIGITS = "9" * 5000
"""More than Python reads as one number."""

JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def stored(wire: WireClient) -> WireClient:
    assert (await wire.upload("x", b"data")).status == 200
    return wire


def _token(content: str) -> str:
    return base64.urlsafe_b64encode(content.encode()).decode()


@pytest.mark.parametrize(
    ("query", "location"),
    [
        ({"maxResults": DIGITS}, "maxResults"),
        ({"pageToken": _token("[" * 20_000)}, "pageToken"),
        ({"pageToken": _token(f'["61", {1 << 63}, true]')}, "pageToken"),
        ({"pageToken": _token(f'["61", {DIGITS}, true]')}, "pageToken"),
    ],
)
async def test_queries_that_no_program_means(
    stored: WireClient, query: dict[str, str], location: str
) -> None:
    answer = await stored.send("GET", "/storage/v1/b/bucket/o", **query)
    assert answer.status == 400
    assert answer.json["error"]["errors"][0]["location"] == location


@pytest.mark.parametrize("header", [f"bytes={DIGITS}-", f"bytes=0-{DIGITS}", f"bytes=-{DIGITS}"])
async def test_a_range_of_thousands_of_digits_is_none(stored: WireClient, header: str) -> None:
    answer = await stored.send("GET", object_path("x") + "?alt=media", headers={"Range": header})
    assert (answer.status, answer.body) == (200, b"data")


async def test_a_content_range_of_thousands_of_digits(wire: WireClient) -> None:
    begun = await wire.send("POST", "/upload/storage/v1/b/bucket/o?uploadType=resumable&name=x")
    told = {"Content-Range": f"bytes 0-3/{DIGITS}"}
    answer = await wire.send("PUT", begun.headers["Location"], headers=told, body=b"data")
    assert answer.status == 400


@pytest.mark.parametrize(
    "body",
    [
        b'{"metadata": ' + b"[" * 100_000,
        b'{"metadata": {"a": "\\ud800"}}',
        b'{"contexts": {"a": NaN}}',
        b'{"contexts": {"a": Infinity}}',
    ],
    ids=["deep", "half a character", "no number", "not finite"],
)
async def test_documents_that_are_no_json(stored: WireClient, body: bytes) -> None:
    answer = await stored.send("PATCH", object_path("x"), headers=JSON, body=body)
    assert (answer.status, answer.reason) == (400, "parseError")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("contentType", "a/b\r\nX: y"),
        ("contentEncoding", "gzip\n"),
        ("contentDisposition", "a\0"),
        ("contentLanguage", "\x7f"),
        ("cacheControl", "\r"),
        ("storageClass", []),
        ("storageClass", {}),
    ],
)
async def test_fields_that_no_answer_could_carry(
    stored: WireClient, field: str, value: Any
) -> None:
    answer = await stored.send("PATCH", object_path("x"), body={field: value})
    assert answer.status == 400
    assert field in answer.json["error"]["message"]
    assert (await stored.send("GET", "/bucket/x")).body == b"data"


async def test_metadata_that_no_header_can_carry(stored: WireClient) -> None:
    """It is legal: only the answers of the XML API have it in their headers."""
    metadata = {"a": "1\r\n2", "b\r\nc": "3", "d e": "4", "é": "5", "f": "ü"}
    changed = await stored.send("PATCH", object_path("x"), body={"metadata": metadata})
    assert changed.json["metadata"] == metadata
    answer = await stored.send("GET", "/bucket/x")
    assert (answer.status, answer.body) == (200, b"data")
    told = {name: value for name, value in answer.headers.items() if "-meta-" in name.lower()}
    assert told == {"x-goog-meta-a": "1  2", "x-goog-meta-f": "ü"}
