"""Up to 100 calls in one request: `multipart/mixed`, each part a request or an answer of its own.

https://cloud.google.com/storage/docs/batch. The calls are numbered by `Content-ID`, and an answer
says which call it is of; one that does not is taken by its place, where all are there. Bytes of
objects cannot travel so, and the calls of one batch are carried out in any order.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from storage_stream._protocol.http import Headers, Reply, ReplyHead
from storage_stream._protocol.operation import Idempotence, Operation
from storage_stream.errors import InvalidArgument, ProtocolError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["MAX_BATCH_BYTES", "MAX_CALLS", "EncodedCall", "batch_request", "encode_call"]

MAX_CALLS = 100  # https://cloud.google.com/storage/docs/batch
MAX_BATCH_BYTES = 9_000_000  # the service takes less than 10 MB; the rest is for the frame

_PATH = "/batch/storage/v1"
_BOUNDARY = re.compile(r'boundary="?([^";,\s]+)"?', re.IGNORECASE)
_STATUS_LINE = re.compile(rb"HTTP/\d(?:\.\d)? (\d{3})(?: ([^\r\n]*))?\Z")
_RESPONSE_ID = re.compile(r"response-(\d{1,9})>?\s*\Z")


@dataclass(frozen=True, slots=True)
class EncodedCall:
    """A call as the bytes that stand in a batch.

    Attributes:
        operation: The call.
        content: The bytes of its request; a key or a token of the caller's may stand in them.
    """

    operation: Operation[Any]
    content: bytes = field(repr=False)


def encode_call(operation: Operation[Any]) -> EncodedCall:
    """The bytes of a call.

    Raises:
        InvalidArgument: It moves bytes of objects, or is too large for any batch.
    """
    request = operation.request
    if not isinstance(request.body, bytes) or not request.target.startswith("/storage/v1/"):
        raise InvalidArgument(f"{operation.name} cannot be part of a batch")
    lines = [f"{request.method} {request.target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in request.headers]
    if request.body:
        lines.append(f"content-length: {len(request.body)}")
    content = ("\r\n".join(lines) + "\r\n\r\n").encode() + request.body
    if len(content) > MAX_BATCH_BYTES:
        raise InvalidArgument(f"{operation.name} has {len(content)} bytes, too many for a batch")
    return EncodedCall(operation, content)


def batch_request(
    calls: Mapping[int, EncodedCall], boundary: str, headers: Headers
) -> Operation[dict[int, Reply]]:
    """A request that carries calls; its result is the answers by the numbers of their calls.

    Args:
        calls: The calls by number.
        boundary: Letters and digits that do not occur in the calls; random ones.
        headers: Of the request itself.
    """
    body = bytearray()
    for number, call in calls.items():
        body += (
            f"--{boundary}\r\nContent-Type: application/http\r\n"
            f"Content-Transfer-Encoding: binary\r\nContent-ID: <{number}>\r\n\r\n"
        ).encode()
        body += call.content + b"\r\n"
    body += f"--{boundary}--\r\n".encode()
    order = list(calls)
    repeatable = all(call.operation.is_idempotent for call in calls.values())
    return Operation(
        "storage.batch",
        "POST",
        _PATH,
        lambda reply: _parse_answers(reply, order),
        f"a batch of {len(calls)} calls",
        headers=headers.replaced([("content-type", f"multipart/mixed; boundary={boundary}")]),
        body=bytes(body),
        idempotence=Idempotence.ALWAYS if repeatable else Idempotence.NEVER,
    )


def _parse_answers(reply: Reply, order: Sequence[int]) -> dict[int, Reply]:
    """The answers by number; a call that got none, or none that can be read, is missing.

    Raises:
        ProtocolError: It is not an answer to a batch.
    """
    found = _BOUNDARY.search(reply.headers.get("content-type") or "")
    if found is None:
        raise ProtocolError("the answer to a batch has no parts")
    parts = _parts(reply.body, found[1].encode())
    # Where one is left out, all behind it would be taken for another's.
    places: Sequence[int | None] = order if len(parts) == len(order) else [None] * len(parts)
    answers: dict[int, Reply] = {}
    for part, place in zip(parts, places, strict=True):
        head, content = _split_head(part)
        number, answer = _number(head, place), _answer(content)
        if number is not None and number in order and answer is not None:
            answers[number] = answer
    return answers


def _parts(body: bytes, boundary: bytes) -> list[bytes]:
    """What stands between the boundaries; all of it must be there (RFC 2046 §5.1.1)."""
    delimiter = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?:\r?\n|\Z)")
    marks = list(delimiter.finditer(body))
    if not marks or marks[-1][1] is None:
        raise ProtocolError("the answer to a batch breaks off")
    return [body[first.end() : second.start()] for first, second in itertools.pairwise(marks)]


def _split_head(content: bytes) -> tuple[bytes, bytes]:
    end = re.search(rb"\r?\n\r?\n", content)
    return (content, b"") if end is None else (content[: end.start()], content[end.end() :])


def _number(head: bytes, by_place: int | None) -> int | None:
    said = _headers(head.splitlines()).get("content-id")
    found = _RESPONSE_ID.search(said) if said is not None else None
    return by_place if found is None else int(found[1])


def _answer(content: bytes) -> Reply | None:
    """What one part says; None when it is no answer, or breaks off."""
    head, body = _split_head(content)
    status_line, *lines = head.splitlines() or [b""]
    found = _STATUS_LINE.match(status_line)
    if found is None:
        return None
    reason = (found[2] or b"").decode("latin-1").strip()
    inner = ReplyHead(int(found[1]), reason, _headers(lines))
    length = inner.content_length
    if length is not None and len(body) < length:
        return None
    return Reply(inner, body[:length])


def _headers(lines: Sequence[bytes]) -> Headers:
    pairs = (line.decode("latin-1").partition(":") for line in lines)
    return Headers((name.strip(), value.strip()) for name, colon, value in pairs if colon)
