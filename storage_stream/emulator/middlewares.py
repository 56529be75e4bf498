"""What happens around every handler: the log, the faults, the tokens.

The order is the order of a real front end: a request is seen, may be harmed, must show its token,
and is served. This module refuses to know what is served.
"""

from types import MappingProxyType

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from storage_stream.emulator.access.admission import Admission, unauthorized
from storage_stream.emulator.faults.answers import harm_answer
from storage_stream.emulator.faults.book import FaultBook, UnknownTestError
from storage_stream.emulator.faults.harmed_sending import send_bytes_harmed
from storage_stream.emulator.faults.words import (
    BreakStream,
    Cut,
    FlipBit,
    Pass,
    Refuse,
    Reset,
    Stall,
    Trickle,
    UnknownWordError,
)
from storage_stream.emulator.json_api.batch import ServeCall
from storage_stream.emulator.operations import is_control, operation_of
from storage_stream.emulator.problems import api_error
from storage_stream.emulator.request_log import Entry, RequestLog
from storage_stream.emulator.wire.connection import drop_connection
from storage_stream.emulator.wire.exchange import Exchange, begin_exchange
from storage_stream.emulator.wire.interruption import BodyInterrupted, Ending

HOUSEKEEPING_HEADER = "x-emulator-housekeeping"

_REASONS = MappingProxyType(
    {
        400: "invalid",
        401: "authError",
        403: "forbidden",
        404: "notFound",
        408: "requestTimeout",
        410: "gone",
        412: "conditionNotMet",
        429: "rateLimitExceeded",
        500: "internalError",
        502: "badGateway",
        503: "backendError",
        504: "gatewayTimeout",
    }
)
"""https://cloud.google.com/storage/docs/json_api/v1/status-codes"""


def around(
    log: RequestLog, faults: FaultBook, admission: Admission, *, housekeeping: str
) -> Middleware:
    """The middleware that stands around every handler.

    Args:
        log: gets an entry for every request to the service.
        faults: tells which fault a request may meet.
        admission: judges who comes in.
        housekeeping: the value of `HOUSEKEEPING_HEADER` by which a test's own requests, that look
            after its data, stay out of all this.
    """

    @web.middleware
    async def serve(request: web.Request, handler: Handler) -> web.StreamResponse:
        if is_control(request) or request.headers.get(HOUSEKEEPING_HEADER) == housekeeping:
            return await handler(request)
        path, _, query = request.raw_path.partition("?")
        entry = log.begin(request.method, path, query, request.headers)
        exchange = begin_exchange(request, entry)
        try:
            return await _answered(request, handler, exchange, faults, admission)
        except BodyInterrupted as interrupted:
            drop_connection(request, interrupted.ending)
            # Never sent: the connection is closing, and aiohttp wants something to be returned.
            return web.Response(status=499)
        finally:
            log.finish(entry)

    return serve


def around_calls(faults: FaultBook, admission: Admission, *, housekeeping: str) -> ServeCall:
    """What stands around every call of a batch.

    Args:
        faults: tells which fault a call may meet.
        admission: judges who comes in.
        housekeeping: as for `around`.
    """

    async def serve(request: web.Request, batch: Entry, body: bytes) -> web.StreamResponse:
        path, _, query = request.raw_path.partition("?")
        number = len(batch.calls) + 1
        entry = Entry(number, request.method, path, query, request.headers)
        exchange = begin_exchange(request, entry, body=body)
        handler = request.match_info.handler
        try:
            if request.headers.get(HOUSEKEEPING_HEADER) == housekeeping:
                return await handler(request)
            batch.calls.append(entry)
            return await _answered(request, handler, exchange, faults, admission)
        except web.HTTPException as refusal:
            return api_error(refusal.status, "notFound", refusal.reason)
        finally:
            entry.finish()

    return serve


async def _answered(
    request: web.Request,
    handler: Handler,
    exchange: Exchange,
    faults: FaultBook,
    admission: Admission,
) -> web.StreamResponse:
    entry = exchange.entry
    exchange.ahead_seconds = lambda: admission.clock.ahead_seconds
    try:
        entry.operation = operation_of(request)
        answer = await _meet(request, handler, exchange, faults, admission)
    except BodyInterrupted as interrupted:
        if interrupted.status is None:
            raise
        answer = _refusal(interrupted.status, str(interrupted))
    except web.HTTPException as refusal:
        entry.status = refusal.status
        raise
    except Exception:
        entry.status = 500
        raise
    _note(entry, answer)
    return answer


async def _meet(
    request: web.Request,
    handler: Handler,
    exchange: Exchange,
    faults: FaultBook,
    admission: Admission,
) -> web.StreamResponse:
    try:
        exchange.armed = faults.armed_for(request.headers, exchange.entry.operation)
    except (UnknownWordError, UnknownTestError) as unknown:
        return api_error(400, "invalid", str(unknown))
    if (refused := _before(exchange)) is not None:
        return refused
    if (refused := admission.refusal_of(request)) is not None:
        return refused
    answer = await handler(request)
    if exchange.armed is None or answer.prepared or not isinstance(answer, web.Response):
        return answer
    return await _after(request, answer, exchange)


def _before(exchange: Exchange) -> web.Response | None:
    match exchange.armed and exchange.armed.fault:
        case Pass():
            exchange.claim()
        case Reset(word=word) if exchange.claim():
            raise BodyInterrupted(f"fault {word}", ending=Ending.RST)
        case Refuse(word=word, status=status, retry_after=delay) if exchange.claim():
            if status == web.HTTPUnauthorized.status_code:
                return unauthorized(f"fault {word}")
            refusal = _refusal(status, f"fault {word}")
            if delay is not None:
                refusal.headers["Retry-After"] = str(delay)
            return refusal
        case _:
            pass
    return None


async def _after(
    request: web.Request, answer: web.Response, exchange: Exchange
) -> web.StreamResponse:
    if answer.status >= 300:  # noqa: PLR2004 - what was refused or unfinished is left as it is
        return answer
    match exchange.armed and exchange.armed.fault:
        case BreakStream() | Cut() | Stall() | FlipBit() | Trickle() if exchange.body is not None:
            return answer  # a call in a batch has no stream of its own to be harmed
        case BreakStream():
            return await send_bytes_harmed(request, answer)
        case Cut() | Stall() | FlipBit() | Trickle():
            # Positions are in the object: the JSON that answers an upload holds none of its bytes.
            if exchange.entry.operation == "storage.objects.insert":
                return answer
            return await send_bytes_harmed(request, answer)
        case _:
            return harm_answer(request, answer, exchange)


def _refusal(status: int, message: str) -> web.Response:
    return api_error(status, _REASONS.get(status, "backendError"), message)


def _note(entry: Entry, answer: web.StreamResponse) -> None:
    if answer.prepared or not isinstance(answer, web.Response):
        return
    entry.status = answer.status
    if isinstance(answer.body, bytes | bytearray) and entry.method != "HEAD":
        entry.bytes_out = len(answer.body)
