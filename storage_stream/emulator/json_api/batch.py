"""Batches of the JSON API: up to a hundred calls in one request, each answered on its own.

A call goes through the same routes, faults and tokens as a request of its own; it is logged below
the entry of the batch.

https://cloud.google.com/storage/docs/batch
"""

import secrets
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs, urlsplit

from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from storage_stream.emulator.faults.book import INSTRUCTIONS_HEADER
from storage_stream.emulator.json_api.batch_body import MAX_BYTES, Call, format_answers, parse_calls
from storage_stream.emulator.problems import ApiError, api_error
from storage_stream.emulator.request_log import Entry
from storage_stream.emulator.wire.body_streams import read_whole
from storage_stream.emulator.wire.exchange import exchange_of
from storage_stream.emulator.wire.query import read_query

ServeCall = Callable[[web.Request, Entry, bytes], Awaitable[web.StreamResponse]]
"""Serves a call: its request, whose entry its own one goes below, its body."""

_PREFIX = "/storage/v1/"


class BatchHandlers:
    """The handler of `/batch/storage/v1`.

    Args:
        serve: what stands around every handler.
    """

    def __init__(self, serve: ServeCall) -> None:
        self._serve = serve

    async def batch(self, request: web.Request) -> web.StreamResponse:
        """Make the calls one after the other."""
        read_query(request)
        body = await read_whole(request, limit_bytes=MAX_BYTES)
        calls = parse_calls(request.headers.get("Content-Type", ""), body)
        boundary = f"batch_{secrets.token_hex(16)}"
        answers = [(call.content_id, await self._answer(request, call)) for call in calls]
        return web.Response(
            body=format_answers(boundary, answers),
            headers={"Content-Type": f"multipart/mixed; boundary={boundary}"},
        )

    async def _answer(self, request: web.Request, call: Call) -> web.Response:
        try:
            _refuse_foreign(call)
        except ApiError as error:
            return api_error(error.status, error.reason, error.message)
        inner = request.clone(
            method=call.method,
            rel_url=URL(call.target, encoded=True),
            headers=_inherited(request, call),
        )
        match = await request.app.router.resolve(inner)
        # aiohttp has no public way to hand a request that did not come from a socket to a route.
        inner._match_info = match  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        answer = await self._serve(inner, exchange_of(request).entry, call.body)
        if not isinstance(answer, web.Response):
            raise TypeError(f"a call in a batch was answered by a {type(answer).__name__}")
        return answer


def _refuse_foreign(call: Call) -> None:
    """Refuse what cannot be in a batch: other APIs, uploads, downloads.

    Raises:
        ApiError: 400.
    """
    parts = urlsplit(call.target)
    if not parts.path.startswith(_PREFIX):
        message = f"A call in a batch is a method of the JSON API, below {_PREFIX}."
        raise ApiError(400, "invalid", message)
    if "media" in parse_qs(parts.query).get("alt", []):
        raise ApiError(400, "invalid", "A batch cannot download.")


def _inherited(request: web.Request, call: Call) -> CIMultiDict[str]:
    """Return the call's headers, and those of the batch that it does not say itself."""
    headers = CIMultiDict(
        (name, value)
        for name, value in request.headers.items()
        if not name.lower().startswith("content-")
        and name.lower() not in {"transfer-encoding", "expect", INSTRUCTIONS_HEADER}
    )
    for name in call.headers:
        headers.popall(name, None)
    headers.extend(call.headers)
    headers["Host"] = request.headers.get("Host", "")
    headers["Content-Length"] = str(len(call.body))
    return headers
