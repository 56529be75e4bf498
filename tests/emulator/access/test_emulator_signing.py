"""Signed URLs, judged by the published vectors and by Google's own client.

https://cloud.google.com/storage/docs/access-control/signed-urls
"""

import asyncio
import base64
import datetime as dt
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import pytest
from aiohttp import ClientSession
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client  # type: ignore[import-untyped] # it ships no types
from multidict import CIMultiDict
from signing_keys import (
    EMAIL,
    code,
    credentials,
    private_pem,
    public_pem,
)
from signing_vectors import dummy_account, needs_vectors, vectors
from wire_client import Answer, WireClient, object_path

from storage_stream.emulator import Clock, Emulator
from storage_stream.emulator.access.canonical_request import (
    Credential,
    canonical_request,
    string_to_sign,
)

NAME = "folder/a b+ü%?.txt"


@needs_vectors
def test_the_vectors_are_there() -> None:
    assert len(vectors("signingV4Tests")) == 29


@pytest.mark.parametrize("vector", vectors("signingV4Tests"))
def test_canonical_requests_are_those_of_the_vectors(vector: Any) -> None:
    url = urlsplit(vector["expectedUrl"])
    pairs = [
        (unquote(name), unquote(value))
        for name, _, value in (part.partition("=") for part in url.query.split("&"))
    ]
    query = dict(pairs)
    headers = CIMultiDict(vector.get("headers", {}))
    headers["Host"] = url.hostname or ""
    if vector["method"] == "POST":
        headers["x-goog-resumable"] = "start"
    signed = query["X-Goog-SignedHeaders"].split(";")
    canonical = canonical_request(vector["method"], url.path, pairs, headers, signed)
    if vector["description"] == "Universe domain with virtual hosted style":
        # Its text names the bucket in the path, which its own URL does not.
        assert (
            canonical.replace("/test-object", "/test-bucket/test-object", 1)
            == (vector["expectedCanonicalRequest"])
        )
        return
    assert canonical == vector["expectedCanonicalRequest"]
    credential = Credential.parse(query["X-Goog-Credential"])
    assert credential is not None
    assert credential.signer == dummy_account()["client_email"]
    text = string_to_sign(
        query["X-Goog-Algorithm"], query["X-Goog-Date"], credential.scope, canonical
    )
    assert text == vector["expectedStringToSign"]


@pytest.fixture(scope="module")
def private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
async def signed(private_key: rsa.RSAPrivateKey) -> AsyncIterator[tuple[Emulator, WireClient]]:
    async with Emulator(require_auth=True) as emulator, ClientSession() as session:
        emulator.register_key(EMAIL, public_pem(private_key))
        yield emulator, WireClient(emulator.url, session)


def sign(emulator: Emulator, key: rsa.RSAPrivateKey, name: str = NAME, **said: Any) -> str:
    """Sign by Google's own client."""
    client = Client(
        project="p",
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call] # google-auth has no types
        client_options={"api_endpoint": emulator.url},
    )
    try:
        url: str = (
            client.bucket("bucket")
            .blob(name)
            .generate_signed_url(
                version="v4",
                credentials=credentials(key),
                **{
                    "api_access_endpoint": emulator.url,
                    "expiration": dt.timedelta(seconds=60),
                    **said,
                },
            )
        )
        return url
    finally:
        client.close()


async def test_upload_download_and_delete_by_signed_urls(
    signed: tuple[Emulator, WireClient], private_key: rsa.RSAPrivateKey
) -> None:
    emulator, wire = signed
    put = sign(emulator, private_key, method="PUT", content_type="text/plain")
    stored = await wire.send("PUT", put, headers={"Content-Type": "text/plain"}, body=b"content")
    assert stored.status == 200
    got = await wire.send("GET", sign(emulator, private_key))
    assert (got.status, got.body) == (200, b"content")
    assert got.headers["Content-Type"] == "text/plain"
    as_attachment = sign(emulator, private_key, response_disposition="attachment")
    got = await wire.send("GET", as_attachment)
    assert got.headers["Content-Disposition"] == "attachment"
    assert (await wire.send("DELETE", sign(emulator, private_key, method="DELETE"))).status == 204
    assert (await wire.send("GET", f"/bucket/{quote(NAME)}")).status == 401


async def test_whatever_is_changed_is_noticed(
    signed: tuple[Emulator, WireClient], private_key: rsa.RSAPrivateKey
) -> None:
    emulator, wire = signed
    headers = {"x-goog-meta-colour": "blue"}
    url = sign(emulator, private_key, "object", method="PUT", headers=headers)

    async def put(method: str = "PUT", url: str = url, **changed: str) -> Answer:
        return await wire.send(method, url, headers=headers | changed, body=b"x")

    for answer in (
        await put(method="DELETE"),
        await put(url=url.replace("/object?", "/other?")),
        await put(url=url.replace("Expires=60", "Expires=61")),
        await put(url=url + "&userProject=p"),
        await put(**{"x-goog-meta-colour": "red"}),
        await put(url=url[:-2] + ("00" if url[-2:] != "00" else "11")),
    ):
        assert (answer.status, code(answer)) == (403, "SignatureDoesNotMatch")
        assert b"<CanonicalRequest>" in answer.body
    unsigned = await put(**{"x-goog-acl": "public-read"})
    assert (unsigned.status, code(unsigned)) == (400, "MalformedSecurityHeader")
    missing = await wire.send("PUT", url, body=b"x")
    assert (missing.status, code(missing)) == (400, "MalformedSecurityHeader")
    assert (await put()).status == 200


