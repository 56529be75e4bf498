"""Compress and decompress gzip (RFC 1952) as it streams, in bounded memory.

The loop is not held: blocks worth a thread switch are worked on in a worker thread (zlib releases
the interpreter lock). This module does not know HTTP's `Content-Encoding`; it sees bytes.
"""

import zlib
from collections.abc import AsyncGenerator, Callable

from storage_stream._protocol.gunzip import Gunzipper
from storage_stream.errors import InvalidArgument
from storage_stream.pipeline.chunks import Blocks
from storage_stream.pipeline.source import (
    READ_BYTES,
    Input,
    Source,
    Turns,
    open_source,
    run_blocking,
)
from storage_stream.pipeline.stage import ByteStage

__all__ = ["gunzip", "gzip"]

# Below this, the work on a block is shorter than a few thread switches.
_OFF_LOOP_BYTES = 64 * 1024
# Blocks of one size make the output depend on the data alone, not on how it came in chunks.
_BLOCK_BYTES = READ_BYTES
_GZIP_WBITS = 16 + zlib.MAX_WBITS


def gzip(source: Source, level: int = 6) -> ByteStage:
    """Compress to one gzip member.

    Deterministic: without name and time (mtime 0) in the header, the same data gives the same
    bytes, however it is cut in chunks (with the same build of zlib).

    Args:
        source: what to read; closed with the stage.
        level: 0 (store) to 9 (smallest).

    Raises:
        InvalidArgument: the level is not 0 to 9.
    """
    if level not in range(10):
        raise InvalidArgument(f"level must be 0 to 9, not {level!r}")
    taken = open_source(source)
    return ByteStage(_compress(taken, level), taken)


def gunzip(source: Source, *, max_output_bytes: int | None = None) -> ByteStage:
    """Decompress gzip: all members, each with its CRC and length checked; zero padding is skipped.

    A chunk given is never larger than 256 KiB, whatever the ratio: a zip bomb fills no memory.

    Args:
        source: what to read; closed with the stage.
        max_output_bytes: refuse to give more than this; `None` is no limit.

    Raises:
        TruncatedGzipError: the source ended inside a member, or was empty.
        GzipFormatError: it is not gzip, a CRC is wrong, or garbage follows a member. A CRC stands
            at the end of its member, so the member's bytes have been given by then.
        TooManyBytesError: more would come out; no byte beyond `max_output_bytes` is given.
    """
    if max_output_bytes is not None and max_output_bytes < 0:
        raise InvalidArgument(f"max_output_bytes must not be negative, not {max_output_bytes}")
    taken = open_source(source)
    return ByteStage(_decompress(taken, Gunzipper(max_output_bytes)), taken)


async def _compress(source: Input, level: int) -> AsyncGenerator[list[bytes], None]:
    compressor = zlib.compressobj(level, zlib.DEFLATED, _GZIP_WBITS)
    blocks = Blocks(_BLOCK_BYTES)
    while chunk := await source.read_chunk():
        for block in blocks.feed(chunk):
            if compressed := await _call(compressor.compress, block):
                yield [compressed]
    last = await _call(compressor.compress, blocks.finish())
    yield [last + compressor.flush()]


async def _decompress(source: Input, gunzipper: Gunzipper) -> AsyncGenerator[list[bytes], None]:
    turns = Turns()
    while chunk := await source.read_chunk():
        for start in range(0, len(chunk), READ_BYTES):
            gunzipper.feed(chunk[start : start + READ_BYTES])
            while gunzipper.pending:
                gulp = gunzipper.next_gulp()
                if plain := await _call(gunzipper.decompress, gulp):
                    yield [plain]
                await turns.spend(len(plain))
    gunzipper.finish()


async def _call(work: Callable[[bytes], bytes], data: bytes) -> bytes:
    if len(data) < _OFF_LOOP_BYTES:
        return work(data)
    return await run_blocking(work, data)
