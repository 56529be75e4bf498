"""The emulator's own paths: retry tests, armed faults, the request log, counters.

`/retry_test` and `/retry_tests` are spoken by the testbench, too; everything else stands under
`/_emulator`, which cannot be a bucket's name. None of it is logged, harmed, or asks for a token.
"""

import json
import math
from collections.abc import Callable
from typing import Any, TypedDict, TypeGuard

from aiohttp import web

from storage_stream.emulator.access.admission import Admission
from storage_stream.emulator.access.signers import SignerBook
from storage_stream.emulator.access.visitors import is_asked_by_foreign_page
from storage_stream.emulator.clock import Clock
from storage_stream.emulator.faults.book import FaultBook, UnknownOperationError, UnknownTestError
from storage_stream.emulator.faults.words import UnknownWordError
from storage_stream.emulator.operations import Handler, control
from storage_stream.emulator.problems import ApiError, api_error, json_problems
from storage_stream.emulator.request_log import RequestLog


class Status(TypedDict):
    """What `GET /_emulator/status` answers."""

    open_connections: int
    unfinished_sessions: int
    unfinished_multipart_uploads: int
    requests: int
    require_auth: bool


def control_routes(
    log: RequestLog,
    faults: FaultBook,
    admission: Admission,
    status: Callable[[], Status],
) -> list[web.RouteDef]:
    """The routes by which one emulator is told and asked about itself."""
    return [
        *_retry_test_routes(faults),
        *_next_routes(faults),
        *_log_routes(log),
        web.get("/_emulator/status", _own(lambda _: _json(status()))),
        web.post("/_emulator/keys", _own_awaited(_register_with(admission.signers))),
        web.post("/_emulator/advance_clock", _own_awaited(_advance_by(admission.clock))),
        web.post("/_emulator/expire_tokens", _own(lambda _: _done(admission.tokens.expire_all))),
    ]


def _register_with(signers: SignerBook) -> Handler:
    async def register(request: web.Request) -> web.Response:
        document = await _document(request)
        email, pem = (
            (document.get("email"), document.get("pem")) if _is_object(document) else (None, None)
        )
        if not (isinstance(email, str) and isinstance(pem, str)):
            raise ApiError(400, "invalid", 'wanted: {"email": "…", "pem": "-----BEGIN …"}')
        try:
            signers.register(email, pem)
        except ValueError as error:
            raise ApiError(400, "invalid", f"pem: {error}") from error
        return _json({"email": email})

    return register


def _advance_by(clock: Clock) -> Handler:
    async def advance(request: web.Request) -> web.Response:
        document = await _document(request)
        seconds = document.get("seconds") if _is_object(document) else None
        if not isinstance(seconds, int | float) or not 0 <= seconds < math.inf:
            raise ApiError(400, "invalid", 'how far is wanted: {"seconds": 3600}')
        clock.advance(seconds)
        return _json({"now": clock.seconds()})

    return advance


def _retry_test_routes(faults: FaultBook) -> list[web.RouteDef]:
    async def create(request: web.Request) -> web.Response:
        instructions = _instructions(await _document(request))
        return _json(faults.state(faults.arm(instructions)))

    def show(request: web.Request) -> web.Response:
        return _json(faults.state(request.match_info["id"]))

    def end(request: web.Request) -> web.Response:
        faults.end(request.match_info["id"])
        return _json({})

    return [
        web.post("/retry_test", _own_awaited(create)),
        web.get("/retry_tests", _own(lambda _: _json({"retry_test": faults.states()}))),
        web.get("/retry_test/{id}", _own(show)),
        web.delete("/retry_test/{id}", _own(end)),
    ]


def _next_routes(faults: FaultBook) -> list[web.RouteDef]:
    async def arm(request: web.Request) -> web.Response:
        faults.arm_next(_instructions(await _document(request)))
        return _json({"instructions": faults.waiting()})

    def disarm(request: web.Request) -> web.Response:
        faults.forget_next(request.query.get("operation"))
        return _json({"instructions": faults.waiting()})

    return [
        web.post("/_emulator/arm_next", _own_awaited(arm)),
        web.get("/_emulator/arm_next", _own(lambda _: _json({"instructions": faults.waiting()}))),
        web.delete("/_emulator/arm_next", _own(disarm)),
    ]


def _log_routes(log: RequestLog) -> list[web.RouteDef]:
    def show(request: web.Request) -> web.Response:
        operation = request.query.get("operation")
        entries = log.select(operation=operation)
        return _json({"requests": [entry.document() for entry in entries]})

    return [
        web.get("/_emulator/requests", _own(show)),
        web.delete("/_emulator/requests", _own(lambda _: _done(log.clear))),
    ]


def _own(answer: Callable[[web.Request], web.Response]) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        return answer(request)

    return _own_awaited(handler)


def _own_awaited(handler: Handler) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        if is_asked_by_foreign_page(request):
            raise ApiError(403, "forbidden", "a page of another site may not use this emulator")
        try:
            return await handler(request)
        except (UnknownWordError, UnknownOperationError) as unknown:
            return api_error(400, "invalid", str(unknown))
        except UnknownTestError as unknown:
            return api_error(404, "notFound", str(unknown))

    return control(json_problems(answer))


async def _document(request: web.Request) -> Any:
    try:
        return json.loads(await request.read())
    except ValueError as error:
        raise ApiError(400, "parseError", f"the body is not JSON: {error}") from error


def _instructions(document: Any) -> dict[str, list[str]]:
    given = document.get("instructions") if _is_object(document) else None
    if not _is_object(given) or not all(_is_words(words) for words in given.values()):
        example = '{"instructions": {"storage.objects.get": ["return-503"]}}'
        raise ApiError(400, "invalid", f"instructions are lists of words by operation: {example}")
    return given


def _is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _is_words(value: Any) -> bool:
    return _is_list(value) and all(isinstance(word, str) for word in value)


def _is_list(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _done(act: Callable[[], None]) -> web.Response:
    act()
    return _json({})


def _json(content: Any) -> web.Response:
    return web.json_response(content)
