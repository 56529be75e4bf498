"""Bytes whose every position can be told from the others, and the service's way to sum them."""

import base64
import gzip
import random
from collections.abc import Callable

from fastcrc import crc32


def patterned(size: int, seed: int = 7) -> bytes:
    """Bytes that look random and are the same in every run."""
    return random.Random(seed).randbytes(size)  # noqa: S311 - reproducible, not secret


def text_lines(size: int) -> bytes:
    """Text that gzip makes smaller, of exactly `size` bytes; no two lines are alike."""
    lines = bytearray()
    number = 0
    while len(lines) < size:
        lines += b"line %d of many\n" % number
        number += 1
    return bytes(lines[:size])


def gzipped(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


_crc32c: Callable[[bytes], int] = crc32.iscsi


def encoded_crc32c(data: bytes) -> str:
    """As it stands in `x-goog-hash`."""
    return base64.b64encode(_crc32c(data).to_bytes(4, "big")).decode()
