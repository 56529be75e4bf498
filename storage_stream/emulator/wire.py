"""Bodies on the wire: reading one in pieces, sending one in pieces.

Every body of the emulator passes through here, in memory that does not grow with its size. This
module refuses to know what the bytes mean and where they are kept.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from aiohttp import StreamReader, web
from multidict import CIMultiDict

from storage_stream.emulator.interruption import BodyInterrupted, Ending

__all__ = [
    "BodyInterrupted",
    "Ending",
    "FileRange",
    "read_body",
    "read_whole",
    "send_body",
    "take_rewind",
]


@dataclass(frozen=True, slots=True)
class FileRange:
    """The bytes ``start`` to ``stop`` (half-open) of a file."""

    path: Path
    start: int
    stop: int


async def read_body(request: web.Request, *, offset: int = 0) -> AsyncIterator[bytes]:
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
    del offset
    async for piece in _arriving(request):
        yield piece


async def read_whole(request: web.Request, *, limit_bytes: int) -> bytes:
    """A whole small body, such as a JSON document.

    Raises:
        BodyInterrupted: the body ended early (no answer), or is longer than `limit_bytes` (413).
    """
    pieces: list[bytes] = []
    size = 0
    async for piece in _arriving(request):
        pieces.append(piece)
        size += len(piece)
        if size > limit_bytes:
            raise BodyInterrupted(f"the body is longer than {limit_bytes} bytes", status=413)
    return b"".join(pieces)


def take_rewind(request: web.Request, *, persisted: int) -> int | None:
    """The offset a resumable session has to fall back to, when ``308-back-to-N`` is armed.

    The handler of a session's PUT calls this once, after it has kept what arrived and before it
    finishes the object. When an offset comes back, it cuts the session down to it and answers 308
    with the new Range, even if the body was the last one.

    Args:
        request: the PUT.
        persisted: bytes the session now holds; the fault fires only if it loses some of them.
    """
    del request, persisted
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
    ends the sending quietly; an iterable is closed in every case.

    Args:
        request: the request to answer. A HEAD gets the headers alone.
        status: the HTTP status.
        headers: all headers but the framing (Content-Length, Transfer-Encoding).
        body: the bytes; a `FileRange` is the fast path.
        length: the Content-Length; None sends the body chunked.

    Raises:
        FileNotFoundError: the file of a `FileRange` is gone; nothing has been sent yet.
    """
    if isinstance(body, bytes) and length is not None:
        return _whole_answer(status, headers, body, length)
    if isinstance(body, FileRange):
        return await _send_file(request, _streaming(status, headers, length), body)
    return await _send_pieces(request, _streaming(status, headers, length), _pieces(body))


def _whole_answer(
    status: int, headers: Mapping[str, str] | CIMultiDict[str], body: bytes, length: int
) -> web.Response:
    # Headers and body leave in one write; the middlewares can still change an unsent answer.
    answer = web.Response(status=status, headers=CIMultiDict(headers), body=body)
    answer.headers["Content-Length"] = str(length)
    return answer


def _streaming(
    status: int, headers: Mapping[str, str] | CIMultiDict[str], length: int | None
) -> web.StreamResponse:
    answer = web.StreamResponse(status=status, headers=CIMultiDict(headers))
    if length is not None:
        answer.content_length = length
    return answer


async def _arriving(request: web.Request) -> AsyncIterator[bytes]:
    content = request.content
    try:
        while piece := await content.readany():
            yield piece
    except (OSError, web.RequestPayloadError, RuntimeError) as gone:
        if isinstance(gone, RuntimeError) and request.transport is not None:
            raise  # aiohttp's word for a connection that was lost before the handler ran
        if rest := _unread(content):
            yield rest
        raise BodyInterrupted("the client went away before its body was whole") from gone


def _unread(content: StreamReader) -> bytes:
    # aiohttp refuses to hand out what is buffered once the connection is lost, but a resumable
    # session keeps whatever reached the service before a PUT broke off.
    return content._read_nowait(-1)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]


async def _pieces(body: bytes | AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    if isinstance(body, bytes):
        if body:
            yield body
        return
    async for piece in body:
        yield piece


async def _send_pieces(
    request: web.Request, answer: web.StreamResponse, pieces: AsyncIterator[bytes]
) -> web.StreamResponse:
    with contextlib.suppress(ConnectionError):  # the client went away: nobody is left to tell
        await answer.prepare(request)
        if request.method != "HEAD":
            async for piece in pieces:
                await answer.write(piece)
        await answer.write_eof()
    return answer


async def _send_file(
    request: web.Request, answer: web.StreamResponse, part: FileRange
) -> web.StreamResponse:
    with part.path.open("rb", buffering=0) as file, contextlib.suppress(ConnectionError):
        await answer.prepare(request)
        if request.method != "HEAD" and part.stop > part.start:
            await _copy_file(request, file, part)
        await answer.write_eof()
    return answer


async def _copy_file(request: web.Request, file: BinaryIO, part: FileRange) -> None:
    transport = request.transport
    if transport is None:
        raise ConnectionResetError("the client went away")
    await asyncio.get_running_loop().sendfile(transport, file, part.start, part.stop - part.start)
