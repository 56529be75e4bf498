"""The chunks of a PNG file, as they arrive, and their checksums.

Nothing here decompresses. https://www.w3.org/TR/png-3/#5Chunk-layout is the rule.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, NamedTuple

from storage_stream.media.errors import DamagedImage

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SIGNATURE", "ChunkPart", "PngChunks", "first_data_chunk"]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEAD_BYTES = 8  # length and kind
_CHECK_BYTES = 4


class ChunkPart(NamedTuple):
    """Some of a chunk's data.

    Attributes:
        kind: The chunk's.
        data: The next bytes of it.
        is_last: Whether the chunk ended, and its checksum is right.
    """

    kind: bytes
    data: memoryview
    is_last: bool


def first_data_chunk(prefix: bytearray, at: int) -> tuple[int, bool]:
    """How far the chunks before the first IDAT reach.

    Args:
        prefix: The beginning of the file.
        at: Where a chunk begins; goes on from an earlier answer.

    Returns:
        Where the next chunk begins, and whether it is the IDAT.
    """
    while len(prefix) >= at + _HEAD_BYTES:
        if prefix.startswith(b"IDAT", at + 4):
            return at, True
        at += _HEAD_BYTES + int.from_bytes(prefix[at : at + 4], "big") + _CHECK_BYTES
    return at, False


class PngChunks:
    """The chunks from one IDAT on, whatever the pieces are that they come in."""

    def __init__(self) -> None:
        self._kind: bytes = b""
        self._left = 0  # of the chunk's data
        self._check = 0  # of what came of it
        self._small: bytes = b""  # a head or a checksum, as far as it came
        self._needed = _HEAD_BYTES  # how long `_small` has to be; 0 inside the data

    def parts(self, data: memoryview) -> Iterator[ChunkPart]:
        """What these bytes bring.

        Raises:
            DamagedImage: A checksum is wrong.
        """
        while data or not self._needed:
            if not self._needed:
                part, data = data[: self._left], data[self._left :]
                self._left -= len(part)
                self._check = zlib.crc32(part, self._check)
                if self._left:
                    yield ChunkPart(self._kind, part, is_last=False)
                    return
                self._needed = _CHECK_BYTES
                yield ChunkPart(self._kind, part, is_last=False)
                continue
            missing = self._needed - len(self._small)
            self._small += bytes(data[:missing])
            data = data[missing:]
            if len(self._small) == self._needed:
                yield from self._small_part()

    def _small_part(self) -> Iterator[ChunkPart]:
        small, self._small = self._small, b""
        if self._needed == _CHECK_BYTES:
            if int.from_bytes(small, "big") != self._check:
                raise DamagedImage(f"the checksum of a {self._kind!r} chunk is wrong")
            self._needed = _HEAD_BYTES
            yield ChunkPart(self._kind, memoryview(b""), is_last=True)
        else:
            self._left = int.from_bytes(small[:4], "big")
            self._kind = small[4:]
            self._check = zlib.crc32(self._kind)
            self._needed = 0
