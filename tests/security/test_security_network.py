"""Who gets the token, the key and the bytes: the service that the caller named, and nobody else."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

import pytest
from scripted_server import ScriptedServer, head, reply

from storage_stream import Environment, RetryPolicy, Storage
from storage_stream.errors import InsecureTransport, InvalidArgument, StorageError
from storage_stream.testing import Answer, MemoryTransport

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = b"k" * 32
NEVER = RetryPolicy(retries=0)


class Token:
    async def get(self) -> str:
        return "secret-token"


@pytest.mark.parametrize("lean", [True, False], ids=["lean", "aiohttp"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("call", ["download", "download_stream", "upload", "delete"])
async def test_a_redirect_takes_nothing_elsewhere(lean: bool, status: int, call: str) -> None:  # noqa: FBT001 - a case
    calls: dict[str, Callable[[Storage], Any]] = {
        "download": lambda s: s.download("bucket", "name", encryption_key=KEY),
        "download_stream": lambda s: s.download_stream("bucket", "name"),
        "upload": lambda s: s.upload("bucket", "name", b"data"),
        "delete": lambda s: s.delete("bucket", "name"),
    }
    async with ScriptedServer([reply(head(404))]) as other:
        redirect = head(status, f"Location: {other.url}/x", "Content-Length: 0")
        async with (
            ScriptedServer([reply(redirect)]) as server,
            Storage(api_root=server.url, token=Token(), lean=lean) as storage,
        ):
            with pytest.raises(StorageError):
                await calls[call](storage)
        assert other.asked == []
    assert {asked.headers["authorization"] for asked in server.asked} == {"Bearer secret-token"}


async def test_a_session_elsewhere_gets_no_token() -> None:
    async with ScriptedServer([reply(head(404))]) as other:
        begun = head(200, f"Location: {other.url}/session?upload_id=x", "Content-Length: 0")
        async with (
            ScriptedServer([reply(begun)]) as server,
            Storage(api_root=server.url, token=Token(), retry=NEVER) as storage,
        ):
            with pytest.raises(StorageError):
                await storage.upload("bucket", "name", b"data", force_resumable_upload=True)
        assert server.asked
        assert other.asked
        assert all("authorization" not in asked.headers for asked in other.asked)


@pytest.mark.parametrize(
    "options",
    [
        {"encryption_key": KEY},
        {"source_encryption_key": KEY},
        {"headers": {"Authorization": "Bearer mine"}},
    ],
    ids=["key", "source key", "own header"],
)
@pytest.mark.parametrize("root", ["http://storage.test", "http://127.0.0.1.evil.test"])
async def test_no_key_and_no_credentials_of_the_callers_over_plain_http(
    root: str, options: dict[str, Any]
) -> None:
    transport = MemoryTransport(lambda _: Answer(200, body=b"{}"))
    around = Environment(transport=transport)
    async with Storage(api_root=root, anonymous=True, environment=around) as storage:
        with pytest.raises(InsecureTransport):
            await storage.download_metadata("bucket", "name", **options)
        assert transport.requests == []
        await storage.download_metadata("bucket", "name")
        assert len(transport.requests) == 1


async def test_no_key_in_a_batch_over_plain_http() -> None:
    transport = MemoryTransport(lambda _: Answer(503))
    around = Environment(transport=transport)
    async with Storage(
        api_root="http://storage.test", anonymous=True, environment=around
    ) as storage:
        batch = storage.batch()
        batch.download_metadata("bucket", "name", encryption_key=KEY)
        with pytest.raises(ExceptionGroup) as caught:
            await batch.__aexit__(None, None, None)
    assert caught.group_contains(InsecureTransport)
    assert transport.requests == []


def test_a_context_that_checks_nothing_is_refused() -> None:
    blind = ssl.create_default_context()
    blind.check_hostname = False
    with pytest.raises(InvalidArgument):
        Storage(ssl=blind)
    blind.verify_mode = ssl.CERT_NONE
    with pytest.raises(InvalidArgument):
        Storage(ssl=blind)
    for nothing in (False, True, 0):
        with pytest.raises(TypeError):
            Storage(ssl=nothing)  # type: ignore[arg-type]  # aiohttp's way to check nothing
