"""Batches as bytes: the calls in a request's body, the answers in an answer's.

It refuses to know what the calls do.

https://cloud.google.com/storage/docs/batch
"""

import email.message
import email.parser
import re
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import cast

from aiohttp import web
from multidict import CIMultiDict

from storage_stream.emulator.integers import is_number
from storage_stream.emulator.problems import ApiError

MAX_CALLS = 100
MAX_BYTES = 10 * 1024 * 1024
"""Of the whole request; both by https://cloud.google.com/storage/docs/batch#overview"""

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_REQUEST_LINE = re.compile(r"([A-Z]+) (\S+)(?: HTTP/1\.[01])?")
_NEWLINE = b"\r\n"


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a batch.

    Attributes:
        content_id: of the part, as it was sent; `None` when it has none.
        target: path and query, percent-encoded.
    """

    content_id: str | None
    method: str
    target: str
    headers: CIMultiDict[str]
    body: bytes


def parse_calls(content_type: str, body: bytes) -> list[Call]:
    """Return the calls in order.

    Raises:
        ApiError: 400, it is not `multipart/mixed` of whole HTTP requests, or they are too many.
    """
    head = b"Content-Type: " + content_type.encode("latin-1", "replace") + _NEWLINE * 2
    message = email.parser.BytesParser().parsebytes(head + body)
    if message.get_content_type() != "multipart/mixed" or message.get_boundary() is None:
        raise _malformed("the type is not multipart/mixed with a boundary")
    parts = message.get_payload()
    if message.defects or isinstance(parts, str) or not parts:
        raise _malformed("it is not whole, or has no parts")
    if len(parts) > MAX_CALLS:
        message_text = f"The batch has {len(parts)} calls; {MAX_CALLS} are allowed."
        raise ApiError(400, "invalid", message_text)
    return [_call(part) for part in parts]


def format_answers(boundary: str, answers: Iterable[tuple[str | None, web.Response]]) -> bytes:
    """Return the body of the answer.

    Args:
        boundary: of the parts.
        answers: the `Content-ID` of each call, and what it was answered.
    """
    pieces: list[bytes] = []
    for content_id, answer in answers:
        pieces += [b"--", boundary.encode(), _NEWLINE, _part(content_id, answer), _NEWLINE]
    return b"".join([*pieces, b"--", boundary.encode(), b"--", _NEWLINE])


def _call(part: object) -> Call:
    if not isinstance(part, email.message.Message):
        raise _malformed("a part cannot be read")
    message = cast("email.message.Message[str, str]", part)
    if message.get_content_type() != "application/http":
        raise _malformed("a part is not application/http")
    content = message.get_payload(decode=True)
    if not isinstance(content, bytes):
        raise _malformed("a part holds no request")
    head, body = _split(content.lstrip())
    first, _, rest = head.partition(b"\n")
    match = _REQUEST_LINE.fullmatch(first.decode("latin-1").strip())
    if match is None:
        raise _malformed("a part does not start with a request line")
    headers = _headers(rest)
    content_id = message.get("Content-ID")
    return Call(content_id, match[1], _target(match[2]), headers, _whole(headers, body))


def _split(content: bytes) -> tuple[bytes, bytes]:
    end = _HEAD_END.search(content)
    return (content, b"") if end is None else (content[: end.start()], content[end.end() :])


def _headers(block: bytes) -> CIMultiDict[str]:
    parsed = email.parser.BytesHeaderParser().parsebytes(block + _NEWLINE * 2)
    return CIMultiDict((name, str(value).strip()) for name, value in parsed.items())


def _whole(headers: CIMultiDict[str], body: bytes) -> bytes:
    said = headers.get("Content-Length")
    if said is None:
        return body
    if not is_number(said) or int(said) > len(body):
        raise _malformed("the body of a call is shorter than its Content-Length")
    return body[: int(said)]


def _target(said: str) -> str:
    # Whole URLs are undefined behaviour by the documentation, yet Google's own client sends them.
    scheme, separator, rest = said.partition("://")
    if separator and scheme in {"http", "https"}:
        return "/" + rest.partition("/")[2]
    if not said.startswith("/"):
        raise _malformed("the target of a call is not a path")
    return said


def _part(content_id: str | None, answer: web.Response) -> bytes:
    body = answer.body if isinstance(answer.body, bytes | bytearray) else b""
    try:
        reason = HTTPStatus(answer.status).phrase
    except ValueError:
        reason = "Unknown"
    lines = ["Content-Type: application/http"]
    if content_id is not None:
        lines.append(f"Content-ID: {_answering(content_id)}")
    lines += ["", f"HTTP/1.1 {answer.status} {reason}"]
    headers = answer.headers.copy()
    headers["Content-Length"] = str(len(body))
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + bytes(body)


def _answering(content_id: str) -> str:
    inner = content_id.strip().removeprefix("<").removesuffix(">")
    return f"<response-{inner}>"


def _malformed(why: str) -> ApiError:
    return ApiError(400, "badContent", f"Malformed batch: {why}.")
