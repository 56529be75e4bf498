"""Sending an answer that a fault is armed for.

Works out where in the object the answer's bytes lie, lets the fault change what is told and what is
sent, and sends it. Used only when a fault is armed: without one the wire takes the fast paths.
"""

import re
from dataclasses import dataclass

from aiohttp import web
from multidict import CIMultiDict

from storage_stream.emulator.faults.answers import wrong_hash_headers
from storage_stream.emulator.faults.stream import harmed
from storage_stream.emulator.faults.words import BreakStream, LoseAnswer, ShortLength, WrongHash
from storage_stream.emulator.wire.exchange import Exchange, exchange_of
from storage_stream.emulator.wire.interruption import BodyInterrupted
from storage_stream.emulator.wire.pieces import Body, Pieces, broken_after, limited, pieces_of
from storage_stream.emulator.wire.sending import send_pieces, streaming_answer

_HALF_AT_MOST_BYTES = 256 * 1024
"""A broken stream of a large object should break before the client's patience does."""

_UNKNOWN_LENGTH_HALF_BYTES = 4
"""Where the testbench breaks every stream."""

_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)", re.ASCII)


@dataclass(slots=True)
class Outgoing:
    """An answer that a fault may change before it is sent."""

    status: int
    headers: CIMultiDict[str]
    body: Body
    length: int | None

    def extent(self) -> tuple[int, bool]:
        """The position in the object of the first byte, and whether the last byte is sent."""
        told = _CONTENT_RANGE.fullmatch(self.headers.get("Content-Range", ""))
        if self.status != web.HTTPPartialContent.status_code or told is None:
            return 0, True
        return int(told[1]), int(told[2]) + 1 == int(told[3])


async def send_harmed(request: web.Request, outgoing: Outgoing) -> web.StreamResponse:
    """Send `outgoing` as the armed fault lets it through.

    Raises:
        BodyInterrupted: the fault fired before the first byte, or the answer is lost; nothing has
            been sent yet.
    """
    exchange = exchange_of(request)
    pieces = _told_and_sent(outgoing, exchange, has_body=request.method != "HEAD")
    answer = streaming_answer(outgoing.status, outgoing.headers, outgoing.length)
    return await send_pieces(request, answer, pieces, exchange.entry)


async def send_bytes_harmed(request: web.Request, answer: web.Response) -> web.StreamResponse:
    """Send the body of a finished answer so that the faults about bytes meet it.

    Raises:
        BodyInterrupted: the fault fired before the first byte; nothing has been sent yet.
    """
    if not isinstance(answer.body, bytes) or not answer.body:
        return answer
    headers = CIMultiDict(answer.headers)
    headers.popall("Content-Length", None)
    outgoing = Outgoing(answer.status, headers, answer.body, len(answer.body))
    return await send_harmed(request, outgoing)


def _told_and_sent(outgoing: Outgoing, exchange: Exchange, *, has_body: bool) -> Pieces:
    pieces = pieces_of(outgoing.body)
    match exchange.armed and exchange.armed.fault:
        case LoseAnswer(word=word, status=status) if exchange.claim():
            raise BodyInterrupted(f"fault {word}", status=status)
        case WrongHash():
            _tell_wrong_hashes(outgoing, exchange)
            return pieces
        case _ if not has_body:
            return pieces
        case ShortLength() if outgoing.length and exchange.claim():
            outgoing.length -= 1
            return limited(pieces, outgoing.length)
        case BreakStream() if outgoing.length != 0 and exchange.claim():
            return broken_after(pieces, _half(outgoing.length))
        case _:
            offset, reaches_end = outgoing.extent()
            return harmed(pieces, exchange, offset=offset, reaches_end=reaches_end)


def _tell_wrong_hashes(outgoing: Outgoing, exchange: Exchange) -> None:
    wrong = wrong_hash_headers(outgoing.headers)
    if wrong is not None and exchange.claim():
        outgoing.headers = wrong


def _half(length: int | None) -> int:
    if length is None:
        return _UNKNOWN_LENGTH_HALF_BYTES
    return min(length // 2, _HALF_AT_MOST_BYTES)
