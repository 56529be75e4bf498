"""Whatever a server answers ends in a value or an error of ours, in bounded time and memory."""

from __future__ import annotations

import gzip
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from scripted_server import Answer, Asked, Line, ScriptedServer, chunked, head, media, reply

from storage_stream import RetryPolicy, Storage
from storage_stream.errors import (
    ConnectionLost,
    IntegrityError,
    ProtocolError,
    StorageError,
    TransportError,
    TruncatedStream,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

MIB = 1024 * 1024
NEVER = RetryPolicy(retries=0)
DATA = b"0123456789" * 100


def endless(first: bytes, piece: bytes) -> Answer:
    """It begins so, and goes on like that until the client has enough."""

    async def send(_: Asked, line: Line) -> None:
        await line.send(first)
        while True:
            await line.send(piece)

    return send


async def outcome(answer: Answer, call: Callable[[Storage], Awaitable[Any]], *, lean: bool) -> Any:
    async with ScriptedServer([answer]) as server:
        made = Storage(api_root=server.url, anonymous=True, retry=NEVER, lean=lean)
        async with made as storage:
            try:
                return await call(storage)
            except StorageError as error:
                return error


def download(storage: Storage) -> Awaitable[Any]:
    return storage.download("bucket", "name")


def metadata(storage: Storage) -> Awaitable[Any]:
    return storage.download_metadata("bucket", "name")


BOTH = pytest.mark.parametrize("lean", [True, False], ids=["lean", "aiohttp"])
HEAD = b"HTTP/1.1 200 OK\r\n"


@BOTH
@pytest.mark.parametrize(
    ("first", "piece"),
    [
        (HEAD, b"x-more: " + b"y" * 100 + b"\r\n"),
        (HEAD + b"x-long: ", b"y" * 10_000),
        (b"HTTP/1.1 200 ", b"O" * 10_000),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["lines", "line", "reason", "interim"],
)
async def test_a_head_without_end(first: bytes, piece: bytes, *, lean: bool) -> None:
    error = await outcome(
        endless(first, piece),
        lambda storage: storage.download_metadata("bucket", "name", timeout=0.5),
        lean=lean,
    )
    assert isinstance(error, ProtocolError | TransportError)


@BOTH
async def test_a_refusal_without_end_is_cut(*, lean: bool) -> None:
    first = head(403, "Transfer-Encoding: chunked")
    error = await outcome(endless(first, chunked(b"x" * 10_000, end=False)), metadata, lean=lean)
    assert error.status == 403
    assert len(str(error)) < 2000


@BOTH
@pytest.mark.parametrize("size", [b"ffffffffffffffff0", b"-5", b"5 5", b"0x5", b"g"])
async def test_chunks_that_are_none(size: bytes, *, lean: bool) -> None:
    body = head(200, "Transfer-Encoding: chunked") + size + b"\r\nhello\r\n0\r\n\r\n"
    error = await outcome(reply(body), metadata, lean=lean)
    assert isinstance(error, StorageError)


@BOTH
@pytest.mark.parametrize(
    "body",
    [b"[" * 1_000_000, b'{"a":' * 200_000 + b"1" + b"}" * 200_000, b'{"size": ' + b"9" * 100_000],
    ids=["lists", "objects", "digits"],
)
async def test_json_that_is_only_depth(body: bytes, *, lean: bool) -> None:
    answer = reply(head(200, f"Content-Length: {len(body)}") + body)
    assert isinstance(await outcome(answer, metadata, lean=lean), ProtocolError)


@BOTH
@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (len(DATA) + 5, ConnectionLost | TruncatedStream),
        (len(DATA) - 5, IntegrityError | ProtocolError),
    ],
    ids=["short", "long"],
)
async def test_a_length_that_is_wrong(length: int, expected: Any, *, lean: bool) -> None:
    whole = media(DATA).replace(b"Content-Length: 1000", b"Content-Length: %d" % length)
    whole = whole.replace(b"x-goog-stored-content-length: 1000\r\n", b"")
    error = await outcome(reply(whole), download, lean=lean)
    assert isinstance(error, expected)
    assert "01234" not in str(error)  # nothing of the object's bytes


@BOTH
@pytest.mark.parametrize(
    "lines",
    [
        ("Content-Length: 5", "Content-Length: 6"),
        ("Content-Length: 5", "Transfer-Encoding: chunked"),
        ("Content-Length: -5",),
        ("Content-Length: 99999999999999999999999999",),
        ("Content-Length: 5, 6",),
    ],
    ids=["two", "chunked too", "negative", "huge", "list"],
)
async def test_two_lengths_are_not_believed(lines: tuple[str, ...], *, lean: bool) -> None:
    error = await outcome(reply(head(200, *lines) + b"hello"), metadata, lean=lean)
    assert isinstance(error, StorageError)


async def test_an_announced_length_takes_no_memory_before_it_comes() -> None:
    headers = ("x-goog-generation: 1", f"Content-Length: {1 << 50}")
    answer = reply(head(200, *headers) + b"hello")
    tracemalloc.start()
    try:
        error = await outcome(answer, download, lean=True)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(error, StorageError)
    assert most < 16 * MIB


async def test_a_coding_that_was_not_asked_for_is_not_decoded() -> None:
    """A transport never decompresses by itself: what is on the way is counted as it comes."""
    body = gzip.compress(bytes(16 * MIB))
    lines = ("Content-Encoding: gzip", f"Content-Length: {len(body)}")
    error = await outcome(reply(head(200, *lines) + body), metadata, lean=False)
    assert isinstance(error, ProtocolError)
