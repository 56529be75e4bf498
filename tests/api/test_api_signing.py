"""Signed URLs and forms through the client; the signatures themselves are tested below."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import gcloud.aio.storage
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from yarl import URL

from storage_stream import Blob, Environment, SigningAddress, Storage, UrlStyle
from storage_stream.emulator import Emulator
from storage_stream.errors import ClientClosed, CredentialsError, InvalidArgument
from storage_stream.testing import Answer, FakeClock, MemoryTransport

EMAIL = "signer@project.example"
NOON = 1_549_011_600.0  # 2019-02-01T09:00:00Z


async def _token() -> str:
    return "token-of-the-test"


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    path = tmp_path_factory.mktemp("keys") / "account.json"
    path.write_text(
        json.dumps({"type": "service_account", "client_email": EMAIL, "private_key": pem})
    )
    return str(path)


def _client(key_file: str) -> Storage:
    surroundings = Environment(transport=MemoryTransport(), clock=FakeClock(wall=NOON))
    return Storage(service_file=key_file, environment=surroundings)


def _query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


async def test_a_key_at_hand_signs_without_a_request(key_file: str) -> None:
    async with _client(key_file) as storage:
        url = await storage.get_signed_url("bucket", "a/b c.txt", 3600)
    assert url.startswith("https://storage.googleapis.com/bucket/a/b%20c.txt?")
    query = _query(url)
    assert query["X-Goog-Algorithm"] == "GOOG4-RSA-SHA256"
    assert query["X-Goog-Credential"] == f"{EMAIL}/20190201/auto/storage/goog4_request"
    assert query["X-Goog-Date"] == "20190201T090000Z"
    assert query["X-Goog-Expires"] == "3600"
    assert query["X-Goog-SignedHeaders"] == "host"
    assert len(bytes.fromhex(query["X-Goog-Signature"])) == 256


async def test_a_blob_signs_as_its_client_does_and_changes_nothing_it_is_given(
    key_file: str,
) -> None:
    headers = {"x-goog-meta-colour": "red"}
    params = {"response-content-type": "text/plain"}
    async with _client(key_file) as storage:
        blob = storage.get_bucket("bucket").new_blob("name")
        by_blob = await blob.get_signed_url(60, headers, params, "PUT")
        by_client = await storage.get_signed_url(
            "bucket", "name", 60, headers=headers, query_params=params, http_method="PUT"
        )
    assert by_blob == by_client
    assert (headers, params) == (
        {"x-goog-meta-colour": "red"},
        {"response-content-type": "text/plain"},
    )


async def test_another_address(key_file: str) -> None:
    address = SigningAddress.of("https://cdn.example", UrlStyle.BUCKET_BOUND)
    async with _client(key_file) as storage:
        url = await storage.get_signed_url("bucket", "name", 60, address=address)
        blob = storage.get_bucket("bucket").new_blob("name")
        assert await blob.get_signed_url(60, address=address) == url
    assert url.startswith("https://cdn.example/name?")


@pytest.mark.parametrize("seconds", [0, -1, 604_801])
async def test_a_time_that_cannot_be(key_file: str, seconds: int) -> None:
    async with _client(key_file) as storage:
        with pytest.raises(InvalidArgument):
            await storage.get_signed_url("bucket", "name", seconds)


async def test_a_form(key_file: str) -> None:
    async with _client(key_file) as storage:
        form = await storage.generate_signed_post_policy(
            "bucket", "name", 10, conditions=[["content-length-range", 0, 1000]]
        )
    assert form["url"] == "https://storage.googleapis.com/bucket/"
    assert form["fields"]["key"] == "name"
    assert form["fields"]["x-goog-credential"].startswith(EMAIL)


def _without_key(transport: MemoryTransport, token: Any) -> Storage:
    return Storage(token=token, environment=Environment(transport=transport, clock=FakeClock()))


async def test_where_there_is_no_key_the_machine_names_the_account_and_iam_signs() -> None:
    transport = MemoryTransport(
        [
            Answer(headers={"Metadata-Flavor": "Google"}, body=EMAIL.encode()),
            Answer(body=b'{"signedBlob": "AAEC"}'),
        ]
    )
    async with _without_key(transport, SimpleNamespace(get=_token)) as storage:
        url = await storage.get_signed_url("bucket", "name", 10)
    assert _query(url)["X-Goog-Signature"] == "000102"
    assert _query(url)["X-Goog-Credential"].startswith(EMAIL)
    metadata, signing = transport.requests
    assert "authorization" not in metadata.headers
    assert signing.headers.get("authorization") == "Bearer token-of-the-test"


async def test_credentials_that_name_an_account_sign_as_it_and_not_as_the_machine() -> None:
    transport = MemoryTransport([Answer(body=b'{"signedBlob": "AAEC"}')])
    source = SimpleNamespace(get=_token, service_account_email=EMAIL)
    async with _without_key(transport, source) as storage:
        url = await storage.get_signed_url("bucket", "name", 10)
    assert _query(url)["X-Goog-Credential"].startswith(EMAIL)
    [signing] = transport.requests
    assert signing.url.endswith(f"/serviceAccounts/{EMAIL}:signBlob")


async def test_a_token_of_the_call_is_looked_at_before_anything_is_sent() -> None:
    transport = MemoryTransport()
    text: Any = "ya29.token"
    async with _without_key(transport, SimpleNamespace(get=_token)) as storage:
        with pytest.raises(TypeError, match="async get"):
            await storage.get_signed_url("bucket", "name", 10, token=text)
    assert transport.requests == []


async def _read(url: str) -> tuple[int, bytes]:
    async with aiohttp.ClientSession() as session, session.get(URL(url, encoded=True)) as answer:
        return answer.status, await answer.read()


class TestOnAnEmulator:
    """The requests of these go to the emulator's address, and so to nobody else's."""

    async def test_nobody_named_is_the_default_account(
        self, monkeypatch: pytest.MonkeyPatch, key_file: str
    ) -> None:
        # The key of who runs the program has nothing to do with it.
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", key_file)
        async with (
            Emulator() as emulator,
            Storage(api_root=emulator.url, api_is_dev=True) as storage,
        ):
            await storage.upload("bucket", "a b", b"data")
            url = await storage.get_signed_url("bucket", "a b", 60)
            assert _query(url)["X-Goog-Credential"].startswith("default@emulator.iam.")
            assert await _read(url) == (200, b"data")
            assert (await _read(f"{url}00"))[0] == 403
            await storage.get_signed_url("bucket", "a b", 60)
            asked = [entry.operation for entry in emulator.log]
        assert asked.count("metadata.serviceAccounts.email") == 1
        assert asked.count("iam.serviceAccounts.signBlob") == 2

    async def test_a_form(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with Emulator() as emulator:
            monkeypatch.setenv("STORAGE_EMULATOR_HOST", emulator.url)
            async with Storage() as storage, aiohttp.ClientSession() as session:
                form = await storage.generate_signed_post_policy("bucket", "name", 60)
                data = aiohttp.FormData(form["fields"])
                data.add_field("file", b"data", filename="f")
                async with session.post(form["url"], data=data) as answer:
                    assert answer.status == 204
                assert await storage.download("bucket", "name") == b"data"

    async def test_an_account_that_is_named(self, key_file: str) -> None:
        pem = json.loads(Path(key_file).read_text())["private_key"]  # noqa: ASYNC240 - a small local file
        async with (
            Emulator() as emulator,
            Storage(api_root=emulator.url, api_is_dev=True) as storage,
        ):
            await storage.upload("bucket", "name", b"data")
            with pytest.raises(CredentialsError, match=f"404 No private key of '{EMAIL}' is known"):
                await storage.get_signed_url("bucket", "name", 60, service_account_email=EMAIL)
            emulator.register_key(EMAIL, pem)
            url = await storage.get_signed_url("bucket", "name", 60, service_account_email=EMAIL)
            assert _query(url)["X-Goog-Credential"].startswith(EMAIL)
            assert await _read(url) == (200, b"data")


async def test_a_blob_signs_a_text_as_gcloud_aio_storage_does(key_file: str) -> None:
    account = json.loads(Path(key_file).read_text())  # noqa: ASYNC240 - a small local file
    signature = Blob.get_pem_signature("text", account["private_key"])
    assert signature == gcloud.aio.storage.Blob.get_pem_signature("text", account["private_key"])
    with pytest.raises(ValueError, match="no RSA key"):
        Blob.get_pem_signature("text", "no key")


async def test_a_blob_lets_a_client_of_the_callers_sign() -> None:
    asked: list[Any] = []

    async def sign_blob(data: Any, **keywords: Any) -> dict[str, str]:
        asked.append((data, keywords))
        return {"signedBlob": "AAEC"}

    client = SimpleNamespace(sign_blob=sign_blob)
    assert await Blob.get_iam_api_signature("text", client, EMAIL, None) == b"\0\1\2"
    assert asked == [(b"text", {"service_account_email": EMAIL, "session": None})]


async def test_a_closed_client_signs_nothing(key_file: str) -> None:
    async with _client(key_file) as storage:
        pass
    with pytest.raises(ClientClosed):
        await storage.get_signed_url("bucket", "name", 10)
