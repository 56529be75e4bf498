"""Signing by IAM, as requests and answers."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol_profiles import examples, patience

from storage_stream._protocol.http import Headers, Reply, ReplyHead
from storage_stream._protocol.iam_credentials import own_email, sign_blob, signature_of
from storage_stream.errors import InvalidArgument, ProtocolError

pytestmark = patience

EMAIL = "a-b@p.iam.gserviceaccount.com"


def test_signing_is_asked_for() -> None:
    operation = sign_blob(EMAIL, b"\xff\xfe")
    assert operation.is_idempotent
    assert operation.request.method == "POST"
    assert operation.request.target == f"/v1/projects/-/serviceAccounts/{EMAIL}:signBlob"
    assert isinstance(operation.body, bytes)
    assert json.loads(operation.body) == {"payload": "//4="}


def test_by_way_of_others() -> None:
    body = sign_blob(EMAIL, b"x", ["one@p.x", "two@p.x"]).body
    assert isinstance(body, bytes)
    assert json.loads(body)["delegates"] == [
        "projects/-/serviceAccounts/one@p.x",
        "projects/-/serviceAccounts/two@p.x",
    ]


@pytest.mark.parametrize("email", ["", "me", "a/b@c", "a@b?c"])
def test_no_account(email: str) -> None:
    with pytest.raises(InvalidArgument):
        sign_blob(email, b"x")
    with pytest.raises(InvalidArgument):
        sign_blob(EMAIL, b"x", [email])


@examples(100)
@given(st.binary(min_size=1, max_size=300))
def test_the_signature_comes_out_of_either_alphabet(signature: bytes) -> None:
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        body = json.dumps({"keyId": "1", "signedBlob": encode(signature).decode()}).encode()
        assert sign_blob(EMAIL, b"x").parse(Reply(ReplyHead(200), body)) == signature


@pytest.mark.parametrize(
    "answer", [{}, {"signedBlob": ""}, {"signedBlob": None}, {"signedBlob": "!"}, {"signedBlob": 5},
               {"signedBlob": "abc"}, {"signedBlob": "ä"}, None, []],
)  # fmt: skip
def test_an_answer_without_a_signature(answer: Any) -> None:
    with pytest.raises(ProtocolError, match="no signature"):
        signature_of(answer)


def test_an_answer_that_is_no_json() -> None:
    with pytest.raises(ProtocolError):
        sign_blob(EMAIL, b"x").parse(Reply(ReplyHead(200), b"<html>"))


def of_the_machine(body: bytes, flavor: str | None = "Google") -> str:
    headers = Headers([] if flavor is None else [("Metadata-Flavor", flavor)])
    return own_email().parse(Reply(ReplyHead(200, headers=headers), body))


def test_the_machine_is_asked() -> None:
    request = own_email().request
    assert request.method == "GET"
    assert request.target == "/computeMetadata/v1/instance/service-accounts/default/email"
    assert request.headers.get("Metadata-Flavor") == "Google"
    assert of_the_machine(b"a@b.c\n") == "a@b.c"


@pytest.mark.parametrize("flavor", [None, "Mint"])
def test_somebody_else_answers(flavor: str | None) -> None:
    with pytest.raises(ProtocolError, match="not a metadata server"):
        of_the_machine(b"a@b.c", flavor)


@pytest.mark.parametrize("body", [b"", b"default", b"\xff@b.c", b"<html>"])
def test_the_machine_gives_no_address(body: bytes) -> None:
    with pytest.raises(ProtocolError, match="no e-mail"):
        of_the_machine(body)
