"""Work by `probe`: headers of large pictures, and what a hostile one takes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PIL import Image

from benchmarks.media_parts.work import BUCKET, Outcome, Work
from storage_stream.media import UnidentifiedImage, probe

if TYPE_CHECKING:
    from pathlib import Path

    from storage_stream import Storage

__all__ = ["WORKS"]

_PICTURES = ("jpeg", "progressive", "png", "strips", "tiles", "pyramid", "webp", "avif")
_MOST_REQUESTS = 2
_MOST_BYTES = 24 * 1024
_HOSTILE_BYTES = 2 << 20
_MOST_HOSTILE_SECONDS = 0.5


async def _headers(storage: Storage, folder: Path) -> Outcome:
    requests = downloaded = 0
    is_right = True
    begun = time.perf_counter()
    found = {name: await probe(storage, BUCKET, name) for name in _PICTURES}
    seconds = time.perf_counter() - begun
    Image.MAX_IMAGE_PIXELS = None  # this process opens what it made itself
    for name, info in found.items():
        with Image.open(folder / name) as local:
            is_right = is_right and (info.format, *info.oriented_size) == (
                local.format,
                *local.size,
            )
        is_cheap = info.requests <= _MOST_REQUESTS and info.bytes_read <= _MOST_BYTES
        is_right = is_right and is_cheap
        requests += info.requests
        downloaded += info.bytes_read
    each = {name: [info.requests, info.bytes_read] for name, info in found.items()}
    return Outcome(is_right, requests, downloaded, seconds, more={"each": each})


async def _hostile(storage: Storage, _: Path) -> Outcome:
    """A JPEG of empty segments without an end, which has its reader take the smallest steps."""
    endless = b"\xff\xd8\xff\xe0\0\2" + b"\xff\xe2\0\2" * (_HOSTILE_BYTES // 4)
    await storage.upload(BUCKET, "endless", endless)
    begun = time.perf_counter()
    try:
        await probe(storage, BUCKET, "endless")
    except UnidentifiedImage:
        seconds = time.perf_counter() - begun
        return Outcome(seconds < _MOST_HOSTILE_SECONDS, seconds=seconds)
    return Outcome(is_right=False)


WORKS: dict[str, Work] = {
    "probe: headers of eight formats": Work(
        _PICTURES, _headers, "2 requests and 24 KiB for each", 160, requests=16, seconds=1
    ),
    "probe: a header that never ends": Work((), _hostile, "0.5 s, late 30 ms", 160, lag=0.03),
}
