"""Uploads by HTML forms with policy documents.

https://cloud.google.com/storage/docs/xml-api/post-object-forms
"""

import datetime as dt
import io
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import ClientSession, FormData
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client  # type: ignore[import-untyped] # it ships no types
from signing_keys import (
    EMAIL,
    code,
    credentials,
    public_pem,
)
from signing_vectors import dummy_account, needs_vectors, vectors
from wire_client import Answer, WireClient, object_path

from storage_stream.emulator import Clock, Emulator

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def policy(name: str, conditions: list[Any], fields: Mapping[str, str]) -> dict[str, str]:
    """The fields of a form, by Google's own client."""
    client = Client(
        project="p",
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call] # google-auth has no types
    )
    try:
        made: dict[str, Any] = client.generate_signed_post_policy_v4(
            "bucket",
            name,
            expiration=dt.timedelta(seconds=60),
            conditions=conditions,
            fields=dict(fields),
            credentials=credentials(KEY),
        )
        return dict(made["fields"])
    finally:
        client.close()


async def post(
    wire: WireClient,
    fields: Mapping[str, str],
    content: bytes = b"content",
    *,
    bucket: str = "bucket",
    filename: str = "chosen.txt",
) -> Answer:
    form = FormData(default_to_multipart=True)
    for name, value in fields.items():
        form.add_field(name, value)
    form.add_field("file", io.BytesIO(content), filename=filename, content_type="text/x-file")
    return await wire.send("POST", f"/{bucket}/", body=form)


@pytest.fixture
async def guarded() -> AsyncIterator[tuple[Emulator, WireClient]]:
    async with Emulator(require_auth=True) as emulator, ClientSession() as session:
        emulator.register_key(EMAIL, public_pem(KEY))
        yield emulator, WireClient(emulator.url, session)


async def stored(emulator: Emulator, wire: WireClient, name: str) -> tuple[bytes, Any]:
    own = emulator.housekeeping
    resource = await wire.send("GET", object_path(name), headers=own)
    return (await wire.media(name, headers=own)).body, resource.json


async def test_a_signed_form_uploads(guarded: tuple[Emulator, WireClient]) -> None:
    emulator, wire = guarded
    fields = {"Cache-Control": "no-store", "x-goog-meta-colour": "blue"}
    form = policy("object", [dict([item]) for item in fields.items()], fields)
    answer = await post(wire, form)
    assert (answer.status, answer.body) == (204, b"")
    content, resource = await stored(emulator, wire, "object")
    assert content == b"content"
    assert resource["cacheControl"] == "no-store"
    assert resource["metadata"] == {"colour": "blue"}
    assert resource["contentType"] == "text/x-file"


async def test_large_files_stream_through(guarded: tuple[Emulator, WireClient]) -> None:
    emulator, wire = guarded
    content = b"\r\n--" * 2_000_000
    assert (await post(wire, policy("object", [], {}), content)).status == 204
    assert (await stored(emulator, wire, "object"))[0] == content


async def test_success_statuses_and_redirect(guarded: tuple[Emulator, WireClient]) -> None:
    _, wire = guarded
    for status in ("200", "201", "204"):
        fields = {"success_action_status": status}
        answer = await post(wire, policy("a b", [fields], fields))
        assert answer.status == int(status)
        assert (b"<Key>a b</Key>" in answer.body) is (status == "201")
    fields = {"success_action_redirect": "http://127.0.0.1/done?x=1"}
    answer = await post(wire, policy("a b", [fields], fields))
    assert answer.status == 303
    target = urlsplit(answer.headers["Location"])
    query = parse_qs(target.query)
    assert (target.path, query["x"], query["bucket"]) == ("/done", ["1"], ["bucket"])
    assert (query["key"], query["etag"]) == (["a b"], [answer.headers["ETag"]])


async def test_the_filename_goes_into_the_key(guarded: tuple[Emulator, WireClient]) -> None:
    emulator, wire = guarded
    form = policy("uploads/${filename}", [["starts-with", "$key", "uploads/"]], {})
    assert (await post(wire, form, filename="photo.jpg")).status == 204
    assert (await stored(emulator, wire, "uploads/photo.jpg"))[0] == b"content"


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ('"photo é.jpg"', "photo é.jpg"),
        ('"C:\\mine\\photo.jpg"', "photo.jpg"),
        ('"../../photo.jpg"', "photo.jpg"),
        ('"a%22b%20c.jpg"', 'a"b%20c.jpg'),
    ],
)
async def test_filenames_as_browsers_send_them(wire: WireClient, said: str, name: str) -> None:
    start = "--edge\r\nContent-Disposition: form-data; name="
    body = f'{start}"key"\r\n\r\n${{filename}}\r\n{start}"file"; filename={said}\r\n\r\nx'
    headers = {"Content-Type": "multipart/form-data; boundary=edge"}
    content = f"{body}\r\n--edge--\r\n".encode()
    assert (await wire.send("POST", "/bucket", headers=headers, body=content)).status == 204
    assert (await wire.media(name)).body == b"x"


