"""Who signs: a key at hand, IAM, or a client of the caller's; and how each of them fails."""

from __future__ import annotations

import asyncio
import base64
import json
import traceback
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from storage_stream._protocol.options import RequestOptions
from storage_stream._protocol.retry import RetryPolicy
from storage_stream._transport.aiohttp import AiohttpTransport
from storage_stream._transport.credentials import Anonymous
from storage_stream._transport.signers import (
    IamClientSigner,
    IamSigner,
    KeySigner,
    Signers,
    SourceSigner,
    Surroundings,
)
from storage_stream.errors import (
    ConnectFailed,
    CredentialsError,
    InsecureTransport,
    InvalidArgument,
    ProtocolError,
    ServerError,
    StorageError,
)
from storage_stream.testing import Answer, FakeClock, MemoryTransport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from storage_stream._transport.base import Transport

EMAIL = "signer@project.iam.gserviceaccount.com"
SIGNED = Answer(body=json.dumps({"keyId": "1", "signedBlob": "c2lnbmVk"}).encode())
MACHINE = Answer(headers={"Metadata-Flavor": "Google"}, body=b"machine@p.x")
OPTIONS = RequestOptions(
    headers=(("x-goog-meta-a", "1"),), params=(("userProject", "p"),), retry=RetryPolicy(retries=2)
)
TOKEN = "ya29.s3cret"


class Tokens(Anonymous):
    """Credentials with a token."""

    async def token(self, timeout: float | None = None) -> str | None:  # noqa: ASYNC109, ARG002 - as Credentials
        return TOKEN


class Rig:
    """Signers on a script."""

    def __init__(self, *outcomes: Answer | StorageError, **roots: str) -> None:
        self.network = MemoryTransport(outcomes)
        self.clock = FakeClock()
        self.surroundings = surroundings(self.network, self.clock)
        self.signers = Signers(self.surroundings, **roots)

    def iam(self, **arguments: Any) -> IamSigner:
        sender = self.surroundings.sender("https://iam.test", Tokens())
        return IamSigner(sender, EMAIL, OPTIONS, **arguments)

    @property
    def asked(self) -> list[str]:
        return [request.url for request in self.network.requests]


def surroundings(transport: Transport, clock: FakeClock) -> Surroundings:
    return Surroundings(transport, clock, lambda: 0.5, "us/1")


def pem(key: Any, encryption: Any = None) -> str:
    text: bytes = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        encryption or serialization.NoEncryption(),
    )
    return text.decode()


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def source_of(**data: Any) -> SimpleNamespace:
    return SimpleNamespace(service_data=data)


# -- a key -----------------------------------------------------------------------------------


class TestKeySigner:
    async def test_its_public_key_accepts(self, key: rsa.RSAPrivateKey) -> None:
        signer = KeySigner(EMAIL, pem(key))
        signatures = await asyncio.gather(*(signer.sign(b"data") for _ in range(5)))
        assert signer.email == EMAIL
        assert {*signatures, await signer.sign(b"data")} == {signatures[0]}
        key.public_key().verify(signatures[0], b"data", padding.PKCS1v15(), hashes.SHA256())

    @pytest.mark.parametrize("text", ["", "none", "-----BEGIN PRIVATE KEY-----\ns3cret\n", "ä"])
    async def test_what_is_no_key_is_not_quoted(self, text: str) -> None:
        with pytest.raises(CredentialsError, match="no RSA key in plain PEM") as caught:
            await KeySigner(EMAIL, text).sign(b"data")
        told = "".join(traceback.format_exception(caught.value))
        assert "s3cret" not in told
        assert "InvalidByte" not in told  # what the parser says holds bytes of the key

    async def test_a_key_of_another_kind(self) -> None:
        text = pem(ec.generate_private_key(ec.SECP256R1()))
        with pytest.raises(CredentialsError, match=EMAIL):
            await KeySigner(EMAIL, text).sign(b"data")

    async def test_a_key_under_a_password(self, key: rsa.RSAPrivateKey) -> None:
        text = pem(key, serialization.BestAvailableEncryption(b"s3cret"))
        with pytest.raises(CredentialsError):
            await KeySigner(EMAIL, text).sign(b"data")

    def test_it_hides_its_key(self) -> None:
        assert "s3cret" not in repr(KeySigner(EMAIL, "s3cret"))

    def test_it_needs_an_address(self) -> None:
        with pytest.raises(InvalidArgument, match="e-mail"):
            KeySigner("me", "")


