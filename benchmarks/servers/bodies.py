"""The files that hold what is transferred: made once for a run, random, in memory if there is room.

It refuses to know who reads them: a server for downloads, a client for uploads.
"""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from pathlib import Path

from fastcrc.crc32 import iscsi

__all__ = ["Body", "crc32c_of_file", "encoded_crc32c", "fast_folder", "make_body"]

_MIB = 1024 * 1024
_BLOCK_BYTES = 4 * _MIB


@dataclass(frozen=True, slots=True)
class Body:
    """A file, and what is known of it."""

    path: Path
    size_bytes: int
    crc32c: str  # base64 of its big-endian bytes, as the service writes it


def encoded_crc32c(value: int) -> str:
    """A checksum as the service writes it."""
    return base64.b64encode(value.to_bytes(4, "big")).decode()


def fast_folder() -> Path | None:
    """A folder in memory, so that no disk is measured; None without one, or with TMPDIR set."""
    if os.environ.get("TMPDIR"):
        return None
    memory = Path("/dev/shm")  # noqa: S108 - a private folder is made inside it
    return memory if memory.is_dir() and os.access(memory, os.W_OK) else None


def make_body(folder: Path, size_bytes: int) -> Body:
    """Write a file of so many bytes: random blocks, no two of them alike."""
    path = folder / str(size_bytes)
    block = bytearray(os.urandom(min(_BLOCK_BYTES, size_bytes)))
    value = 0
    with path.open("wb", buffering=0) as file:
        for start in range(0, size_bytes, _BLOCK_BYTES):
            number = (start // _BLOCK_BYTES).to_bytes(8, "big")
            block[: min(8, len(block))] = number[-min(8, len(block)) :]
            piece = memoryview(block)[: size_bytes - start]
            value = iscsi(piece, value)
            file.write(piece)
    return Body(path, size_bytes, encoded_crc32c(value))


def crc32c_of_file(path: Path) -> str:
    """The checksum of what a client has written."""
    value = 0
    buffer = bytearray(_BLOCK_BYTES)
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            value = iscsi(memoryview(buffer)[:count], value)
    return encoded_crc32c(value)
