"""An object's bytes as a stream of pieces, wherever they are kept.

One form for bytes, files and iterables, so that faults and sending know only one. This module
refuses to know of requests.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from storage_stream.emulator.wire.interruption import BodyInterrupted

Pieces = AsyncGenerator[bytes, None]

_READ_BYTES = 256 * 1024
"""One read of a file: a bound on memory, and large enough that the executor's hop costs nothing."""


@dataclass(frozen=True, slots=True)
class FileRange:
    """The bytes `start` to `stop` (half-open) of a file."""

    path: Path
    start: int
    stop: int

    @property
    def size(self) -> int:
        """How many bytes."""
        return self.stop - self.start


Body = bytes | FileRange | AsyncIterable[bytes]


def pieces_of(body: Body) -> Pieces:
    """The pieces of `body`. Closing them closes an iterable that can be closed."""
    if isinstance(body, bytes):
        return _of_bytes(body)
    return _of_file(body) if isinstance(body, FileRange) else _of_iterable(body)


def read_small(part: FileRange) -> bytes:
    """The bytes of a part that is small enough to be read at once, in the event loop.

    Raises:
        EOFError: the file is shorter.
    """
    with part.path.open("rb", buffering=0) as file:
        file.seek(part.start)
        content = file.read(part.size)
    if len(content) != part.size:
        raise EOFError(f"{part.path.name} ends {part.size - len(content)} bytes early")
    return content


async def limited(pieces: Pieces, size: int) -> Pieces:
    """The first `size` bytes."""
    async with aclosing(pieces):
        async for piece in pieces:
            yield piece[:size]
            size -= len(piece)
            if size <= 0:
                return


async def broken_after(pieces: Pieces, size: int) -> Pieces:
    """The first `size` bytes, then the interruption; at the end of the pieces if that is earlier.

    Raises:
        BodyInterrupted: always.
    """
    shortened = limited(pieces, size)
    async with aclosing(shortened):
        async for piece in shortened:
            yield piece
    raise BodyInterrupted("the stream was broken on request")


async def _of_bytes(body: bytes) -> Pieces:
    if body:
        yield body


async def _of_file(part: FileRange) -> Pieces:
    loop = asyncio.get_running_loop()
    with part.path.open("rb", buffering=0) as file:
        file.seek(part.start)
        left = part.size
        while left:
            piece = await loop.run_in_executor(None, file.read, min(left, _READ_BYTES))
            if not piece:
                raise EOFError(f"{part.path.name} ends {left} bytes early")
            left -= len(piece)
            yield piece


async def _of_iterable(body: AsyncIterable[bytes]) -> Pieces:
    try:
        async for piece in body:
            if piece:
                yield piece
    finally:
        if isinstance(body, AsyncGenerator):
            await body.aclose()