# -- IAM -------------------------------------------------------------------------------------


class TestIamSigner:
    async def test_what_is_asked(self) -> None:
        rig = Rig(SIGNED)
        assert await rig.iam(delegates=["by@p.x"]).sign(b"data") == b"signed"
        [request] = rig.network.requests
        assert request.method == "POST"
        assert request.url == f"https://iam.test/v1/projects/-/serviceAccounts/{EMAIL}:signBlob"
        assert request.headers.get("authorization") == f"Bearer {TOKEN}"
        assert request.headers.get("x-goog-meta-a") is None  # meant for the storage service
        assert json.loads(request.body) == {
            "payload": base64.b64encode(b"data").decode(),
            "delegates": ["projects/-/serviceAccounts/by@p.x"],
        }
        assert rig.network.open == 0

    async def test_it_is_asked_again(self) -> None:
        rig = Rig(Answer(503), ConnectFailed("no"), SIGNED)
        assert await rig.iam().sign(b"data") == b"signed"
        assert len(rig.clock.sleeps) == 2

    async def test_but_not_for_ever(self) -> None:
        with pytest.raises(ServerError) as caught:
            await Rig(*[Answer(503)] * 3).iam().sign(b"data")
        assert caught.value.attempts == 3
        assert caught.value.subject == f"serviceAccounts/{EMAIL}"

    @pytest.mark.parametrize("status", [400, 403, 404])
    async def test_a_refusal_says_what_is_missing(self, status: int) -> None:
        body = json.dumps({"error": {"message": f"Permission denied Bearer {TOKEN}"}}).encode()
        with pytest.raises(CredentialsError) as caught:
            await Rig(Answer(status, body=body)).iam().sign(b"data")
        assert f"{status} Permission denied" in str(caught.value)
        assert "iam.serviceAccounts.signBlob" in str(caught.value)
        assert TOKEN not in str(caught.value)

    async def test_an_answer_without_a_signature(self) -> None:
        with pytest.raises(ProtocolError, match="no signature"):
            await Rig(Answer(body=b"{}")).iam().sign(b"data")

    async def test_the_token_does_not_travel_in_the_open(self) -> None:
        rig = Rig()
        sender = rig.surroundings.sender("http://iam.test", Tokens())
        with pytest.raises(InsecureTransport):
            await IamSigner(sender, EMAIL).sign(b"data")
        assert rig.asked == []


class TestIamClientSigner:
    async def test_the_client_is_asked_as_gcloud_aio_storage_asks_it(self) -> None:
        asked: list[tuple[Any, ...]] = []

        async def sign_blob(
            payload: bytes, *, service_account_email: str, session: Any
        ) -> dict[str, str]:
            asked.append((payload, service_account_email, session))
            return {"signedBlob": base64.urlsafe_b64encode(b"\xfb\xff").decode()}

        client = SimpleNamespace(sign_blob=sign_blob, service_account_email="own@p.x")
        assert await IamClientSigner(client).sign(b"a") == b"\xfb\xff"
        assert await IamClientSigner(client, EMAIL, "session").sign(b"b") == b"\xfb\xff"
        assert asked == [(b"a", "own@p.x", None), (b"b", EMAIL, "session")]

    async def test_a_client_that_gives_nothing(self) -> None:
        async def sign_blob(*_: Any, **__: Any) -> dict[str, str]:
            return {}

        with pytest.raises(ProtocolError):
            await IamClientSigner(SimpleNamespace(sign_blob=sign_blob), EMAIL).sign(b"a")

    @pytest.mark.parametrize(
        "client", [SimpleNamespace(), SimpleNamespace(service_account_email=None)]
    )
    def test_a_client_of_nobody(self, client: Any) -> None:
        with pytest.raises(InvalidArgument, match="e-mail"):
            IamClientSigner(client)


