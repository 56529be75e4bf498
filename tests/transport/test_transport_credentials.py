"""Tokens: one refresh for all, a new one in time, a clear end when there is none to be had."""

from __future__ import annotations

import asyncio
import json
import logging
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import aiohttp
import google.auth.credentials
import google.auth.exceptions
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from gcloud.aio.auth import Token

from storage_stream import Storage
from storage_stream._transport.credentials import SharedToken, check_token_source, default_token
from storage_stream.emulator import Emulator
from storage_stream.errors import ClientClosed, CredentialsError, TokenTimeout
from storage_stream.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path


class Source:
    """Gives token-1, token-2, …; each `get` waits for its gate, if there is one."""

    def __init__(self, *failures: Exception) -> None:
        self.calls = 0
        self.failures = list(failures)
        self.gate = asyncio.Event()
        self.gate.set()

    async def get(self) -> str | None:
        self.calls += 1
        call = self.calls
        await self.gate.wait()
        if self.failures:
            raise self.failures.pop(0)
        return f"token-{call}"


class OfGoogle(Source):
    """A source that is asked as gcloud-aio-auth's `Token` is: by `refresh`, with a lifetime."""

    get = Token.get

    async def refresh(self, *, timeout: int) -> SimpleNamespace:  # noqa: ASYNC109 - as Token's
        assert timeout > 0
        return SimpleNamespace(value=await Source.get(self), expires_in=1000)


def shared(source: Any, clock: FakeClock | None = None) -> SharedToken:
    return SharedToken(lambda: source, clock or FakeClock(), lambda: 0.5)


class Refused(Exception):  # noqa: N818 - what an HTTP library raises, by its status
    def __init__(self, status: int, text: str = "") -> None:
        super().__init__(text)
        self.status = status


class TestOneRefreshForAll:
    @pytest.mark.parametrize("kind", [Source, OfGoogle])
    async def test_a_hundred_that_wait_make_one_refresh(self, kind: type[Source]) -> None:
        source = kind()
        source.gate.clear()
        tokens = shared(source)
        waiting = [asyncio.ensure_future(tokens.token()) for _ in range(100)]
        await asyncio.sleep(0)
        source.gate.set()
        assert set(await asyncio.gather(*waiting)) == {"token-1"}
        assert source.calls == 1

    async def test_one_that_is_cancelled_or_out_of_time_takes_nobody_with_it(self) -> None:
        source = OfGoogle()
        source.gate.clear()
        tokens = shared(source)
        waiting = [asyncio.ensure_future(tokens.token()) for _ in range(3)]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(tokens.token(), 0.01)
        waiting[0].cancel()
        await asyncio.sleep(0)
        source.gate.set()
        assert await asyncio.gather(*waiting[1:]) == ["token-1"] * 2
        assert waiting[0].cancelled()
        assert source.calls == 1

    async def test_one_that_is_the_only_and_cancelled_leaves_a_token_to_the_next(self) -> None:
        source = OfGoogle()
        source.gate.clear()
        tokens = shared(source)
        waiting = asyncio.ensure_future(tokens.token())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        source.gate.set()
        assert await tokens.token() == "token-1"

    async def test_a_failure_is_told_to_each_in_an_error_of_its_own(self) -> None:
        """The sender writes into it what it was about."""
        source = OfGoogle(ValueError("no such account"))
        source.gate.clear()
        tokens = shared(source)
        waiting = [asyncio.ensure_future(tokens.token()) for _ in range(3)]
        await asyncio.sleep(0)
        source.gate.set()
        errors = await asyncio.gather(*waiting, return_exceptions=True)
        assert all(type(error) is CredentialsError for error in errors)
        assert len(set(map(id, errors))) == 3
        assert all("no such account" in str(error) for error in errors)
        assert source.calls == 1


