"""Bodies of answers: JSON of every operation, parts of a batch, XML, refusals, gzip."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest
from fuzzing import anything_of_json, bent, fuzz, nested, value_or_error
from hypothesis import example, given
from hypothesis import strategies as st

from storage_stream._protocol import (
    batch,
    buckets,
    compose,
    iam,
    iam_credentials,
    notifications,
    object_changes,
    objects,
    projects,
    rewrite,
    xml_multipart,
)
from storage_stream._protocol.gunzip import Gunzipper
from storage_stream._protocol.http import Headers, Reply, ReplyHead
from storage_stream._protocol.object_stat import ObjectStat
from storage_stream._protocol.pages import name_of
from storage_stream._protocol.replies import error_of
from storage_stream._protocol.whole_insert import made_as_sent
from storage_stream.errors import ContentDecodingError, ProtocolError, ResponseError, StorageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from storage_stream._protocol.operation import Operation


class Part:
    length = 4

    async def chunks(self) -> AsyncIterator[bytes]:
        yield b"data"


TARGET = xml_multipart.MultipartTarget("bucket", "name", "upload")

OPERATIONS: dict[str, Operation[Any]] = {
    "get": objects.get_object("bucket", "name"),
    "list": objects.list_page("bucket", ()),
    "raw list": objects.list_raw("bucket"),
    "patch": objects.patch_object("bucket", "name", {}),
    "insert": objects.insert_media("bucket", "name", b"data", "text/plain"),
    "delete": objects.delete_object("bucket", "name"),
    "compose": compose.compose_object("bucket", "name", compose.sources_of(["a", "b"]), {}),
    "rewrite": rewrite.rewrite_object(rewrite.Rewrite("a", "b", "c", "d")),
    "move": object_changes.move_object("bucket", "a", "b"),
    "bucket": buckets.get_bucket("bucket"),
    "buckets": buckets.list_buckets("project"),
    "policy": iam.get_policy("bucket"),
    "permissions": iam.check_permissions("bucket", ["storage.objects.get"]),
    "notifications": notifications.list_notifications("bucket"),
    "account": projects.get_service_account("project"),
    "hmac key": projects.create_hmac_key("project", "a@b.c"),
    "hmac keys": projects.list_hmac_keys("project"),
    "signature": iam_credentials.sign_blob("a@b.c", b"data"),
    "email": iam_credentials.own_email(),
    "multipart": xml_multipart.start_upload("bucket", "name", ()),
    "part": xml_multipart.upload_part(TARGET, 1, Part(), crc32c=0),
    "parts": xml_multipart.list_parts(TARGET),
    "completed": xml_multipart.complete_upload(TARGET, [(1, "etag")]),
}
KEYS = [
    *("items", "prefixes", "nextPageToken", "name", "size", "generation", "metageneration"),
    *("crc32c", "md5Hash", "updated", "timeCreated", "metadata", "etag", "done", "resource"),
    *("rewriteToken", "totalBytesRewritten", "objectSize", "permissions", "email_address"),
    *("secret", "signedBlob", "error", "errors", "reason", "message", "contentEncoding"),
]
BODIES = (
    anything_of_json(KEYS).map(lambda value: json.dumps(value).encode())
    | bent([b'{"items": [{"name": "a", "size": "5"}], "nextPageToken": "x"}', b"{}", b""])
    | st.binary(max_size=60)
)


def consumed(result: Any) -> None:
    """What the client does with a result, besides handing it out."""
    items = getattr(result, "items", None)
    for item in items if isinstance(items, list) else [result]:
        if isinstance(item, dict):
            value_or_error(lambda item=item: ObjectStat.of(item))  # type: ignore[misc]  # bound
            value_or_error(lambda item=item: name_of(item))  # type: ignore[misc]  # bound


@pytest.mark.parametrize("name", OPERATIONS)
@fuzz(60)
@given(BODIES)
@example(b"\xff\xfe{\x00}\x00")
@example(b'{"size": ' + b"9" * 5000 + b"}")
@example(b'{"a": NaN, "items": 1e999}')
def test_a_good_answer(name: str, body: bytes) -> None:
    headers = Headers([("etag", '"e"'), ("x-goog-hash", "crc32c=AAAAAA==")])
    outcome = value_or_error(
        lambda: OPERATIONS[name].parse(Reply(ReplyHead(200, "", headers), body))
    )
    if isinstance(outcome, StorageError):
        assert isinstance(outcome, ProtocolError | ResponseError) or name == "part"
    else:
        consumed(outcome)


@pytest.mark.parametrize("body", nested(100_000), ids=["lists", "objects", "open", "spaces"])
@pytest.mark.parametrize("name", ["get", "list", "rewrite", "signature"])
def test_documents_that_are_only_depth(name: str, body: bytes) -> None:
    value_or_error(lambda: OPERATIONS[name].parse(Reply(ReplyHead(200), body)))


@fuzz(200)
@given(st.integers(300, 599), BODIES, st.text(max_size=10))
def test_a_refusal_is_always_an_error(status: int, body: bytes, reason: str) -> None:
    error = error_of(
        Reply(ReplyHead(status, reason), body), method="GET", subject="gs://bucket/name"
    )
    assert isinstance(error, ResponseError)
    assert error.status == status
    assert len(str(error)) < 2000
    assert str(error).isprintable()


@fuzz(200)
@given(BODIES, st.text(max_size=12))
def test_the_answer_to_a_whole_insert(body: bytes, crc32c: str) -> None:
    made = made_as_sent(ReplyHead(200), body, crc32c, 5)
    assert made is None or isinstance(made, dict)


# -- a batch -----------------------------------------------------------------------------------

ANSWER = (
    b"--b\r\nContent-Type: application/http\r\nContent-ID: <response-1>\r\n\r\n"
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}\r\n"
    b"--b\r\nContent-Type: application/http\r\nContent-ID: <response-2>\r\n\r\n"
    b"HTTP/1.1 404 Not Found\r\n\r\n\r\n--b--\r\n"
)
BATCH = batch.batch_request(
    {number: batch.encode_call(OPERATIONS["delete"]) for number in (1, 2)}, "ours", Headers()
)


@fuzz(400)
@given(
    bent([ANSWER]),
    st.sampled_from(["multipart/mixed; boundary=b", 'multipart/mixed; boundary="b"', "text/html"])
    | st.text(max_size=30),
)
def test_the_answer_to_a_batch(body: bytes, content_type: str) -> None:
    head = ReplyHead(200, "", Headers([("content-type", content_type)]))
    answers = value_or_error(lambda: BATCH.parse(Reply(head, body)))
    if not isinstance(answers, StorageError):
        assert answers.keys() <= {1, 2}
        assert all(100 <= answer.status <= 999 for answer in answers.values())
        for answer in answers.values():
            value_or_error(lambda answer=answer: OPERATIONS["delete"].parse(answer))  # type: ignore[misc]  # bound


def test_an_answer_of_many_boundaries_takes_no_longer_than_its_length() -> None:
    head = ReplyHead(200, "", Headers([("content-type", "multipart/mixed; boundary=b")]))
    body = b"--b\r\n" * 200_000 + b"--b--"
    value_or_error(lambda: BATCH.parse(Reply(head, body)))
    body = b"\r\n--b" + b" \t" * 300_000 + b"x"
    value_or_error(lambda: BATCH.parse(Reply(head, body)))


# -- XML ---------------------------------------------------------------------------------------

STARTED = (
    b"<?xml version='1.0' encoding='UTF-8'?><InitiateMultipartUploadResult xmlns='http://s3/'>"
    b"<Bucket>bucket</Bucket><Key>name</Key><UploadId>VXBsb2Fk</UploadId>"
    b"</InitiateMultipartUploadResult>"
)
PARTS = (
    b"<ListPartsResult><IsTruncated>true</IsTruncated><NextPartNumberMarker>2"
    b"</NextPartNumberMarker><Part><PartNumber>1</PartNumber><ETag>&quot;e&quot;</ETag>"
    b"<Size>5</Size><LastModified>2024-01-01T00:00:00Z</LastModified></Part></ListPartsResult>"
)
COMPLETED = b"<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>"
DOCUMENTS = [STARTED, PARTS, COMPLETED]


@pytest.mark.parametrize("name", ["multipart", "parts", "completed"])
@fuzz(150)
@given(bent(DOCUMENTS), st.text(max_size=20))
def test_xml(name: str, body: bytes, date: str) -> None:
    headers = Headers([("date", date), ("x-goog-generation", date)])
    outcome = value_or_error(
        lambda: OPERATIONS[name].parse(Reply(ReplyHead(200, "", headers), body))
    )
    assert not isinstance(outcome, StorageError) or isinstance(outcome, ProtocolError)


LAUGHS = (
    b"<!DOCTYPE x [<!ENTITY a 'ha'>"
    + b"".join(b"<!ENTITY %c '%s'>" % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]><ListPartsResult><IsTruncated>&j;</IsTruncated></ListPartsResult>"
)


@pytest.mark.parametrize(
    "body",
    [
        LAUGHS,
        LAUGHS.decode().encode("utf-16"),
        b"<!DOCTYPE x SYSTEM 'file:///etc/passwd'><ListPartsResult/>",
        b"<!doctype x><ListPartsResult/>",
        b"<ListPartsResult>" + b"<a>" * 200_000,
        b"<ListPartsResult " + b"a='b' " * 100_000 + b"/>",
    ],
    ids=["laughs", "utf-16", "outside", "small letters", "open", "attributes"],
)
def test_xml_that_grows_or_reaches_out(body: bytes) -> None:
    outcome = value_or_error(lambda: OPERATIONS["parts"].parse(Reply(ReplyHead(200), body)))
    assert isinstance(outcome, ProtocolError)


def test_xml_that_is_only_depth_says_nothing() -> None:
    body = b"<ListPartsResult>" + b"<a>" * 100_000 + b"</a>" * 100_000 + b"</ListPartsResult>"
    outcome = value_or_error(lambda: OPERATIONS["parts"].parse(Reply(ReplyHead(200), body)))
    assert isinstance(outcome, StorageError) or not outcome.parts


# -- gzip --------------------------------------------------------------------------------------

ZIPPED = [gzip.compress(b"data" * 100, mtime=0), gzip.compress(b"", mtime=0) * 3]


@fuzz(300)
@given(bent(ZIPPED) | st.binary(max_size=60), st.integers(1, 50))
def test_gzip(data: bytes, step: int) -> None:
    gunzip, given_out = Gunzipper(max_output_bytes=1 << 20), 0

    def read() -> int:
        nonlocal given_out
        for at in range(0, len(data), step):
            gunzip.feed(data[at : at + step])
            while gunzip.pending:
                given_out += len(gunzip.decompress(gunzip.next_gulp()))
        gunzip.finish()
        return given_out

    outcome = value_or_error(read)
    assert not isinstance(outcome, StorageError) or isinstance(outcome, ContentDecodingError)