# -- a source -------------------------------------------------------------------------------


class Signing:
    """A source of tokens that signs itself."""

    def __init__(self, outcome: Any = b"signed", **fields: Any) -> None:
        self.outcome = outcome
        self.service_account_email = EMAIL
        vars(self).update(fields)

    async def get(self) -> str:
        return TOKEN

    async def sign_bytes(self, data: bytes) -> Any:
        assert data == b"data"
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


class TestSourceSigner:
    async def test_it_signs(self) -> None:
        signer = SourceSigner(Signing(), EMAIL, 10)
        assert (signer.email, await signer.sign(b"data")) == (EMAIL, b"signed")

    @pytest.mark.parametrize("outcome", ["text", b"", None])
    async def test_what_is_no_signature(self, outcome: Any) -> None:
        with pytest.raises(CredentialsError, match=f"no signature as {EMAIL}"):
            await SourceSigner(Signing(outcome), EMAIL).sign(b"data")

    async def test_what_fails_is_told_without_its_secrets(self) -> None:
        with pytest.raises(CredentialsError, match="RuntimeError: no") as caught:
            await SourceSigner(Signing(RuntimeError(f"no {TOKEN}")), EMAIL).sign(b"data")
        assert EMAIL in str(caught.value)
        assert TOKEN not in str(caught.value)

    async def test_it_is_not_waited_for_longer_than_said(self) -> None:
        class Silent(Signing):
            async def sign_bytes(self, data: bytes) -> Any:
                await asyncio.Event().wait()
                return data

        with pytest.raises(CredentialsError, match="TimeoutError"):
            await SourceSigner(Silent(), EMAIL, 0.01).sign(b"data")

    def test_it_needs_an_address(self) -> None:
        with pytest.raises(InvalidArgument, match="e-mail"):
            SourceSigner(Signing(), "me")


# -- who -------------------------------------------------------------------------------------


