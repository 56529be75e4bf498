"""google-auth's credentials as a token source: refreshed in a thread, and when refused."""

import asyncio
import datetime as dt
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import aiohttp
import google.auth.credentials
import google.auth.exceptions
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import compute_engine, impersonated_credentials, jwt
from google.oauth2 import service_account
from yarl import URL

from storage_stream import Environment, RetryPolicy, SigningAddress, Storage
from storage_stream.emulator import Emulator
from storage_stream.errors import CredentialsError, TokenTimeout, Unauthorized
from storage_stream.integrations.google_auth import GoogleAuthToken
from storage_stream.testing import Answer, FakeClock, MemoryTransport

exceptions: Any = google.auth.exceptions  # they have no types


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


def _client(transport: MemoryTransport, credentials: Any) -> Storage:
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


class Refreshing(google.auth.credentials.Credentials):
    """Credentials whose refresh is a function of the test."""

    def __init__(self, refresh: Callable[["Refreshing"], object]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # the base has no types
        self.refreshes = 0
        self._refresh = refresh

    def refresh(self, request: Any) -> None:
        assert request is not None
        self.refreshes += 1
        self._refresh(self)


def raising(failure: BaseException) -> Callable[[Refreshing], object]:
    def refresh(_: Refreshing) -> None:
        raise failure

    return refresh


def giving(token: Any) -> Callable[[Refreshing], object]:
    return lambda credentials: setattr(credentials, "token", token)


class TestRefresh:
    async def test_a_token_of_bytes_is_sent_as_text(self) -> None:
        transport = MemoryTransport([Answer(401), Answer(body=b"{}")])
        credentials = Refreshing(giving(b"abc"))
        async with _client(transport, credentials) as storage:
            await storage.list_objects("bucket")
        assert _sent(transport, "authorization") == ["Bearer abc"] * 2
        assert credentials.refreshes == 2  # the refused one was known again

    @pytest.mark.parametrize("token", [None, "", b""])
    async def test_no_token_is_not_sent_as_nobody(self, token: Any) -> None:
        transport, credentials = MemoryTransport(), Refreshing(giving(token))
        async with _client(transport, credentials) as storage:
            with pytest.raises(CredentialsError, match="Refreshing, and that gave no token"):
                await storage.list_objects("bucket")
        assert transport.requests == []
        assert credentials.refreshes == 1

    async def test_nobodys_credentials_send_none(self) -> None:
        transport = MemoryTransport([Answer(body=b"{}")])
        nobody = google.auth.credentials.AnonymousCredentials()  # type: ignore[no-untyped-call]  # the same
        async with _client(transport, nobody) as storage:
            await storage.list_objects("bucket")
        assert _sent(transport, "authorization") == [None]

    async def test_a_token_that_no_header_can_hold(self) -> None:
        transport = MemoryTransport()
        async with _client(transport, Refreshing(giving("ab\r\nX-Evil: 1"))) as storage:
            with pytest.raises(CredentialsError, match="no token"):
                await storage.list_objects("bucket")
        assert transport.requests == []

    @pytest.mark.parametrize(
        ("failure", "refreshes"),
        [
            (exceptions.RefreshError("invalid_grant"), 1),
            (exceptions.RefreshError("busy", retryable=True), 4),
            (exceptions.TransportError("unreachable"), 4),
        ],
    )
    async def test_what_is_final_is_not_tried_again(
        self, failure: Exception, refreshes: int
    ) -> None:
        credentials = Refreshing(raising(failure))
        async with _client(MemoryTransport(), credentials) as storage:
            with pytest.raises(CredentialsError, match=str(failure)):
                await storage.list_objects("bucket")
        assert credentials.refreshes == refreshes

    async def test_a_refusal_for_want_of_a_network_is_not_final(self) -> None:
        def unreached(_: Refreshing) -> None:
            raise exceptions.RefreshError("no") from exceptions.TransportError("unreachable")

        credentials = Refreshing(unreached)
        async with _client(MemoryTransport(), credentials) as storage:
            with pytest.raises(CredentialsError, match="RefreshError: no"):
                await storage.list_objects("bucket")
        assert credentials.refreshes == 4

    @pytest.mark.parametrize("failure", [SystemExit(3), StopIteration(), KeyboardInterrupt()])
    async def test_what_a_thread_cannot_hand_over(self, failure: BaseException) -> None:
        credentials = Refreshing(raising(failure))
        async with _client(MemoryTransport(), credentials) as storage:
            with pytest.raises(CredentialsError, match=f"ended with {type(failure).__name__}"):
                await asyncio.wait_for(storage.list_objects("bucket"), 300)

    async def test_the_requests_timeout_ends_the_wait_and_not_the_refresh(self) -> None:
        gate = threading.Event()

        def slowly(credentials: Refreshing) -> None:
            assert gate.wait(300)
            credentials.token = "late"

        transport = MemoryTransport([Answer(body=b"{}")])
        async with _client(transport, Refreshing(slowly)) as storage:
            with pytest.raises(TokenTimeout):
                await storage.list_objects("bucket", timeout=0.01)
            gate.set()
            await storage.list_objects("bucket")
        assert _sent(transport, "authorization") == ["Bearer late"]

    async def test_no_secret_of_a_refusal_is_told(self, caplog: pytest.LogCaptureFixture) -> None:
        said = "ya29.SECRET {'id_token':'eyJSECRET','assertion':'SECRET', 'refresh_token':'SECRET'}"
        credentials = Refreshing(raising(exceptions.RefreshError(said)))
        with caplog.at_level("DEBUG"):
            async with _client(MemoryTransport(), credentials) as storage:
                with pytest.raises(CredentialsError) as caught:
                    await storage.list_objects("bucket")
        assert "SECRET" not in str(caught.value) + caplog.text


EMAIL = "signer@project.iam.gserviceaccount.com"


@pytest.fixture(scope="module")
def pem() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def _account(pem: str) -> Any:
    info = {"client_email": EMAIL, "private_key": pem, "token_uri": "http://127.0.0.1:9/token"}
    return service_account.Credentials.from_service_account_info(info)  # type: ignore[no-untyped-call]  # the same


def _impersonating(source: Any) -> Any:
    return impersonated_credentials.Credentials(source, EMAIL, ["scope"])  # type: ignore[no-untyped-call]  # the same


class TestSigning:
    @pytest.mark.parametrize("of_jwt", [False, True])
    async def test_a_key_at_hand_signs_without_a_request(self, pem: str, *, of_jwt: bool) -> None:
        held = _account(pem)
        if of_jwt:
            held = jwt.Credentials.from_signing_credentials(held, "https://storage.googleapis.com/")  # type: ignore[no-untyped-call]  # the same
        transport = MemoryTransport()
        async with Emulator() as emulator:
            emulator.register_key(EMAIL, pem)
            surroundings = Environment(transport=transport)
            async with Storage(token=GoogleAuthToken(held), environment=surroundings) as storage:
                address = SigningAddress.of(emulator.url)
                url = await storage.get_signed_url("bucket", "name", 60, address=address)
            assert EMAIL.replace("@", "%40") in url
            # The signature is good, and then there is no such object.
            async with aiohttp.ClientSession() as session, session.get(URL(url, encoded=True)) as a:
                assert a.status == 404
        assert transport.requests == []

    async def test_impersonated_ones_are_their_target_and_not_the_machine(self, pem: str) -> None:
        token = GoogleAuthToken(_impersonating(_account(pem)))
        assert token.service_account_email == EMAIL
        assert (token.signs_at_hand, token.runs_as_machine) == (False, False)

    async def test_on_an_emulator_it_signs_for_them(self, pem: str) -> None:
        held = _impersonating(_account(pem))
        held.token = "token"
        held.expiry = dt.datetime.now(dt.UTC).replace(tzinfo=None) + dt.timedelta(hours=1)
        async with (
            Emulator() as emulator,
            Storage(token=GoogleAuthToken(held), api_root=emulator.url, api_is_dev=True) as storage,
        ):
            emulator.register_key(EMAIL, pem)
            url = await storage.get_signed_url("bucket", "name", 60)
            assert EMAIL.replace("@", "%40") in url
            assert [entry.operation for entry in emulator.log] == ["iam.serviceAccounts.signBlob"]

    async def test_elsewhere_they_sign_themselves_off_the_loop(self) -> None:
        threads: list[int] = []

        class Signing(Refreshing):
            signer_email = EMAIL

            def sign_bytes(self, message: bytes) -> bytes:
                assert message.startswith(b"GOOG4-RSA-SHA256\n")
                threads.append(threading.get_ident())
                return b"\0\1\2"

        transport = MemoryTransport()
        async with _client(transport, Signing(giving("a"))) as storage:
            url = await storage.get_signed_url("bucket", "name", 60)
        assert url.endswith("X-Goog-Signature=000102")
        assert transport.requests == []
        assert threads[0] != threading.get_ident()

    async def test_a_user_is_no_account_and_does_not_sign_as_the_machine(self) -> None:
        transport = MemoryTransport()
        async with _client(transport, Refreshing(giving("a"))) as storage:
            with pytest.raises(CredentialsError, match="name the one to sign as"):
                await storage.get_signed_url("bucket", "name", 60)
        assert transport.requests == []

    async def test_a_machines_is_asked_for(self) -> None:
        token = GoogleAuthToken(compute_engine.Credentials())  # type: ignore[no-untyped-call]  # the same
        assert token.service_account_email is None
        assert (token.runs_as_machine, hasattr(token, "sign_bytes")) == (True, False)
