"""Answers read, by https://cloud.google.com/storage/docs/json_api/v1/status-codes."""

from __future__ import annotations

import json

import pytest

from storage_stream._protocol.http import Headers, Reply, ReplyHead
from storage_stream._protocol.replies import (
    error_of,
    is_success,
    parse_empty,
    parse_json,
    parse_nothing,
    without_secrets,
)
from storage_stream.errors import Forbidden, NotFound, ProtocolError, ResponseError, ServerError


def reply(status: int, body: bytes | str | object, reason: str = "") -> Reply:
    if not isinstance(body, bytes | str):
        body = json.dumps(body)
    raw = body.encode() if isinstance(body, str) else body
    return Reply(ReplyHead(status, reason, Headers([("x-a", "1"), ("Location", "secret")])), raw)


def error(status: int, body: bytes | str | object, reason: str = "") -> ResponseError:
    return error_of(reply(status, body, reason), method="GET", subject="gs://b/o")


@pytest.mark.parametrize(("status", "good"), [(199, False), (200, True), (299, True), (308, False)])
def test_success_is_a_2xx(status: int, good: bool) -> None:  # noqa: FBT001 - a table
    assert is_success(status) is good


def test_json_of_a_good_answer() -> None:
    assert parse_json(reply(200, {"name": "é"})) == {"name": "é"}
    parse_nothing(reply(204, b""))


@pytest.mark.parametrize("body", [b"", b" \r\n", b"{}", b"null\n"])
def test_nothing_is_said(body: bytes) -> None:
    parse_empty(reply(200, body))


@pytest.mark.parametrize("body", [b"<html>log in</html>", b'{"a": 1}', b"\xff"])
def test_a_page_is_no_success(body: bytes) -> None:
    with pytest.raises(ProtocolError, match="nothing was expected"):
        parse_empty(reply(200, body))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b'{"a": ',
        b"[]",
        b'"text"',
        b"null",
        b"\xff{}",
        b"[" * 100_000,
        b'{"a": ' + b"9" * 5000 + b"}",
    ],
    ids=["nothing", "html", "cut", "list", "text", "null", "not utf-8", "deep", "huge number"],
)
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(ProtocolError, match="a 200 answer"):
        parse_json(reply(200, body))


def test_the_services_example_of_an_error() -> None:
    body = {
        "error": {
            "errors": [
                {
                    "domain": "global",
                    "reason": "forbidden",
                    "message": "Access denied.",
                }
            ],
            "code": 403,
            "message": "Access denied.",
        }
    }
    refused = error(403, body)
    assert type(refused) is Forbidden
    assert (refused.status, refused.reason, refused.message) == (
        403, "forbidden", "Access denied."
    )  # fmt: skip
    assert (refused.method, refused.subject) == ("GET", "gs://b/o")
    assert str(refused) == "GET gs://b/o: 403 (forbidden): Access denied."


@pytest.mark.parametrize(
    ("body", "message", "reason"),
    [
        ({"error": {"message": "no", "status": "NOT_FOUND"}}, "no", "NOT_FOUND"),
        ({"error": {"message": "no", "errors": []}}, "no", "Not Found"),
        ({"error": {"message": "no", "errors": ["text"]}}, "no", "Not Found"),
        ({"error": {"errors": [{"reason": "gone"}]}}, "Not Found", "gone"),
        ({"error": "invalid_grant", "error_description": "x"}, "invalid_grant", "Not Found"),
        ({"error": 7}, "Not Found", "Not Found"),
        ({}, "Not Found", "Not Found"),
        ('{"error": ', "Not Found", "Not Found"),
        ('{"a":' * 100_000, "Not Found", "Not Found"),
        ("No such object: b/o", "No such object: b/o", "Not Found"),
        (
            (
                "<?xml version='1.0' encoding='UTF-8'?><Error><Code>NoSuchKey</Code>"
                "<Message>The specified key does not exist.</Message></Error>"
            ),
            "The specified key does not exist.",
            "NoSuchKey",
        ),
        ("<html><title>404</title></html>", "Not Found", "Not Found"),
        (b"\xff\xfe", "\ufffd\ufffd", "Not Found"),
        ("", "Not Found", "Not Found"),
    ],
)
def test_all_kinds_of_error_bodies(body: bytes | str | object, message: str, reason: str) -> None:
    refused = error(404, body, "Not Found")
    assert type(refused) is NotFound
    assert (refused.message, refused.reason) == (message, reason)


