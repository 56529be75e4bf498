"""google-auth's credentials as a token source: refreshed in a thread, and when refused."""

import datetime as dt
import sys
import threading
from collections.abc import Iterator
from typing import Any

import google.auth.credentials
import pytest

from storage_stream import Environment, RetryPolicy, Storage
from storage_stream.errors import CredentialsError, Unauthorized
from storage_stream.integrations.google_auth import GoogleAuthToken
from storage_stream.testing import Answer, FakeClock, MemoryTransport


class Counting(google.auth.credentials.CredentialsWithQuotaProject):
    """Credentials whose tokens are numbered."""

    def __init__(self, quota_project_id: str | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # the base has no types
        self._quota_project_id = quota_project_id
        self.threads: list[int] = []

    def refresh(self, request: Any) -> None:
        assert request is not None
        self.threads.append(threading.get_ident())
        self.token = f"token-{len(self.threads)}"
        now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
        self.expiry = now + dt.timedelta(hours=1)

    def with_quota_project(self, quota_project_id: str) -> "Counting":
        return Counting(quota_project_id)


def _client(transport: MemoryTransport, credentials: Counting) -> Storage:
    return Storage(
        token=GoogleAuthToken(credentials),
        environment=Environment(transport=transport, clock=FakeClock()),
        retry=RetryPolicy(retries=0),
    )


def _sent(transport: MemoryTransport, header: str) -> list[str | None]:
    return [request.headers.get(header) for request in transport.requests]


async def test_one_refresh_off_the_loop_serves_all_requests() -> None:
    transport, credentials = MemoryTransport([Answer(body=b"{}")] * 3), Counting()
    async with _client(transport, credentials) as storage:
        for _ in range(3):
            await storage.list_objects("bucket")
    assert _sent(transport, "authorization") == ["Bearer token-1"] * 3
    assert len(credentials.threads) == 1
    assert credentials.threads[0] != threading.get_ident()


async def test_a_refused_token_is_refreshed_though_it_had_an_hour_to_live() -> None:
    transport, credentials = MemoryTransport([Answer(401), Answer(body=b"{}")]), Counting()
    async with _client(transport, credentials) as storage:
        await storage.list_objects("bucket")
    assert _sent(transport, "authorization") == ["Bearer token-1", "Bearer token-2"]


async def test_refused_twice_is_refused() -> None:
    transport = MemoryTransport([Answer(401), Answer(401)])
    async with _client(transport, Counting()) as storage:
        with pytest.raises(Unauthorized):
            await storage.list_objects("bucket")


async def test_the_quota_project_goes_with_every_request() -> None:
    transport = MemoryTransport([Answer(body=b"{}")])
    async with _client(transport, Counting("payer")) as storage:
        await storage.list_objects("bucket")
    assert _sent(transport, "x-goog-user-project") == ["payer"]


@pytest.fixture
def _without_google_auth() -> Iterator[None]:
    name = "google.auth.transport.requests"
    kept = sys.modules.get(name)
    sys.modules[name] = None  # type: ignore[assignment]  # how Python spells "cannot be imported"
    yield
    if kept is None:
        del sys.modules[name]
    else:
        sys.modules[name] = kept


@pytest.mark.usefixtures("_without_google_auth")
async def test_without_the_extra_a_sentence_says_how_to_get_it() -> None:
    with pytest.raises(CredentialsError, match=r"install storage-stream\[google-auth\]"):
        GoogleAuthToken(Counting())
    with pytest.raises(CredentialsError, match=r"install storage-stream\[google-auth\]"):
        await GoogleAuthToken.default()


async def test_what_the_environment_offers(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    account = tmp_path / "user.json"
    account.write_text(
        '{"type": "authorized_user", "client_id": "c", "client_secret": "s",'
        ' "refresh_token": "r", "quota_project_id": "payer"}'
    )
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(account))
    assert (await GoogleAuthToken.default()).quota_project_id == "payer"
