"""A file of credentials that is none, or not for us: told in a sentence, before any request."""

from __future__ import annotations

import io
import json
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from storage_stream import Environment, Storage
from storage_stream._transport.credentials import default_token
from storage_stream._transport.service_file import VARIABLE, read_service_file
from storage_stream.errors import CredentialsError
from storage_stream.testing import FakeClock, MemoryTransport

if TYPE_CHECKING:
    from pathlib import Path

PEM = "-----BEGIN PRIVATE KEY-----\ns3cret\n-----END PRIVATE KEY-----"
USER = {"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r"}
ACCOUNT = {"type": "service_account", "client_email": "a@b.c", "private_key": PEM}
EXTERNAL: dict[str, Any] = {
    "type": "external_account",
    "audience": "a",
    "subject_token_type": "t",
    "token_url": "https://sts.test",
    "credential_source": {"file": "/token"},
}
IMPERSONATED: dict[str, Any] = {
    "type": "impersonated_service_account",
    "service_account_impersonation_url": "https://x/serviceAccounts/a@b.c:generateAccessToken",
    "source_credentials": USER,
}


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "gcloud"))


@pytest.mark.parametrize(
    "fields",
    [
        USER,
        ACCOUNT,
        EXTERNAL,
        IMPERSONATED,
        EXTERNAL | {"credential_source": {"url": "http://x", "format": {"type": "text"}}},
        EXTERNAL | {"credential_source": {"type": "environment", "environment_id": "TOKEN"}},
    ],
)
async def test_what_is_good_becomes_a_token(
    fields: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file.json"
    path.write_text(json.dumps(fields))
    for given in (path, str(path), io.BytesIO(json.dumps(fields).encode())):
        assert read_service_file(given) == fields
    assert default_token(str(path), None).service_data == fields
    monkeypatch.setenv(VARIABLE, str(path))
    assert default_token(None, None).service_data == fields


def test_no_file_is_no_fault() -> None:
    assert read_service_file(None) == {}
    assert default_token(None, None).service_data == {}


def lacking(fields: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if key != name}


BAD: list[tuple[Any, str]] = [
    ({}, "holds no credentials: its type is missing.*key file"),
    ([], "it is not a JSON object"),
    ({"type": "foo"}, "its type is 'foo', not one of authorized_user, external_account"),
    ({"type": ["foo"]}, "its type is"),
    ({"type": "service_account"}, "service_account lack client_email, private_key"),
    (lacking(ACCOUNT, "private_key"), "lack private_key; download"),
    (ACCOUNT | {"private_key": "s3cret"}, "private_key is no PEM"),
    (ACCOUNT | {"private_key": ["s3cret"]}, "private_key is no PEM"),
    (lacking(USER, "refresh_token"), "authorized_user lack refresh_token"),
    (lacking(EXTERNAL, "token_url"), "external_account lack token_url"),
    (IMPERSONATED | {"source_credentials": ACCOUNT}, "GoogleAuthToken"),
    (IMPERSONATED | {"source_credentials": "x"}, "GoogleAuthToken"),
    (IMPERSONATED | {"source_credentials": {"type": "authorized_user"}}, "lack client_id"),
    (EXTERNAL | {"credential_source": {"environment_id": "aws1"}}, "AWS.*GoogleAuthToken"),
    (EXTERNAL | {"credential_source": {"executable": {}}}, "GoogleAuthToken"),
    (EXTERNAL | {"credential_source": {"certificate": {}}}, "GoogleAuthToken"),
    (EXTERNAL | {"credential_source": "x"}, "GoogleAuthToken"),
    ({"type": "external_account_authorized_user"}, "GoogleAuthToken"),
]


@pytest.mark.parametrize(("fields", "told"), BAD)
async def test_what_is_wrong_is_told_and_what_to_do(
    fields: Any, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file.json"
    path.write_text(json.dumps(fields))
    with pytest.raises(CredentialsError, match=told) as caught:
        read_service_file(str(path))
    assert str(caught.value).startswith(f"service_file='{path}'")
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))
    monkeypatch.setenv(VARIABLE, str(path))
    with pytest.raises(CredentialsError, match=f"^{VARIABLE}="):
        read_service_file(None)


@pytest.mark.parametrize("content", [b"", b"not json", b"\xff\xfe\xff", b"[" * 100_000, b"7"])
def test_what_is_no_json(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(content)
    for given in (str(path), io.BytesIO(content)):
        with pytest.raises(CredentialsError, match="it is not a JSON object, as a key file is"):
            read_service_file(given)


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError, match="there is no such file"):
        read_service_file(str(tmp_path / "none"))
    with pytest.raises(CredentialsError, match="cannot be read: Is a directory"):
        read_service_file(tmp_path)
    closed = io.StringIO()
    closed.close()
    for given in (closed, object(), "a\0b"):
        with pytest.raises(CredentialsError, match="give a path or an open file"):
            read_service_file(given)  # type: ignore[arg-type]  # the point of the test


def test_the_users_own_file_may_be_broken_too(tmp_path: Path) -> None:
    (tmp_path / "gcloud").mkdir()
    (tmp_path / "gcloud" / "application_default_credentials.json").write_text('{"type": "foo"}')
    with pytest.raises(CredentialsError, match="cannot be used: ValueError: 'foo'"):
        default_token(None, None)


async def test_no_request_is_made_with_it_and_none_to_sign(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text("{}")
    network = MemoryTransport()
    surroundings = Environment(transport=network, clock=FakeClock())
    async with Storage(service_file=str(path), environment=surroundings) as storage:
        with pytest.raises(CredentialsError, match="holds no credentials") as caught:
            await storage.download("bucket", "name")
        assert caught.value.subject == "gs://bucket/name"
        with pytest.raises(CredentialsError, match="holds no credentials"):
            await storage.get_signed_url("bucket", "name", 10)
    assert network.requests == []