def test_an_error_without_any_explanation() -> None:
    assert error(503, b"").message == "no explanation"
    assert type(error(503, b"")) is ServerError
    named = error_of(reply(503, b""), method="GET", subject="gs://b", default_reason="backendError")
    assert named.reason == "backendError"


def test_headers_that_are_as_good_as_a_key_stay_outside() -> None:
    assert error(404, b"").headers == {"x-a": "1"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("bad access_token=ya29.A-b_c&x=1", "bad access_token=…&x=1"),
        ("Authorization: Bearer ya29.A-b_c/d+e== denied", "Authorization: Bearer … denied"),
        (
            "https://h/o?X-Goog-Signature=abc123&X-Goog-Credential=me%40p",
            "https://h/o?X-Goog-Signature=…&X-Goog-Credential=…",
        ),
        ("upload_id=ABPnzm'", "upload_id=…'"),
        ('got {"access_token": "ya29.A-b"}', 'got {"access_token": "…"}'),
        ("got {'refresh_token':'1//a', 'x': 1}", "got {'refresh_token':'…', 'x': 1}"),
        ("x-goog-encryption-key: QUJD= sent", "x-goog-encryption-key: … sent"),
        ("X-Goog-Copy-Source-Encryption-Key=QUJD", "X-Goog-Copy-Source-Encryption-Key=…"),
        ("x-goog-encryption-key-sha256: QUJD", "x-goog-encryption-key-sha256: QUJD"),
        ("Token ya29.A-b_c expired", "Token ya29.… expired"),
        ("got {'id_token':'eyJ.x','idToken': \"a\"}", "got {'id_token':'…','idToken': \"…\"}"),
        ('got {"assertion": "eyJhbGciOi.b.c"}', 'got {"assertion": "…"}'),
        ("grant_type=jwt&assertion=abc&x=1", "grant_type=jwt&assertion=…&x=1"),
        ("subject_token=abc", "subject_token=…"),
        ("the JWT eyJhbGciOi.eyJpc3Mi.c-_d is late", "the JWT eyJ… is late"),
        ("refresh 1//0gAbCdEf-x_y is revoked", "refresh 1//… is revoked"),
        (
            "-----BEGIN PRIVATE KEY-----\nMII\nxyz\n-----END PRIVATE KEY----- a",
            "-----BEGIN PRIVATE KEY-----… PRIVATE KEY----- a",
        ),
        ("-----BEGIN RSA PRIVATE KEY-----\\nMII", "-----BEGIN RSA PRIVATE KEY-----…"),
        ("Invalid assertion: no issuer", "Invalid assertion: no issuer"),
        ("Invalid value for key: a", "Invalid value for key: a"),
        ("no secret here", "no secret here"),
        ("x" * 600, "x" * 500),
    ],
)
def test_no_secret_stands_in_a_message(text: str, shown: str) -> None:
    assert without_secrets(text) == shown
    assert error(400, text).message == shown


def test_nor_in_a_reason_or_a_header_that_says_it_back() -> None:
    told = {"error": {"message": "no", "errors": [{"reason": "Bearer ya29.A-b"}]}}
    assert error(403, told).reason == "Bearer …"
    head = ReplyHead(403, "Bearer ya29.A-b", Headers([("x-echo", "Bearer ya29.A-b")]))
    refused = error_of(Reply(head), method="GET", subject="gs://b")
    assert (refused.message, refused.reason) == ("Bearer …", "Bearer …")
    assert refused.headers == {"x-echo": "Bearer …"}


@pytest.mark.parametrize(
    ("told", "shown"),
    [("\x1b[2Jgone\a", "\ufffd[2Jgone\ufffd"), ("a\r\nb\n\n c", "a b c"), ("\udcff", "\ufffd")],
    ids=["terminal", "lines", "surrogate"],
)
def test_a_message_is_one_line_that_can_be_printed(told: str, shown: str) -> None:
    assert error(400, {"error": {"message": told}}).message == shown
    head = ReplyHead(400, told, Headers([("x-a", told)]))
    refused = error_of(Reply(head), method="GET", subject="gs://b")
    assert (refused.message, refused.reason, refused.headers) == (shown, shown, {"x-a": shown})
