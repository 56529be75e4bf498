"""Putting an answer on the wire, with back-pressure, and counting what goes out.

This module refuses to know of faults: an interruption is an interruption.
"""

import asyncio
from contextlib import aclosing
from typing import BinaryIO

from aiohttp import web
from multidict import CIMultiDict

from storage_stream.emulator.request_log import Entry
from storage_stream.emulator.wire.connection import drop_connection
from storage_stream.emulator.wire.interruption import BodyInterrupted, Ending
from storage_stream.emulator.wire.pieces import FileRange, Pieces, pieces_of


def streaming_answer(
    status: int, headers: CIMultiDict[str], length: int | None
) -> web.StreamResponse:
    """An answer that is sent in pieces; chunked when `length` is None."""
    answer = web.StreamResponse(status=status, headers=headers)
    if length is not None:
        answer.content_length = length
    return answer


async def send_pieces(
    request: web.Request, answer: web.StreamResponse, pieces: Pieces, entry: Entry
) -> web.StreamResponse:
    """Send `pieces`; end the connection by FIN where they are interrupted.

    A client that goes away ends the sending quietly. The first piece is fetched before the headers
    go, so that what fails there can still be answered with a status.

    Raises:
        BodyInterrupted: before the first byte; nothing has been sent yet.
    """
    async with aclosing(pieces):
        piece = b"" if request.method == "HEAD" else await anext(pieces, b"")
        try:
            entry.status = answer.status
            await answer.prepare(request)
            while piece:
                entry.bytes_out += len(piece)
                await answer.write(piece)
                piece = await anext(pieces, b"")
            await answer.write_eof()
        except ConnectionError:
            drop_connection(request, Ending.FIN)
        except BodyInterrupted as interrupted:
            drop_connection(request, interrupted.ending)
    return answer


async def send_file(
    request: web.Request, answer: web.StreamResponse, part: FileRange, entry: Entry
) -> web.StreamResponse:
    """Send a part of a file, copied by the kernel where the event loop can.

    Raises:
        FileNotFoundError: nothing has been sent yet.
    """
    if request.method == "HEAD" or not part.size:
        return await send_pieces(request, answer, pieces_of(b""), entry)
    with part.path.open("rb", buffering=0) as file:
        entry.status = answer.status
        try:
            await answer.prepare(request)
            copied = await _copy(request, file, part, entry)
        except ConnectionError:
            drop_connection(request, Ending.FIN)
            return answer
    if not copied:
        return await send_pieces(request, answer, pieces_of(part), entry)
    await answer.write_eof()
    return answer


async def _copy(request: web.Request, file: BinaryIO, part: FileRange, entry: Entry) -> bool:
    transport = request.transport
    if transport is None or transport.is_closing():
        raise ConnectionResetError("the client went away")
    size = part.size
    entry.bytes_out += size  # before the client can have read them
    sent = 0
    try:
        loop = asyncio.get_running_loop()
        sent = await loop.sendfile(transport, file, part.start, size)
    except NotImplementedError:  # uvloop
        return False
    except ConnectionError:
        sent = file.tell() - part.start
        raise
    finally:
        entry.bytes_out -= size - sent
    if sent != size:
        drop_connection(request, Ending.FIN)
        raise EOFError(f"{part.path.name} ends {size - sent} bytes early")
    return True
