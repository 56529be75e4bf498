"""Work by pyvips connections: thumbnails, crops, conversions, many at once, cancelling."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import os
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import PIL.Image
import pyvips

from benchmarks.media_parts.work import BUCKET, MIB, Outcome, Work
from benchmarks.process_memory import peak_bytes
from storage_stream.media import Source, Target, transform

if TYPE_CHECKING:
    from collections.abc import Callable

    from storage_stream import Storage

__all__ = ["WORKS"]

_WIDTH = 300
_CROP = 512
_PHOTOS, _AT_ONCE = 200, 8


def _local(path: Path) -> bytes:
    """The same thumbnail of the local file."""
    made: bytes = pyvips.Image.thumbnail(str(path), _WIDTH).write_to_buffer(".png")
    return made


async def _thumbnail(name: str, storage: Storage, folder: Path, **limits: Any) -> Outcome:
    async with Source.new_from_object(storage, BUCKET, name) as source:
        begun = time.perf_counter()
        made = await source.thumbnail(_WIDTH, format=".png", **limits)
        seconds = time.perf_counter() - begun
        stats, peak = source.stats, peak_bytes()
    begun = time.perf_counter()
    local = await asyncio.to_thread(_local, folder / name)
    apart = time.perf_counter() - begun
    return Outcome(
        made == local,
        stats.requests,
        stats.bytes_downloaded,
        seconds,
        peak,
        {"local_seconds": apart, "waited": stats.waited, "callbacks": stats.callbacks},
    )


async def _crop(name: str, storage: Storage, folder: Path) -> Outcome:
    def crop(image: Any) -> bytes:
        left, top = image.width // 2, image.height // 2
        made: bytes = image.crop(left, top, _CROP, _CROP).write_to_memory()
        return made

    def read(given: Any) -> bytes:
        return crop(pyvips.Image.new_from_source(given, "", fail_on="error"))

    async with Source.new_from_object(storage, BUCKET, name) as source:
        made = await source.run(read)
        stats, peak = source.stats, peak_bytes()
    local = crop(pyvips.Image.new_from_file(str(folder / name)))
    return Outcome(made == local, stats.requests, stats.bytes_downloaded, None, peak)


async def _to_png(
    storage: Storage, folder: Path, *, bytes_per_second: int | None = None
) -> Outcome:
    if bytes_per_second is not None:
        await _slow_uploads(storage, bytes_per_second)
    begun = time.perf_counter()
    async with Source.new_from_object(storage, BUCKET, "jpeg") as source:
        target = Target.new_to_object(storage, BUCKET, "made.png")
        made = await transform(source, target, lambda image: image, format=".png", compression=1)
        stats, peak = source.stats, peak_bytes()
    seconds = time.perf_counter() - begun
    local = await asyncio.to_thread(_local_png_md5, folder / "jpeg")
    return Outcome(
        made["md5Hash"] == local,
        stats.requests,
        stats.bytes_downloaded,
        seconds,
        peak,
        {"made": int(made["size"])},
    )


async def _slow_uploads(storage: Storage, bytes_per_second: int) -> None:
    words = [f"trickle-{bytes_per_second}Bps"] * 200
    url = f"{os.environ['STORAGE_EMULATOR_HOST']}/_emulator/arm_next"
    instructions = {"instructions": {"storage.objects.insert": words}}
    async with storage.session.session.post(url, json=instructions) as answer:
        answer.raise_for_status()


def _local_png_md5(path: Path) -> str:
    with tempfile.TemporaryDirectory() as folder:
        png = Path(folder) / "local.png"
        image = pyvips.Image.new_from_file(str(path), access="sequential")
        image.write_to_file(str(png), compression=1)
        with png.open("rb") as file:
            digest = hashlib.file_digest(file, partial(hashlib.md5, usedforsecurity=False))
    return base64.b64encode(digest.digest()).decode()


async def _eight(storage: Storage, folder: Path) -> Outcome:
    async def one(number: int) -> tuple[bytes, Source]:
        name = "jpeg" if number == 0 else f"jpeg-{number}"
        async with Source.new_from_object(storage, BUCKET, name) as source:
            return await source.thumbnail(_WIDTH, format=".png"), source

    begun = time.perf_counter()
    found = await asyncio.gather(*(one(number) for number in range(8)))
    seconds, peak = time.perf_counter() - begun, peak_bytes()
    local = await asyncio.to_thread(_local, folder / "jpeg")
    return Outcome(
        {made for made, _ in found} == {local},
        sum(source.stats.requests for _, source in found),
        sum(source.stats.bytes_downloaded for _, source in found),
        seconds,
        peak,
    )


async def _photos(storage: Storage, _: Path, *, one: Callable[[Storage, str], Any]) -> Outcome:
    """Thumbnails of many photos, some at a time."""
    places = asyncio.Semaphore(_AT_ONCE)

    async def placed(name: str) -> int:
        async with places:
            return len(await one(storage, name))

    names = ["photo", *(f"photo-{number}" for number in range(1, _PHOTOS))]
    sizes = await asyncio.gather(*(placed(name) for name in names))
    return Outcome(min(sizes) > 0, more={"photos": len(names)})


async def _by_ranges(storage: Storage, name: str) -> bytes:
    async with Source.new_from_object(storage, BUCKET, name) as source:
        return await source.thumbnail(_WIDTH)


async def _by_pillow(storage: Storage, name: str) -> bytes:
    """As image services do it: all of it downloaded, then Pillow in a thread."""
    data = await storage.download(BUCKET, name)

    def shrink() -> bytes:
        made = io.BytesIO()
        with PIL.Image.open(io.BytesIO(data)) as image:
            image.thumbnail((_WIDTH, _WIDTH), PIL.Image.Resampling.LANCZOS)
            image.save(made, "JPEG", quality=75)
        return made.getvalue()

    return await asyncio.to_thread(shrink)


async def _by_pillow_whole(storage: Storage, name: str) -> bytes:
    """The same without Pillow's own shortcut for JPEG: all pixels are decoded."""
    data = await storage.download(BUCKET, name)

    def shrink() -> bytes:
        made = io.BytesIO()
        with PIL.Image.open(io.BytesIO(data)) as image:
            small = image.resize((_WIDTH, _WIDTH * image.height // image.width))
            small.save(made, "JPEG", quality=75)
        return made.getvalue()

    return await asyncio.to_thread(shrink)


async def _cancelled(storage: Storage, _: Path) -> Outcome:
    async with Source.new_from_object(storage, BUCKET, "png") as source:
        task = asyncio.create_task(source.thumbnail(_WIDTH))
        while source.stats.bytes_downloaded < 20 * MIB and not task.done():  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.002)
        begun = time.perf_counter()
        task.cancel()
        await asyncio.wait([task])
        seconds = time.perf_counter() - begun
        stats = source.stats
    return Outcome(task.cancelled(), stats.requests, stats.bytes_downloaded, seconds)


def _thumb(name: str) -> Callable[[Storage, Path], Any]:
    return partial(_thumbnail, name)


WORKS: dict[str, Work] = {
    "thumbnail of a JPEG": Work(
        ("jpeg",), _thumb("jpeg"), "20 requests, 100.5 %, 128 MB, late 30 ms",
        122, requests=20, share=1.005, lag=0.03,
    ),
    "thumbnail of a pyramid TIFF": Work(
        ("pyramid",), _thumb("pyramid"), "12 requests, 2 %, 96 MB", 91, requests=12, share=0.02
    ),
    "crop of a tiled TIFF": Work(
        ("tiles",), partial(_crop, "tiles"), "10 requests, 1.5 %, 96 MB", 91,
        requests=10, share=0.015,
    ),
    "thumbnail of a tiled TIFF": Work(
        ("tiles",), _thumb("tiles"), "60 requests, 103 %", 220, requests=60, share=1.03
    ),
    "thumbnail of a TIFF in strips": Work(
        ("strips",), _thumb("strips"), "101 %, 220 MB", 209, share=1.01
    ),
    "thumbnail of a PNG": Work(("png",), _thumb("png"), "101 %, 220 MB", 209, share=1.01),
    "thumbnail of a progressive JPEG": Work(
        ("progressive",), partial(_thumbnail, "progressive", max_memory_pixels=None),
        "700 MB, when it is allowed", 667,
    ),
    "thumbnail of a WebP": Work(
        ("webp",), partial(_thumbnail, "webp", max_memory_pixels=None), "128 MB", 122
    ),
    "thumbnail of an AVIF (50 MP)": Work(
        ("avif",), _thumb("avif"), "900 MB, as all of it is in memory", 858
    ),
    "JPEG to PNG, object to object": Work(("jpeg",), _to_png, "256 MB, same bytes", 244),
    "eight JPEG thumbnails at once": Work(
        ("jpeg",), _eight, "400 MB, late 30 ms", 381, lag=0.03, copies=8
    ),
    "JPEG to PNG, uploads of 20 MB/s": Work(
        ("jpeg",), partial(_to_png, bytes_per_second=20_000_000), "256 MB, same bytes", 244
    ),
    "200 photos, 8 at a time": Work(
        ("photo",), partial(_photos, one=_by_ranges), "late 30 ms", 381, lag=0.03, copies=_PHOTOS
    ),
    "the same: download, then Pillow": Work(
        ("photo",), partial(_photos, one=_by_pillow), "to compare with", 4000, copies=_PHOTOS
    ),
    "the same, all pixels decoded": Work(
        ("photo",), partial(_photos, one=_by_pillow_whole), "to compare with", 4000, copies=_PHOTOS
    ),
    "a PNG, cancelled in the middle": Work(
        ("png",), _cancelled, "0.5 s until it is over", 244, seconds=0.5
    ),
}  # fmt: skip