class TestFinding:
    async def test_a_key_at_hand_signs_whatever_the_name(self, key: rsa.RSAPrivateKey) -> None:
        rig = Rig()
        source = source_of(client_email=EMAIL, private_key=pem(key))
        signer = await rig.signers.find(source, Tokens(), email="other@p.x")
        assert isinstance(signer, KeySigner)
        assert signer.email == EMAIL
        await signer.sign(b"data")
        assert await rig.signers.find(source, Tokens()) is signer  # the key is read once
        another = source_of(client_email="a@b.c", private_key=pem(key))
        assert (await rig.signers.find(another, Tokens())).email == "a@b.c"
        assert rig.asked == []

    @pytest.mark.parametrize(
        ("source", "email", "found"),
        [
            (source_of(client_email="own@p.x"), None, "own@p.x"),
            (source_of(client_email="own@p.x"), EMAIL, EMAIL),
            (source_of(client_email="own@p.x", private_key=""), None, "own@p.x"),
            (source_of(type="authorized_user"), EMAIL, EMAIL),
            (object(), EMAIL, EMAIL),
            (
                source_of(
                    service_account_impersonation_url="https://iamcredentials.googleapis.com/v1/"
                    "projects/-/serviceAccounts/imp@p.x:generateAccessToken"
                ),
                None,
                "imp@p.x",
            ),
            (
                SimpleNamespace(
                    service_data={"type": "authorized_user"},
                    impersonation_uri="https://x/v1/projects/-/serviceAccounts/imp@p.x:generate",
                ),
                None,
                "imp@p.x",
            ),
        ],
    )
    async def test_without_a_key_iam_signs(
        self, source: Any, email: str | None, found: str
    ) -> None:
        rig = Rig(SIGNED, iam_root="https://iam.test")
        signer = await rig.signers.find(source, Tokens(), email=email, options=OPTIONS)
        assert signer.email == found
        assert await signer.sign(b"data") == b"signed"
        assert rig.asked == [f"https://iam.test/v1/projects/-/serviceAccounts/{found}:signBlob"]

    @pytest.mark.parametrize(
        "source",
        [source_of(), object(), SimpleNamespace(service_data=None, impersonation_uri=None)],
    )
    async def test_a_machine_says_who_it_is_and_is_asked_once(self, source: Any) -> None:
        rig = Rig(MACHINE, SIGNED, SIGNED, metadata_root="http://metadata.test")
        for _ in range(2):
            signer = await rig.signers.find(source, Tokens(), options=OPTIONS)
            assert signer.email == "machine@p.x"
            await signer.sign(b"data")
        first, second, third = rig.network.requests
        assert first.url.startswith("http://metadata.test/computeMetadata/v1/instance/")
        assert first.headers.get("metadata-flavor") == "Google"
        assert first.headers.get("authorization") is None  # the token is IAM's alone
        assert second.url == third.url
        assert second.url.startswith("https://iamcredentials.googleapis.com/v1/")

    @pytest.mark.parametrize(
        "outcome", [ConnectFailed("no such host"), Answer(404), Answer(body=b"a@b.c"), Answer(503)]
    )
    async def test_no_machine_of_googles(self, outcome: Answer | StorageError) -> None:
        rig = Rig(*[outcome] * 3, metadata_root="http://metadata.test")
        with pytest.raises(CredentialsError, match="service_account_email") as caught:
            await rig.signers.find(object(), Tokens())
        assert isinstance(caught.value.__cause__, StorageError)
        assert sum(rig.clock.sleeps) <= 2
        assert rig.network.open == 0

    @pytest.mark.parametrize("name", ["service_account_email", "signer_email"])
    async def test_a_source_says_itself_who_it_is(self, name: str) -> None:
        rig = Rig(SIGNED, iam_root="https://iam.test")
        signer = await rig.signers.find(SimpleNamespace(**{name: EMAIL}), Tokens())
        assert signer.email == EMAIL
        await signer.sign(b"data")
        assert rig.asked == [f"https://iam.test/v1/projects/-/serviceAccounts/{EMAIL}:signBlob"]

    async def test_a_source_that_can_signs_as_itself_and_iam_as_others(self) -> None:
        rig = Rig()
        assert isinstance(await rig.signers.find(Signing(), Tokens()), SourceSigner)
        assert isinstance(await rig.signers.find(Signing(), Tokens(), email=EMAIL), SourceSigner)
        other = await rig.signers.find(Signing(), Tokens(), email="other@p.x")
        assert isinstance(other, IamSigner)
        assert other.email == "other@p.x"
        assert rig.asked == []

    async def test_a_name_of_the_machines_is_no_address(self) -> None:
        rig = Rig(MACHINE)
        signer = await rig.signers.find(Signing(service_account_email="default"), Tokens())
        assert signer.email == "machine@p.x"

    async def test_who_is_not_the_machine_does_not_sign_as_it(self) -> None:
        rig = Rig()
        source = SimpleNamespace(runs_as_machine=False, kind="a.users")
        with pytest.raises(CredentialsError, match=r"a\.users are no service account's; name the"):
            await rig.signers.find(source, Tokens())
        assert rig.asked == []

    @pytest.mark.parametrize(
        ("source", "email", "found"),
        [
            (None, None, "machine@p.x"),
            (None, EMAIL, EMAIL),
            (source_of(type="authorized_user"), None, "machine@p.x"),
            (SimpleNamespace(service_account_email=EMAIL), None, EMAIL),
            (Signing(signs_at_hand=False), None, EMAIL),
        ],
    )
    async def test_an_emulator_names_and_signs_and_nobody_else_is_asked(
        self, source: Any, email: str | None, found: str
    ) -> None:
        asked = [MACHINE] if found == "machine@p.x" else []
        rig = Rig(*asked, SIGNED, emulator_root="http://localhost:1")
        signer = await rig.signers.find(source, Anonymous(), email=email)
        assert signer.email == found
        assert await signer.sign(b"data") == b"signed"
        assert len(rig.asked) == len(asked) + 1
        assert all(url.startswith("http://localhost:1/") for url in rig.asked)

    async def test_a_key_at_hand_signs_for_an_emulator_too(self) -> None:
        rig = Rig(emulator_root="http://localhost:1")
        assert isinstance(await rig.signers.find(Signing(), Anonymous()), SourceSigner)

    async def test_a_client_of_the_callers_goes_before_iam_but_not_before_a_key(
        self, key: rsa.RSAPrivateKey
    ) -> None:
        rig, client = Rig(), SimpleNamespace(service_account_email="own@p.x")
        find = rig.signers.find
        signer = await find(source_of(client_email="a@b.c"), Tokens(), iam_client=client)
        assert isinstance(signer, IamClientSigner)
        assert signer.email == "own@p.x"
        signer = await find(object(), Tokens(), email=EMAIL, iam_client=client)
        assert signer.email == EMAIL
        source = source_of(client_email="a@b.c", private_key=pem(key))
        assert isinstance(await find(source, Tokens(), iam_client=client), KeySigner)
        assert rig.asked == []

    async def test_a_users_credentials_are_no_accounts(self) -> None:
        rig = Rig()
        with pytest.raises(CredentialsError, match="type authorized_user are no service"):
            await rig.signers.find(source_of(type="authorized_user"), Tokens())
        assert rig.asked == []

    async def test_a_name_that_is_none(self) -> None:
        with pytest.raises(InvalidArgument, match="e-mail"):
            await Rig().signers.find(object(), Tokens(), email="me")

    @pytest.mark.parametrize("variable", ["GCE_METADATA_HOST", "GCE_METADATA_ROOT"])
    async def test_the_environment_says_where_the_machines_data_is(
        self, variable: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("GCE_METADATA_HOST", raising=False)
        rig = Rig(MACHINE)
        monkeypatch.setenv(variable, "localhost:8080")
        await rig.signers.find(object(), Tokens())
        assert rig.asked[0].startswith("http://localhost:8080/computeMetadata/")

    async def test_or_else_it_is_where_google_puts_it(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("GCE_METADATA_HOST", raising=False)
        monkeypatch.delenv("GCE_METADATA_ROOT", raising=False)
        rig = Rig(MACHINE)
        await rig.signers.find(object(), Tokens())
        assert rig.asked[0].startswith("http://metadata.google.internal/computeMetadata/")


# -- over a socket ---------------------------------------------------------------------------


@pytest.fixture
async def google(key: rsa.RSAPrivateKey) -> AsyncIterator[str]:
    """A metadata server and an IAM that signs, on one port of this machine."""

    async def email(request: web.Request) -> web.Response:
        assert request.headers["Metadata-Flavor"] == "Google"
        return web.Response(text="machine@p.x", headers={"Metadata-Flavor": "Google"})

    async def sign(request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        assert request.match_info["email"] == "machine@p.x"
        payload = base64.b64decode((await request.json())["payload"])
        signature = key.sign(payload, padding.PKCS1v15(), hashes.SHA256())
        return web.json_response({"signedBlob": base64.b64encode(signature).decode()})

    app = web.Application()
    app.router.add_get("/computeMetadata/v1/instance/service-accounts/default/email", email)
    app.router.add_post("/v1/projects/-/serviceAccounts/{email:[^:/]+}:signBlob", sign)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_a_machine_signs_over_a_socket(google: str, key: rsa.RSAPrivateKey) -> None:
    transport = AiohttpTransport()
    signers = Signers(surroundings(transport, FakeClock()), iam_root=google, metadata_root=google)
    signer = await signers.find(object(), Tokens())
    signature = await signer.sign(b"data")
    await transport.close()
    key.public_key().verify(signature, b"data", padding.PKCS1v15(), hashes.SHA256())
