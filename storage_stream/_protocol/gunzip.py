"""gzip (RFC 1952) taken apart step by step: each step takes and gives a bounded number of bytes.

Whatever the ratio, a step gives at most 256 KiB: a zip bomb fills no memory. All members are
read, each with its CRC and length checked; zero padding behind them is skipped. Who calls decides
whether a step is worth a thread.
"""

from __future__ import annotations

import zlib
from typing import Protocol

from storage_stream.errors import GzipFormatError, TooManyBytesError, TruncatedGzipError

__all__ = ["Gunzipper"]

_BLOCK_BYTES = 256 * 1024
# The first bytes given to a new member's decompressor; doubled with each call. zlib copies what
# it leaves over, so large gulps would make a file of thousands of tiny members quadratic.
_FIRST_GULP_BYTES = 512
_GZIP_MAGIC = b"\x1f\x8b"  # RFC 1952, section 2.3.1
_GZIP_WBITS = 16 + zlib.MAX_WBITS


class _Decompressor(Protocol):
    """What `zlib.decompressobj` returns; its class has no public name."""

    @property
    def eof(self) -> bool: ...
    @property
    def unconsumed_tail(self) -> bytes: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /, max_length: int = 0) -> bytes: ...


class Gunzipper:
    """Decompresses members one after the other, in bounded steps; no I/O, no threads.

    Args:
        max_output_bytes: Refuse to give more than this; None is no limit.
    """

    def __init__(self, max_output_bytes: int | None = None) -> None:
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
        self._gulp_bytes = min(self._gulp_bytes * 2, _BLOCK_BYTES)
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
