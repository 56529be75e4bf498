"""Compress and decompress gzip (RFC 1952) as it streams, in bounded memory.

The loop is not held: blocks worth a thread switch are worked on in a worker thread (zlib releases
the interpreter lock). This module does not know HTTP's ``Content-Encoding``; it sees bytes.
"""

import zlib
from collections.abc import AsyncGenerator, Callable
from typing import Protocol

from storage_stream.pipeline.chunks import Blocks
from storage_stream.pipeline.failures import (
    GzipFormatError,
    TooManyBytesError,
    TruncatedGzipError,
)
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
# The first bytes given to a new member's decompressor; doubled with each call. zlib copies what
# it leaves over, so large gulps would make a file of thousands of tiny members quadratic.
_FIRST_GULP_BYTES = 512
_GZIP_MAGIC = b"\x1f\x8b"  # RFC 1952, section 2.3.1
_GZIP_WBITS = 16 + zlib.MAX_WBITS


def gzip(source: Source, level: int = 6) -> ByteStage:
    """Compress to one gzip member.

    Deterministic: without name and time (mtime 0) in the header, the same data gives the same
    bytes, however it is cut in chunks (with the same build of zlib).

    Args:
        source: what to read; closed with the stage.
        level: 0 (store) to 9 (smallest).

    Raises:
        ValueError: the level is not 0 to 9.
    """
    if level not in range(10):
        raise ValueError(f"level must be 0 to 9, not {level!r}")
    taken = open_source(source)
    return ByteStage(_compress(taken, level), taken)


def gunzip(source: Source, *, max_output_bytes: int | None = None) -> ByteStage:
    """Decompress gzip: all members, each with its CRC and length checked; zero padding is skipped.

    A chunk given is never larger than 256 KiB, whatever the ratio: a zip bomb fills no memory.

    Args:
        source: what to read; closed with the stage.
        max_output_bytes: refuse to give more than this; ``None`` is no limit.

    Raises:
        TruncatedGzipError: the source ended inside a member, or was empty.
        GzipFormatError: it is not gzip, a CRC is wrong, or garbage follows a member. A CRC stands
            at the end of its member, so the member's bytes have been given by then.
        TooManyBytesError: more would come out; no byte beyond ``max_output_bytes`` is given.
    """
    if max_output_bytes is not None and max_output_bytes < 0:
        raise ValueError(f"max_output_bytes must not be negative, not {max_output_bytes}")
    taken = open_source(source)
    return ByteStage(_decompress(taken, _Gunzipper(max_output_bytes)), taken)


async def _compress(source: Input, level: int) -> AsyncGenerator[list[bytes], None]:
    compressor = zlib.compressobj(level, zlib.DEFLATED, _GZIP_WBITS)
    blocks = Blocks(_BLOCK_BYTES)
    while chunk := await source.read_chunk():
        for block in blocks.feed(chunk):
            if compressed := await _call(compressor.compress, block):
                yield [compressed]
    last = await _call(compressor.compress, blocks.finish())
    yield [last + compressor.flush()]


async def _decompress(source: Input, gunzipper: "_Gunzipper") -> AsyncGenerator[list[bytes], None]:
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


class _Decompressor(Protocol):
    """What ``zlib.decompressobj`` returns; its class has no public name."""

    @property
    def eof(self) -> bool: ...
    @property
    def unconsumed_tail(self) -> bytes: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /, max_length: int = 0) -> bytes: ...


class _Gunzipper:
    """Decompresses members one after the other, in bounded steps; no I/O, no threads."""

    def __init__(self, max_output_bytes: int | None) -> None:
        self._max_output_bytes = max_output_bytes
        self._piece = b""
        self._position = 0  # in the piece: what is before it is used
        self._piece_offset = 0  # of the piece in the source
        self._bytes_out = 0
        # A member's decompressor: None between members.
        self._member: _Decompressor | None = None
        self._members_done = 0
        self._more_inside = False  # output that did not fit into the last step
        self._gulp_bytes = _FIRST_GULP_BYTES

    def feed(self, piece: bytes) -> None:
        """Take the next compressed bytes; the ones before must be used up."""
        self._piece_offset += len(self._piece)
        self._piece = piece
        self._position = 0

    @property
    def pending(self) -> bool:
        """Whether another step can be made without more input."""
        return self._more_inside or self._position < len(self._piece)

    def next_gulp(self) -> bytes:
        """Return the bytes for the next step; empty when there is only output to fetch."""
        return self._piece[self._position : self._position + self._gulp_bytes]

    def decompress(self, gulp: bytes) -> bytes:
        """Make one step; the output may be empty.

        Raises:
            GzipFormatError: this is not gzip.
            TooManyBytesError: the step goes beyond the limit.
        """
        if self._member is None:
            if self._members_done and gulp.startswith(b"\0"):
                self._position += len(gulp) - len(gulp.lstrip(b"\0"))
                return b""
            # zlib wants two bytes to judge a header: one byte of garbage would look like a cut.
            if not gulp.startswith(_GZIP_MAGIC[: len(gulp)]):
                raise GzipFormatError(self._piece_offset + self._position, "no gzip header")
            self._member = zlib.decompressobj(_GZIP_WBITS)
        room = self._room()
        try:
            plain = self._member.decompress(gulp, room)
        except zlib.error as failure:
            offset = self._piece_offset + self._position
            raise GzipFormatError(offset, str(failure)) from failure
        self._more_inside = not self._member.eof and len(plain) == room
        self._advance(self._member, len(gulp))
        self._count(len(plain))
        return plain

    def finish(self) -> None:
        """Check that the source did not end inside a member.

        Raises:
            TruncatedGzipError: it did, or it was empty.
        """
        if self._member is not None or not self._members_done:
            raise TruncatedGzipError(self._piece_offset + len(self._piece), self._bytes_out)

    def _advance(self, member: _Decompressor, gulp_bytes: int) -> None:
        left_over = len(member.unconsumed_tail) + len(member.unused_data)
        self._position += gulp_bytes - left_over
        self._gulp_bytes = min(self._gulp_bytes * 2, READ_BYTES)
        if member.eof:
            self._member = None
            self._members_done += 1
            self._gulp_bytes = _FIRST_GULP_BYTES

    def _room(self) -> int:
        if self._max_output_bytes is None:
            return _BLOCK_BYTES
        # One more than allowed tells "exactly the limit" from "beyond".
        return min(_BLOCK_BYTES, self._max_output_bytes - self._bytes_out + 1)

    def _count(self, size: int) -> None:
        self._bytes_out += size
        if self._max_output_bytes is not None and self._bytes_out > self._max_output_bytes:
            raise TooManyBytesError(self._max_output_bytes)
