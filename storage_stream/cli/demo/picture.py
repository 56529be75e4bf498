"""PNG pictures made by hand: a gradient with grain, which makes them as large as photographs.

PNG: a signature, then chunks of length, type, data and CRC-32 (https://www.w3.org/TR/png-3/). It
refuses to know why anybody wants them.
"""

import random
import struct
import zlib

WIDTH, HEIGHT = 960, 640
_BYTES_PER_ROW = 3 * WIDTH
_GRAIN = int.from_bytes(b"\x1f" * _BYTES_PER_ROW)  # the five lowest bits: seen as fine noise
_FAST = 1  # grain hardly shrinks, whatever the effort


def png(number: int) -> bytes:
    """The picture of this number: 960 by 640 in colour, always the same, about 1.3 MB."""
    chance = random.Random(number)  # noqa: S311 - reproducible pictures, no secrets
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)  # 8 bits a channel, RGB
    rows = b"".join(b"\0" + _row(chance, number, y) for y in range(HEIGHT))  # \0: no filter
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            _chunk(b"IDAT", zlib.compress(rows, _FAST)),
            _chunk(b"IEND", b""),
        ]
    )


def _row(chance: random.Random, number: int, y: int) -> bytes:
    left = bytes((y * 255 // HEIGHT, 37 * number % 256, 255 - y * 255 // HEIGHT))
    gradient = int.from_bytes(left * WIDTH)
    grain = chance.getrandbits(8 * _BYTES_PER_ROW) & _GRAIN
    return (gradient ^ grain).to_bytes(_BYTES_PER_ROW)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
