"""Bodies on the wire: reading one in pieces, sending one in pieces.

Every body of the emulator passes through here, in memory that does not grow with its size; here the
faults that are about bytes take effect, and bytes are counted. This module refuses to know what the
bytes mean and where they are kept.
"""

from collections.abc import AsyncGenerator, AsyncIterable, Mapping
from contextlib import aclosing

from aiohttp import StreamReader, web
from multidict import CIMultiDict

from storage_stream.emulator.faults.harmed_sending import Outgoing, send_harmed
from storage_stream.emulator.faults.stream import harmed
from storage_stream.emulator.faults.words import Rewind
from storage_stream.emulator.wire.exchange import Exchange, exchange_of
from storage_stream.emulator.wire.interruption import BodyInterrupted, Ending
from storage_stream.emulator.wire.pieces import FileRange, pieces_of, read_small
from storage_stream.emulator.wire.sending import send_file, send_pieces, streaming_answer

__all__ = [
    "BodyInterrupted",
    "Ending",
    "FileRange",
    "object_bytes",
    "read_body",
    "read_frame",
    "read_whole",
    "send_body",
    "take_rewind",
]

_SMALL_BYTES = 64 * 1024
"""Up to here a part of a file is read in the loop and leaves with its headers in one write: twice
as many answers per second as by sendfile, measured at concurrency 32."""


def read_body(request: web.Request, *, offset: int = 0) -> AsyncGenerator[bytes, None]:
    """The pieces of an object's bytes, as they come.

    Only for the bytes of an object: faults count positions in it. JSON bodies are read with
    `read_whole`.

    Args:
        request: the request whose body is read.
        offset: position in the object of the body's first byte.

    Raises:
        BodyInterrupted: after everything that arrived has been given: the client is gone, the
            body is shorter than its Content-Length, or a fault fired.
    """
    return object_bytes(request, read_frame(request), offset=offset)


def read_frame(request: web.Request) -> AsyncGenerator[bytes, None]:
    """The pieces of a body that frames an object's bytes (multipart), untouched by faults.

    The bytes found inside go through `object_bytes`.

    Raises:
        BodyInterrupted: after everything that arrived has been given: the client is gone.
    """
    return _arriving(request, exchange_of(request))


def object_bytes(
    request: web.Request, pieces: AsyncGenerator[bytes, None], *, offset: int = 0
) -> AsyncGenerator[bytes, None]:
    """An object's bytes as they came out of a frame, met by the faults that count in them.

    Args:
        request: the upload.
        pieces: the object's bytes.
        offset: position in the object of the first byte.

    Raises:
        BodyInterrupted: a fault fired.
    """
    return harmed(pieces, exchange_of(request), offset=offset)


async def read_whole(request: web.Request, *, limit_bytes: int) -> bytes:
    """A whole small body, such as a JSON document.

    Raises:
        BodyInterrupted: the body ended early (no answer), or is longer than `limit_bytes` (413).
    """
    pieces: list[bytes] = []
    size = 0
    async with aclosing(_arriving(request, exchange_of(request))) as arriving:
        async for piece in arriving:
            pieces.append(piece)
            size += len(piece)
            if size > limit_bytes:
                raise BodyInterrupted(f"the body is longer than {limit_bytes} bytes", status=413)
    return b"".join(pieces)


def take_rewind(request: web.Request, *, persisted: int) -> int | None:
    """The offset a resumable session has to fall back to, when `308-back-to-N` is armed.

    The handler of a session's PUT calls this once, after it has kept what arrived and before it
    finishes the object. When an offset comes back, it cuts the session down to it and answers 308
    with the new Range, even if the body was the last one.

    Args:
        request: the PUT.
        persisted: bytes the session now holds; the fault fires only if it loses some of them.
    """
    exchange = exchange_of(request)
    match exchange.armed and exchange.armed.fault:
        case Rewind(position=position) if position < persisted and exchange.claim():
            return position
        case _:
            return None


async def send_body(
    request: web.Request,
    *,
    status: int,
    headers: Mapping[str, str] | CIMultiDict[str],
    body: bytes | FileRange | AsyncIterable[bytes],
    length: int | None,
) -> web.StreamResponse:
    """Answer with an object's bytes.

    Awaits the client: no more than a socket buffer and one piece are held. A client that goes away
    ends the sending quietly; an async generator is closed in every case.

    Args:
        request: the request to answer. A HEAD gets the headers alone.
        status: the HTTP status.
        headers: all headers but the framing (Content-Length, Transfer-Encoding).
        body: the bytes; a `FileRange` is the fast path.
        length: the Content-Length; None sends the body chunked.

    Raises:
        FileNotFoundError: the file of a `FileRange` is gone; nothing has been sent yet.
        BodyInterrupted: a fault fired before the first byte; nothing has been sent yet.
    """
    exchange = exchange_of(request)
    lines = CIMultiDict(headers)
    lines.popall("Content-Length", None)
    if exchange.armed is not None:
        return await send_harmed(request, Outgoing(status, lines, body, length))
    if isinstance(body, FileRange) and body.size <= _SMALL_BYTES and request.method != "HEAD":
        body = read_small(body)
    if isinstance(body, bytes) and length == len(body):
        # Headers and body leave in one write; the middlewares can still change an unsent answer.
        return web.Response(status=status, headers=lines, body=body)
    answer = streaming_answer(status, lines, length)
    if isinstance(body, FileRange):
        return await send_file(request, answer, body, exchange.entry)
    return await send_pieces(request, answer, pieces_of(body), exchange.entry)


async def _arriving(request: web.Request, exchange: Exchange) -> AsyncGenerator[bytes, None]:
    content, entry = request.content, exchange.entry
    if exchange.body is not None:
        entry.bytes_in += len(exchange.body)
        yield exchange.body
        return
    try:
        while piece := await content.readany():
            entry.bytes_in += len(piece)
            yield piece
    except (OSError, web.RequestPayloadError, RuntimeError) as gone:
        if isinstance(gone, RuntimeError) and request.transport is not None:
            raise  # else it is aiohttp's word for a connection lost before the handler ran
        if rest := _unread(content):
            entry.bytes_in += len(rest)
            yield rest
        raise BodyInterrupted("the client went away before its body was whole") from gone


def _unread(content: StreamReader) -> bytes:
    # aiohttp refuses to hand out what is buffered once the connection is lost, but a resumable
    # session keeps whatever reached the service before a PUT broke off.
    return content._read_nowait(-1)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
