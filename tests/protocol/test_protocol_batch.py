"""https://cloud.google.com/storage/docs/batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from storage_stream._protocol import objects
from storage_stream._protocol.batch import MAX_BATCH_BYTES, batch_request, encode_call
from storage_stream._protocol.http import Headers, Reply, ReplyHead
from storage_stream._protocol.options import RequestOptions
from storage_stream.errors import InvalidArgument, ProtocolError

if TYPE_CHECKING:
    from storage_stream._protocol.operation import Operation


def of(*operations: Operation[Any]) -> Operation[dict[int, Reply]]:
    calls = {number: encode_call(operation) for number, operation in enumerate(operations)}
    return batch_request(calls, "b0", Headers([("authorization", "Bearer t")]))


def two() -> Operation[dict[int, Reply]]:
    return of(objects.delete_object("b", "x"), objects.delete_object("b", "y"))


def test_a_request_on_the_wire() -> None:
    options = RequestOptions(headers=(("x-a", "1"),), params=(("userProject", "p"),))
    call = of(
        objects.delete_object("b", "é/1").with_options(options),
        objects.patch_object("b", "o", {"contentType": "a/b"}),
    )
    assert (call.method, call.request.target) == ("POST", "/batch/storage/v1")
    assert call.headers.get("content-type") == "multipart/mixed; boundary=b0"
    assert call.headers.get("authorization") == "Bearer t"
    assert call.body == (
        b"--b0\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
        b"Content-ID: <0>\r\n\r\n"
        b"DELETE /storage/v1/b/b/o/%C3%A9%2F1?userProject=p HTTP/1.1\r\nx-a: 1\r\n\r\n\r\n"
        b"--b0\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
        b"Content-ID: <1>\r\n\r\n"
        b"PATCH /storage/v1/b/b/o/o HTTP/1.1\r\n"
        b"content-type: application/json; charset=UTF-8\r\ncontent-length: 22\r\n\r\n"
        b'{"contentType": "a/b"}\r\n'
        b"--b0--\r\n"
    )


def test_what_no_batch_takes() -> None:
    for operation in (
        objects.insert_media("b", "o", b"data", "a/b"),
        objects.patch_object("b", "o", {"metadata": {"k": "x" * MAX_BATCH_BYTES}}),
    ):
        with pytest.raises(InvalidArgument, match="batch"):
            encode_call(operation)


def test_it_may_be_repeated_when_all_its_calls_may() -> None:
    assert not two().is_idempotent
    assert of(objects.get_object("b", "x"), objects.delete_object("b", "y", 1)).is_idempotent


PART = b"Content-Type: application/http\r\nContent-ID: <response-%d>\r\n\r\n"


def answers(body: bytes, content_type: str = "multipart/mixed; boundary=xyz") -> dict[int, Reply]:
    head = ReplyHead(200, headers=Headers([("content-type", content_type)]))
    return two().parse(Reply(head, body))


def part(number: int, http: bytes) -> bytes:
    return b"--xyz\r\n" + PART % number + http + b"\r\n"


NO_CONTENT = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"
MISSING = b'HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\n\r\n{"error": {}}\r\n'


@pytest.mark.parametrize(
    "content_type",
    ["multipart/mixed; boundary=xyz", 'multipart/mixed; Boundary="xyz"; charset=UTF-8'],
)
def test_answers_in_any_order(content_type: str) -> None:
    body = b"preamble\r\n" + part(1, MISSING) + part(0, NO_CONTENT) + b"--xyz--\r\n"
    found = answers(body, content_type)
    assert (found[0].status, found[0].body) == (204, b"")
    assert found[0].head.reason == "No Content"
    assert (found[1].status, found[1].body) == (404, b'{"error": {}}\r\n')
    assert found[1].headers.get("content-type") == "application/json"


def test_answers_without_numbers_are_taken_by_place() -> None:
    plain = b"--xyz\r\nContent-Type: application/http\r\n\r\n"
    parts = [plain + http.rstrip() for http in (NO_CONTENT, MISSING, MISSING)]
    body = b"\r\n".join(parts[:2])
    with pytest.raises(ProtocolError, match="breaks off"):
        answers(body + b"--xyz--")  # the end stands in a line of its own
    found = answers(body + b"\r\n--xyz--")
    assert [found[0].status, found[1].status, len(found)] == [204, 404, 2]
    for count in (1, 3):  # whose they are nobody can tell
        assert answers(b"\r\n".join([*parts[:count], b"--xyz--"])) == {}


@pytest.mark.parametrize(
    "garbage",
    [b"hello", b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}"],
)
def test_a_part_that_cannot_be_read_is_missing(garbage: bytes) -> None:
    body = part(0, garbage) + part(1, NO_CONTENT) + b"--xyz--"
    assert {number: reply.status for number, reply in answers(body).items()} == {1: 204}


def test_a_body_ends_where_its_length_says() -> None:
    body = part(0, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}\r\n") + b"--xyz--"
    assert answers(body)[0].body == b"{}"


def test_no_key_and_no_token_is_shown() -> None:
    options = RequestOptions(headers=(("x-goog-encryption-key", "secret"),))
    call = encode_call(objects.delete_object("b", "o").with_options(options))
    assert b"secret" in call.content
    assert "secret" not in repr(call)


def test_lines_may_end_with_lf_alone() -> None:
    body = (part(0, NO_CONTENT) + part(1, MISSING) + b"--xyz--").replace(b"\r\n", b"\n")
    assert [reply.status for reply in answers(body).values()] == [204, 404]


def test_a_status_line_and_nothing_else() -> None:
    body = part(0, b"HTTP/1.1 204") + part(7, MISSING) + b"--xyz--"
    assert {number: reply.status for number, reply in answers(body).items()} == {0: 204}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (part(0, NO_CONTENT) + b"--xyz--", "application/json"),
        (part(0, NO_CONTENT) + b"--xyz--", ""),
        (part(0, NO_CONTENT), "multipart/mixed; boundary=xyz"),
        (b"", "multipart/mixed; boundary=xyz"),
    ],
)
def test_an_answer_that_is_none(body: bytes, content_type: str) -> None:
    with pytest.raises(ProtocolError, match="batch"):
        answers(body, content_type)
