"""Faults that act on the bytes of a body, in whichever direction it flows.

Upload and download are the same here: pieces with a position go in, harmed pieces come out, or the
body is interrupted. This module refuses to know which direction it is.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from storage_stream.emulator.faults.words import Cut, FlipBit, Stall, Trickle
from storage_stream.emulator.wire.exchange import Exchange
from storage_stream.emulator.wire.interruption import BodyInterrupted

Pieces = AsyncGenerator[bytes, None]

_LOOKS_EVERY_SECONDS = 0.05
_TRICKLES_PER_SECOND = 20
"""Often enough to look steady to a client that counts seconds, seldom enough to cost nothing."""


def harmed(pieces: Pieces, exchange: Exchange, *, offset: int, reaches_end: bool = False) -> Pieces:
    """`pieces` as the armed fault lets them through; unchanged if the fault is not about bytes.

    Args:
        pieces: the body; closed together with what is returned.
        exchange: tells the fault that the request may meet.
        offset: position in the object of the first byte. A fault at a position before it does not
            concern this body and stays armed.
        reaches_end: this is a download of the object's last byte.

    Raises:
        BodyInterrupted: at the fault's position, after the bytes before it have been given.
    """
    match exchange.armed and exchange.armed.fault:
        case Cut(final_only=True) if not reaches_end:
            return pieces
        case Cut() | Stall() | FlipBit() as fault:
            return _struck(pieces, exchange, fault, offset)
        case Trickle(bytes_per_second=rate):
            return _trickled(pieces, exchange, rate)
        case _:
            return pieces


async def _struck(
    pieces: Pieces, exchange: Exchange, fault: Cut | Stall | FlipBit, offset: int
) -> Pieces:
    position = fault.position
    # A body can be cut or paused right after its last byte; to be flipped, a byte has to be there.
    reach = position + 1 if isinstance(fault, FlipBit) else position
    waiting = offset <= position
    async with aclosing(pieces):
        if waiting and offset >= reach:
            waiting = False
            await _strike(exchange, fault, b"")
        async for piece in pieces:
            start, offset = offset, offset + len(piece)
            if not waiting or offset < reach:
                yield piece
                continue
            waiting = False
            if before := piece[: position - start]:
                yield before
            if after := await _strike(exchange, fault, piece[position - start :]):
                yield after


async def _strike(exchange: Exchange, fault: Cut | Stall | FlipBit, rest: bytes) -> bytes:
    if not exchange.claim():
        return rest
    match fault:
        case Cut(word=word, status=status):
            raise BodyInterrupted(f"fault {word}", status=status)
        case Stall(seconds=seconds):
            await _pause(exchange, seconds)
            return rest
        case FlipBit():
            return bytes([rest[0] ^ 1]) + rest[1:]


async def _pause(exchange: Exchange, seconds: float) -> None:
    """Wait, but not for a client that has left: what it held, such as its session, is free then.

    A clock that is put forward ends it, too: a test that needs a pause for as long as it takes.
    """
    clock = asyncio.get_running_loop().time
    end = clock() + exchange.ahead_seconds() + seconds
    while (left := end - clock() - exchange.ahead_seconds()) > 0:
        if exchange.has_left():
            raise BodyInterrupted("the client left in the pause")
        await asyncio.sleep(min(left, _LOOKS_EVERY_SECONDS))


async def _trickled(pieces: Pieces, exchange: Exchange, bytes_per_second: int) -> Pieces:
    step = max(1, bytes_per_second // _TRICKLES_PER_SECOND)
    async with aclosing(pieces):
        async for piece in pieces:
            if not exchange.claim():
                yield piece
                continue
            for start in range(0, len(piece), step):
                part = piece[start : start + step]
                await asyncio.sleep(len(part) / bytes_per_second)
                yield part