async def test_expiry(signed: tuple[Emulator, WireClient], private_key: rsa.RSAPrivateKey) -> None:
    emulator, wire = signed
    url = sign(emulator, private_key)
    emulator.clock.advance(50)
    assert (await wire.send("GET", url)).status == 404
    emulator.clock.advance(20)
    late = await wire.send("GET", url)
    assert (late.status, code(late)) == (400, "ExpiredToken")


async def test_a_signature_from_the_future(private_key: rsa.RSAPrivateKey) -> None:
    past = Clock(lambda: 1_000_000_000.0)
    async with Emulator(clock=past) as emulator, ClientSession() as session:
        emulator.register_key(EMAIL, public_pem(private_key))
        refused = await WireClient(emulator.url, session).send("GET", sign(emulator, private_key))
        assert (refused.status, code(refused)) == (403, "RequestTimeTooSkewed")


async def test_the_port_may_be_signed_or_not(
    emulator: Emulator, wire: WireClient, private_key: rsa.RSAPrivateKey
) -> None:
    emulator.register_key(EMAIL, public_pem(private_key))
    await wire.upload("object", b"content")
    here = urlsplit(emulator.url).netloc
    for host, status in ((here, 200), ("127.0.0.1", 200), ("127.0.0.2", 403)):
        url = sign(emulator, private_key, "object", api_access_endpoint=f"http://{host}")
        answer = await wire.send("GET", emulator.url + url.removeprefix(f"http://{host}"))
        assert answer.status == status


async def test_unknown_signers_are_403(emulator: Emulator, wire: WireClient) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    url = sign(emulator, key)
    refused = await wire.send("GET", url)
    assert (refused.status, code(refused)) == (403, "AccessDenied")
    told = await wire.send("POST", "/_emulator/keys", body={"email": EMAIL, "pem": public_pem(key)})
    assert told.json == {"email": EMAIL}
    assert (await wire.send("GET", url)).status == 404
    await emulator.reset()
    assert (await wire.send("GET", url)).status == 403


@pytest.mark.parametrize(
    "changed",
    [
        "X-Goog-Algorithm=GOOG4-X",
        "X-Goog-Credential=nobody",
        "X-Goog-Date=yesterday",
        "X-Goog-Expires=0",
        "X-Goog-Expires=604801",
        "X-Goog-SignedHeaders=x",
        "X-Goog-SignedHeaders=host%3Bbar",
        "X-Goog-Signature=xyz",
    ],
)
async def test_malformed_signatures_are_400(
    emulator: Emulator, wire: WireClient, private_key: rsa.RSAPrivateKey, changed: str
) -> None:
    emulator.register_key(EMAIL, public_pem(private_key))
    base, _, query = sign(emulator, private_key).partition("?")
    pairs = [
        part for part in query.split("&") if not part.startswith(changed.split("=", maxsplit=1)[0])
    ]
    refused = await wire.send("GET", f"{base}?{'&'.join([*pairs, changed])}")
    assert (refused.status, code(refused)) == (400, "InvalidArgument")


async def test_a_resumable_upload_by_a_signed_start(
    signed: tuple[Emulator, WireClient], private_key: rsa.RSAPrivateKey
) -> None:
    emulator, wire = signed
    url = sign(emulator, private_key, method="RESUMABLE")
    headers = {"x-goog-resumable": "start", "Content-Type": "a/b", "x-goog-meta-a": "1"}
    refused = await wire.send("POST", url, headers=headers)
    assert (refused.status, code(refused)) == (400, "MalformedSecurityHeader")
    del headers["x-goog-meta-a"]
    started = await wire.send("POST", url, headers=headers)
    assert started.status == 201
    done = await wire.send("PUT", started.headers["Location"], body=b"content")
    assert done.status == 200
    got = await wire.send("GET", sign(emulator, private_key))
    assert (got.body, got.headers["Content-Type"]) == (b"content", "a/b")


async def test_hmac_keys_sign_too(wire: WireClient, emulator: Emulator) -> None:
    path = "/storage/v1/projects/p/hmacKeys"
    made = (await wire.send("POST", path, serviceAccountEmail=EMAIL)).json
    access_id, secret = made["metadata"]["accessId"], made["secret"]
    await wire.upload("object", b"content")
    url = hmac_url(emulator, access_id, secret, "object")
    assert (await wire.send("GET", url)).body == b"content"
    wrong = await wire.send("GET", hmac_url(emulator, access_id, "wrong", "object"))
    assert (wrong.status, code(wrong)) == (403, "SignatureDoesNotMatch")
    await wire.send("PUT", f"{path}/{access_id}", body={"state": "INACTIVE"})
    assert (await wire.send("GET", url)).status == 403