class TestLifetime:
    async def test_a_token_is_kept_then_fetched_ahead_then_waited_for(self) -> None:
        source, clock = OfGoogle(), FakeClock()
        tokens = shared(source, clock)
        assert await tokens.token() == "token-1"
        clock.advance(749)
        assert await tokens.token() == "token-1"
        assert source.calls == 1

        clock.advance(1)  # three quarters of its life: the next is fetched behind our back
        source.gate.clear()
        assert await tokens.token() == "token-1"
        assert await tokens.token() == "token-1"
        await asyncio.sleep(0)
        assert source.calls == 2

        clock.advance(200)  # 95 %: not used any more
        waiting = asyncio.ensure_future(tokens.token())
        await asyncio.sleep(0)
        assert not waiting.done()
        source.gate.set()
        assert await waiting == "token-2"
        assert source.calls == 2

    async def test_a_fetch_ahead_that_fails_disturbs_nobody(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        source, clock = OfGoogle(), FakeClock()
        tokens = shared(source, clock)
        await tokens.token()
        clock.advance(800)
        source.failures = [Refused(400, "access_token=secret went wrong")]
        with caplog.at_level(logging.DEBUG):
            assert await tokens.token() == "token-1"
            for _ in range(5):
                await asyncio.sleep(0)
        assert source.calls == 2
        assert "token refresh failed" in caplog.text
        assert "secret" not in caplog.text

    async def test_a_source_that_keeps_count_itself_is_asked_each_time(self) -> None:
        source = Source()
        tokens = shared(source)
        assert [await tokens.token() for _ in range(3)] == ["token-1", "token-2", "token-3"]

    async def test_anything_with_an_async_get_is_a_source(self) -> None:
        async def get() -> str:
            return "mine"

        assert await shared(SimpleNamespace(get=get)).token() == "mine"


class TestRefused:
    async def test_a_refused_token_is_replaced(self) -> None:
        tokens = shared(source := OfGoogle())
        first = await tokens.token()
        assert first is not None
        tokens.refused(first)
        assert await tokens.token() == "token-2"
        assert source.calls == 2

    async def test_a_token_that_was_replaced_meanwhile_stays(self) -> None:
        tokens = shared(source := OfGoogle())
        first = await tokens.token()
        assert first is not None
        for _ in range(100):  # a hundred requests come back with 401
            tokens.refused(first)
            assert await tokens.token() == "token-2"
        assert source.calls == 2


class TestFailures:
    @pytest.mark.parametrize(
        "failure",
        [
            Refused(400),
            Refused(401),
            Refused(403),
            google.auth.exceptions.RefreshError("no"),  # type: ignore[no-untyped-call]  # no types
            ValueError("no key"),
            KeyError("token_uri"),
            FileNotFoundError("no file"),
        ],
    )
    async def test_what_will_not_pass_is_told_at_once(self, failure: Exception) -> None:
        clock = FakeClock()
        with pytest.raises(CredentialsError):
            await shared(OfGoogle(failure), clock).token()
        assert clock.sleeps == []

    @pytest.mark.parametrize(
        "failure",
        [Refused(408), Refused(429), Refused(503), aiohttp.ClientOSError(), TimeoutError()],
    )
    async def test_what_may_pass_is_tried_again(self, failure: Exception) -> None:
        clock, source = FakeClock(), OfGoogle(failure, failure, failure)
        assert await shared(source, clock).token() == "token-4"
        assert clock.sleeps == [0.25, 0.5, 1.0]

    async def test_but_not_for_ever(self) -> None:
        clock, source = FakeClock(), OfGoogle(*[Refused(503, "busy")] * 9)
        with pytest.raises(CredentialsError, match="busy") as caught:
            await shared(source, clock).token()
        assert source.calls == 4
        assert isinstance(caught.value.__cause__, Refused)

    async def test_a_source_that_somebody_cancels_cancels_nobody_else(self) -> None:
        """A `Token` may be shared with others, who may cancel what it waits for."""

        async def get() -> str:
            raise asyncio.CancelledError

        with pytest.raises(CredentialsError, match="cancelled"):
            await shared(SimpleNamespace(get=get)).token()

    async def test_the_message_hides_what_looks_like_a_secret(self) -> None:
        failure = Refused(400, "https://x/token?access_token=s3cret Bearer s3cret.x")
        with pytest.raises(CredentialsError) as caught:
            await shared(OfGoogle(failure)).token()
        assert "s3cret" not in str(caught.value)


class TestTimeout:
    async def test_a_wait_ends_and_the_refresh_goes_on(self) -> None:
        source = OfGoogle()
        source.gate.clear()
        tokens = shared(source)
        with pytest.raises(TokenTimeout, match=r"no access token within 0\.01 s"):
            await tokens.token(0.01)
        source.gate.set()
        assert await tokens.token(60) == "token-1"
        assert source.calls == 1

    async def test_a_source_that_runs_out_of_time_itself_is_asked_again(self) -> None:
        clock, source = FakeClock(), OfGoogle(TimeoutError("theirs"))
        assert await shared(source, clock).token(60) == "token-2"

    async def test_a_closing_within_the_time_is_one(self) -> None:
        source = OfGoogle()
        source.gate.clear()
        tokens = shared(source)
        waiting = asyncio.ensure_future(tokens.token(60))
        await asyncio.sleep(0)
        await tokens.close()
        with pytest.raises(ClientClosed):
            await waiting


class TestWhatIsNoToken:
    @pytest.mark.parametrize("given", ["", "a\r\nX-Evil: 1", "a b", "ä", "\x7f", b"bytes", 7])
    async def test_it_is_told_and_not_sent(self, given: Any) -> None:
        async def get() -> Any:
            return given

        with pytest.raises(CredentialsError, match="the token's source gave") as caught:
            await shared(SimpleNamespace(get=get)).token()
        assert "Evil" not in str(caught.value)

    async def test_none_is_sent_as_none(self) -> None:
        async def get() -> None:
            return None

        assert await shared(SimpleNamespace(get=get)).token() is None

    async def test_what_a_source_says_itself_is_final(self) -> None:
        said = CredentialsError("log in again: ya29.s3cret")
        clock, source = FakeClock(), Source(said, said)
        with pytest.raises(CredentialsError, match=r"^log in again: ya29\.…$"):
            await shared(source, clock).token()
        assert source.calls == 1
        assert clock.sleeps == []

    @pytest.mark.parametrize("source", ["ya29.token", 7, SimpleNamespace(get="token")])
    def test_what_cannot_be_asked(self, source: Any) -> None:
        with pytest.raises(TypeError, match=r"async get\(\), not"):
            check_token_source(source)

    def test_googles_own_have_an_adapter(self) -> None:
        held = google.auth.credentials.AnonymousCredentials()  # type: ignore[no-untyped-call]  # no types
        with pytest.raises(TypeError, match=r"integrations\.google_auth\.GoogleAuthToken"):
            check_token_source(held)


class TestClose:
    async def test_it_ends_the_refresh_under_way(self) -> None:
        source = OfGoogle()
        source.gate.clear()
        tokens = shared(source)
        before = asyncio.all_tasks()
        waiting = asyncio.ensure_future(tokens.token())
        await asyncio.sleep(0)
        await tokens.close()
        await tokens.close()
        with pytest.raises(ClientClosed):  # nobody cancelled the one that waits
            await waiting
        assert asyncio.all_tasks() == before

    async def test_it_ends_one_that_sleeps_between_attempts(self) -> None:
        clock = FakeClock(auto_advance=False)
        tokens = shared(OfGoogle(Refused(503)), clock)
        waiting = asyncio.ensure_future(tokens.token())
        await clock.wait_for_sleeper()
        await tokens.close()
        with pytest.raises(ClientClosed):
            await waiting
        assert clock.sleepers == 0

    async def test_afterwards_no_refresh_begins(self) -> None:
        tokens = shared(source := OfGoogle())
        await tokens.close()
        with pytest.raises(ClientClosed):
            await tokens.token()
        assert source.calls == 0


@pytest.fixture(scope="module")
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    async with Emulator(require_auth=True) as emulator:
        yield emulator


@pytest.fixture
def service_file(
    tmp_path: Path, private_key: str, emulator: Emulator
) -> Callable[[dict[str, str]], str]:
    def write(other: dict[str, str]) -> str:
        account = {
            "type": "service_account",
            "project_id": "p",
            "private_key_id": "1",
            "private_key": private_key,
            "client_email": "me@p.iam.gserviceaccount.com",
            "token_uri": f"{emulator.url}/token",
        }
        path = tmp_path / "account.json"
        path.write_text(json.dumps(account | other))
        return str(path)

    return write


class TestServiceAccount:
    """gcloud-aio-auth's own `Token`, a key, and a token endpoint."""

    async def test_a_key_file_opens_the_service(
        self, emulator: Emulator, service_file: Callable[[dict[str, str]], str]
    ) -> None:
        async with Storage(service_file=service_file({}), api_root=emulator.url) as storage:
            await storage.upload("bucket", "name", b"hello")
            assert await storage.download("bucket", "name") == b"hello"
        asked = [entry.operation for entry in emulator.log]
        assert asked.count("oauth2.token") == 1

    async def test_expired_tokens_are_replaced_in_the_middle_of_everything(
        self, emulator: Emulator, service_file: Callable[[dict[str, str]], str]
    ) -> None:
        async with Storage(service_file=service_file({}), api_root=emulator.url) as storage:
            await storage.upload("bucket", "name", b"hello")
            emulator.expire_tokens()
            reads = [storage.download("bucket", "name") for _ in range(20)]
            assert await asyncio.gather(*reads) == [b"hello"] * 20
        asked = [entry.operation for entry in emulator.log]
        assert asked.count("oauth2.token") == 2

    async def test_a_key_that_is_none_is_told_at_once(
        self, emulator: Emulator, service_file: Callable[[dict[str, str]], str]
    ) -> None:
        path = service_file({"private_key": "none"})
        async with Storage(service_file=path, api_root=emulator.url) as storage:
            with pytest.raises(CredentialsError) as caught:
                await storage.download("bucket", "name")
        assert caught.value.subject == "gs://bucket/name"
        assert len(emulator.log) == 0

    async def test_without_a_key_there_is_no_way_in(self, emulator: Emulator) -> None:
        async with Storage(anonymous=True, api_root=emulator.url) as storage:
            with pytest.raises(aiohttp.ClientResponseError) as caught:
                await storage.download("bucket", "name")
        assert caught.value.status == 401

    async def test_the_default_is_googles_own_with_the_scope_that_writes(
        self, emulator: Emulator, service_file: Callable[[dict[str, str]], str]
    ) -> None:
        async with aiohttp.ClientSession() as session:
            token = default_token(service_file({}), session)
            assert isinstance(token, Token)
            scopes = ("devstorage.full_control", "iam")
            assert token.scopes == " ".join(f"https://www.googleapis.com/auth/{s}" for s in scopes)
            assert await token.get()
        assert [entry.operation for entry in emulator.log] == ["oauth2.token"]
