"""Faults that act on what an answer says: its hashes, its length, its JSON, its arrival.

This module refuses to know who made the answer and how it is sent.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

from aiohttp import web
from multidict import CIMultiDict

from storage_stream.emulator.faults.words import GarbleJson, LoseAnswer, ShortLength, WrongHash
from storage_stream.emulator.wire.exchange import Exchange
from storage_stream.emulator.wire.interruption import BodyInterrupted

Json: TypeAlias = "dict[str, Json] | list[Json] | str | float | bool | None"

HASH_HEADER = "x-goog-hash"
_HASH = re.compile(r"(crc32c|md5)=([A-Za-z0-9+/]+=*)")
_HASH_FIELDS = ("crc32c", "md5Hash")


def harm_answer(request: web.Request, answer: web.Response, exchange: Exchange) -> web.Response:
    """`answer` as the armed fault leaves it; the fault is spent only if it changes something.

    Raises:
        BodyInterrupted: the answer is lost.
    """
    match exchange.armed and exchange.armed.fault:
        case LoseAnswer(word=word, status=status) if _finishes(request, answer):
            if exchange.claim():
                raise BodyInterrupted(f"fault {word}", status=status)
        case WrongHash():
            _tell_wrong_hashes(answer, exchange)
        case ShortLength():
            _tell_short_size(answer, exchange)
        case GarbleJson() if answer.content_type == "application/json" and answer.body:
            if exchange.claim():
                body = _bytes(answer)
                _replace_body(answer, body[: len(body) // 2])
        case _:
            pass
    return answer


def wrong_hash_headers(headers: CIMultiDict[str]) -> CIMultiDict[str] | None:
    """A copy with wrong values in x-goog-hash; None if there are none to be wrong."""
    if HASH_HEADER not in headers:
        return None
    wrong: CIMultiDict[str] = CIMultiDict()
    for name, value in headers.items():
        is_hash = name.lower() == HASH_HEADER
        wrong.add(name, _HASH.sub(_wrong_match, value) if is_hash else value)
    return wrong


def _wrong_match(match: re.Match[str]) -> str:
    return f"{match[1]}={_wrong_hash(match[2])}"


def _wrong_hash(told: str) -> str:
    # The length stays, so that a client cannot tell the lie from its form.
    try:
        digest = base64.b64decode(told, validate=True)
    except binascii.Error:
        return told
    return base64.b64encode(bytes([digest[0] ^ 1]) + digest[1:]).decode()


def _finishes(request: web.Request, answer: web.Response) -> bool:
    # Losing the start of a resumable session loses nothing that was stored.
    starts_session = (
        request.query.get("uploadType") == "resumable" and "upload_id" not in request.query
    ) or request.headers.get("x-goog-resumable") == "start"
    return answer.status < 300 and not starts_session  # noqa: PLR2004 - the successes


def _tell_wrong_hashes(answer: web.Response, exchange: Exchange) -> None:
    headers = wrong_hash_headers(answer.headers)
    document = _json_of(answer)
    changed = _change_fields(document, _HASH_FIELDS, _wrong_hash)
    if (headers is None and not changed) or not exchange.claim():
        return
    if headers is not None:
        answer.headers.clear()
        answer.headers.extend(headers)
    if changed:
        _replace_body(answer, json.dumps(document).encode())


def _tell_short_size(answer: web.Response, exchange: Exchange) -> None:
    document = _json_of(answer)
    if _change_fields(document, ("size",), _one_less) and exchange.claim():
        _replace_body(answer, json.dumps(document).encode())


def _one_less(size: str) -> str:
    return str(max(0, int(size) - 1))


def _change_fields(document: Json, names: tuple[str, ...], change: Callable[[str], str]) -> bool:
    changed = False
    for holder in _objects_in(document):
        for name in names:
            told = holder.get(name)
            if isinstance(told, str):
                holder[name] = change(told)
                changed |= holder[name] != told
    return changed


def _objects_in(document: Json) -> Iterator[dict[str, Json]]:
    if isinstance(document, list):
        for part in document:
            yield from _objects_in(part)
    elif isinstance(document, dict):
        yield document
        for part in document.values():
            yield from _objects_in(part)


def _json_of(answer: web.Response) -> Json:
    if answer.content_type != "application/json" or not answer.body:
        return None
    document: Json = json.loads(_bytes(answer))
    return document


def _bytes(answer: web.Response) -> bytes:
    body = answer.body
    if not isinstance(body, bytes | bytearray):
        raise TypeError(f"an unsent answer holds bytes, not {type(body).__name__}")
    return bytes(body)


def _replace_body(answer: web.Response, body: bytes) -> None:
    answer.headers.popall("Content-Length", None)
    answer.body = body