def hmac_url(emulator: Emulator, access_id: str, secret: str, name: str) -> str:
    """Sign as the documentation describes it, by other means than the emulator's."""
    import hashlib  # noqa: PLC0415 - beside its only use
    import hmac  # noqa: PLC0415 - the same

    moment = dt.datetime.fromtimestamp(emulator.clock.seconds(), dt.UTC)
    day, date = f"{moment:%Y%m%d}", f"{moment:%Y%m%dT%H%M%SZ}"
    scope = f"{day}/auto/storage/goog4_request"
    query = (
        f"X-Goog-Algorithm=GOOG4-HMAC-SHA256&X-Goog-Credential={quote(f'{access_id}/{scope}', '')}"
        f"&X-Goog-Date={date}&X-Goog-Expires=60&X-Goog-SignedHeaders=host"
    )
    host = urlsplit(emulator.url).netloc
    canonical = f"GET\n/bucket/{name}\n{query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"GOOG4{secret}".encode()
    for word in (day, "auto", "storage", "goog4_request"):
        key = hmac.new(key, word.encode(), hashlib.sha256).digest()
    text = f"GOOG4-HMAC-SHA256\n{date}\n{scope}\n{digest}"
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    return f"{emulator.url}/bucket/{name}?{query}&X-Goog-Signature={signature}"


async def test_sign_blob(
    wire: WireClient, emulator: Emulator, private_key: rsa.RSAPrivateKey
) -> None:
    path = f"/v1/projects/-/serviceAccounts/{quote(EMAIL, safe='')}:signBlob"
    body = {"payload": base64.b64encode(b"to be signed").decode()}
    emulator.register_key(EMAIL, public_pem(private_key))
    assert (await wire.send("POST", path, body=body)).status == 404
    emulator.register_key(EMAIL, private_pem(private_key))
    answer = await wire.send("POST", path, body=body)
    assert answer.status == 200
    private_key.public_key().verify(
        base64.b64decode(answer.json["signedBlob"]),
        b"to be signed",
        padding.PKCS1v15(),
        hashes.SHA256(),
    )
    assert answer.json["keyId"]
    for wrong in ({}, {"payload": "%"}, {"payload": 1}):
        assert (await wire.send("POST", path, body=dict(wrong))).status == 400


async def test_the_default_account_signs_without_being_registered(
    wire: WireClient, emulator: Emulator
) -> None:
    path = "/computeMetadata/v1/instance/service-accounts/default/email"
    assert (await wire.send("GET", path)).status == 403
    asked = await wire.send("GET", path, headers={"Metadata-Flavor": "Google"})
    assert asked.headers["Metadata-Flavor"] == "Google"
    email = asked.body.decode()
    assert email == "default@emulator.iam.gserviceaccount.com"
    sign = f"/v1/projects/-/serviceAccounts/{quote(email)}:signBlob"
    body = {"payload": base64.b64encode(b"to be signed").decode()}
    answers = await asyncio.gather(*(wire.send("POST", sign, body=dict(body)) for _ in range(4)))
    signatures = {answer.json["signedBlob"] for answer in answers}
    assert len(signatures) == 1  # by one key, though four asked for it at once
    await emulator.reset()
    again = await wire.send("POST", sign, body=dict(body))
    assert {again.json["signedBlob"]} == signatures


async def test_a_key_that_is_registered_for_the_default_account_is_its_key(
    wire: WireClient, emulator: Emulator, private_key: rsa.RSAPrivateKey
) -> None:
    email = "default@emulator.iam.gserviceaccount.com"
    emulator.register_key(email, private_pem(private_key))
    sign = f"/v1/projects/-/serviceAccounts/{quote(email)}:signBlob"
    body = {"payload": base64.b64encode(b"to be signed").decode()}
    answer = await wire.send("POST", sign, body=body)
    private_key.public_key().verify(
        base64.b64decode(answer.json["signedBlob"]),
        b"to be signed",
        padding.PKCS1v15(),
        hashes.SHA256(),
    )


@pytest.mark.parametrize("pem", ["", "not a key", "-----BEGIN PRIVATE KEY-----\nxx"])
async def test_what_is_no_key_is_refused(emulator: Emulator, wire: WireClient, pem: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        emulator.register_key(EMAIL, pem)
    refused = await wire.send("POST", "/_emulator/keys", body={"email": EMAIL, "pem": pem})
    assert refused.status == 400
    assert (await wire.send("POST", "/_emulator/keys", body={"email": EMAIL})).status == 400


async def test_a_signature_is_verified_without_require_auth(
    emulator: Emulator, wire: WireClient, private_key: rsa.RSAPrivateKey
) -> None:
    emulator.register_key(EMAIL, public_pem(private_key))
    await wire.upload(NAME, b"content")
    url = await asyncio.to_thread(sign, emulator, private_key)
    assert (await wire.send("GET", url)).body == b"content"
    assert (await wire.send("PUT", url, body=b"x")).status == 403
    assert (await wire.send("GET", object_path(NAME))).status == 200