async def test_the_size_is_limited(guarded: tuple[Emulator, WireClient]) -> None:
    _, wire = guarded
    form = policy("object", [["content-length-range", 3, 8]], {})
    for size, status, expected in (
        (2, 400, "EntityTooSmall"),
        (3, 204, ""),
        (8, 204, ""),
        (9, 400, "EntityTooLarge"),
        (1_000_000, 400, "EntityTooLarge"),
    ):
        answer = await post(wire, form, b"x" * size)
        assert (answer.status, code(answer)) == (status, expected)


@pytest.mark.parametrize(
    ("name", "value"),
    [("key", "other"), ("Content-Type", "text/html"), ("x-goog-meta-new", "1"), ("acl", "x")],
)
async def test_what_the_policy_does_not_allow(
    guarded: tuple[Emulator, WireClient], name: str, value: str
) -> None:
    _, wire = guarded
    type_condition = ["starts-with", "$Content-Type", "image/"]
    form = policy("object", [type_condition], {"Content-Type": "image/png"})
    assert (await post(wire, form | {"x-ignore-this": "1"})).status == 204
    refused = await post(wire, form | {name: value})
    assert (refused.status, code(refused)) == (400, "InvalidPolicyDocument")
    other = await post(wire, form, bucket="other-bucket")
    assert (other.status, code(other)) == (400, "InvalidPolicyDocument")


async def test_wrong_signatures(guarded: tuple[Emulator, WireClient]) -> None:
    emulator, wire = guarded
    form = policy("object", [], {})
    altered = form | {"policy": policy("other", [], {})["policy"]}
    refused = await post(wire, altered)
    assert (refused.status, code(refused)) == (403, "SignatureDoesNotMatch")
    foreign = form["x-goog-credential"].replace("signer@", "other@")
    refused = await post(wire, form | {"x-goog-credential": foreign})
    assert (refused.status, code(refused)) == (403, "AccessDenied")
    assert (await post(wire, {"key": "object"})).status == 403
    emulator.clock.advance(61)
    late = await post(wire, form)
    assert (late.status, code(late)) == (400, "ExpiredToken")


async def test_malformed_forms(wire: WireClient) -> None:
    no_file = FormData(default_to_multipart=True)
    no_file.add_field("key", "object")
    answer = await wire.send("POST", "/bucket", body=no_file)
    assert (answer.status, code(answer)) == (400, "IncorrectNumberOfFilesInPostRequest")
    answer = await post(wire, {})
    assert (answer.status, code(answer)) == (400, "UserKeyMustBeSpecified")
    answer = await wire.send("POST", "/bucket", body=b"x", headers={"Content-Type": "text/plain"})
    assert (answer.status, code(answer)) == (400, "MalformedPOSTRequest")
    assert (await post(wire, {"key": "plain"})).status == 204, "no policy is needed without guards"
    assert (await wire.media("plain")).body == b"content"


@needs_vectors
def test_the_policy_vectors_are_there() -> None:
    assert len(vectors("postPolicyV4Tests")) == 11


@pytest.mark.parametrize("vector", vectors("postPolicyV4Tests"))
async def test_the_published_policies_are_let_in(vector: Any) -> None:
    given = vector["policyInput"]
    moment = dt.datetime.fromisoformat(given["timestamp"]).timestamp()
    async with (
        Emulator(require_auth=True, clock=Clock(lambda: moment)) as emulator,
        ClientSession() as session,
    ):
        signer = dummy_account()
        emulator.register_key(signer["client_email"], signer["private_key"])
        wire = WireClient(emulator.url, session)
        fields = vector["policyOutput"]["fields"]
        if vector["description"] == "POST Policy ACL matching":
            fields = {**fields, "acl": "public-read"}  # what the policy wants a form to say itself
        answer = await post(wire, fields, b"x" * 256, bucket=given["bucket"])
        assert answer.status in {200, 201, 204, 303}, answer.body
