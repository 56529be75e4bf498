"""Work by `StreamParser`: pictures decoded while they arrive, and what is refused."""

from __future__ import annotations

import asyncio
import io
import math
import time
from functools import partial
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageFile, ImageStat

from benchmarks.media_parts.work import BUCKET, MIB, Outcome, Work
from storage_stream.media import StreamParser, UnidentifiedImage, parse_object

if TYPE_CHECKING:
    from pathlib import Path

    from storage_stream import Storage

__all__ = ["WORKS"]

_TARGET = 2048
_PHOTOS = 200
_AT_ONCE = 8
_THUMBNAIL = 300
_PREVIEW = 500
_LEAST_ROWS = {"25": 20, "50": 45, "75": 70}  # percent of the bytes, and of the rows
_MOST_GROWTH = 1.3  # of the time for a byte when the rows are doubled
_GOOD_DECIBELS = 40


async def _smaller(storage: Storage, folder: Path) -> Outcome:
    begun = time.perf_counter()
    image = await parse_object(storage, BUCKET, "jpeg", target_size=_TARGET)
    seconds = time.perf_counter() - begun
    is_right = await asyncio.to_thread(_is_draft, image, folder / "jpeg")
    return Outcome(is_right, seconds=seconds, more={"size": image.size})


def _is_draft(image: Image.Image, path: Path) -> bool:
    """Whether Pillow makes the same of the local file."""
    with _unlimited(path) as local:
        local.draft(None, image.size)
        strips = ((0, top, image.width, top + 64) for top in range(0, image.height, 64))
        return all(local.crop(strip).tobytes() == image.crop(strip).tobytes() for strip in strips)


def _unlimited(path: Path) -> Image.Image:
    """`Image.open` without its limit of pixels; this process opens what it made itself."""
    Image.MAX_IMAGE_PIXELS = None
    return Image.open(path)


async def _whole(name: str, storage: Storage, _: Path) -> Outcome:
    rows: list[int] = []
    begun = time.perf_counter()
    image = await parse_object(
        storage, BUCKET, name, on_rows=lambda _, upper, lower: rows.append(lower - upper)
    )
    seconds = time.perf_counter() - begun
    return Outcome(sum(rows) == image.height, seconds=seconds, more={"calls": len(rows)})


async def _in_pieces(_: Storage, folder: Path) -> Outcome:
    """A PNG in pieces of 1 KiB, then one of twice as many rows, then Pillow's own parser."""
    data = (folder / "photo-png").read_bytes()
    twice = (folder / "photo-png-twice").read_bytes()
    seconds, quarters = await asyncio.to_thread(_fed, data, 1024)
    double = (await asyncio.to_thread(_fed, twice, 1024))[0]
    pillow = await asyncio.to_thread(_fed_to_pillow, data, 64 * 1024)
    early = all(quarters[quarter] >= least for quarter, least in _LEAST_ROWS.items())
    growth = double / seconds / (len(twice) / len(data))
    return Outcome(
        early and growth <= _MOST_GROWTH,
        seconds=seconds,
        more={"rows": quarters, "twice": double, "growth": growth, "pillow_64_kib": pillow},
    )


async def _rows_of_jpeg(_: Storage, folder: Path) -> Outcome:
    data = (folder / "photo").read_bytes()
    seconds, quarters = await asyncio.to_thread(_fed, data, 1024)
    early = all(quarters[quarter] >= least for quarter, least in _LEAST_ROWS.items())
    return Outcome(early, seconds=seconds, more={"rows": quarters})


def _fed(data: bytes, piece: int) -> tuple[float, dict[str, float]]:
    """Seconds of the processor, and how many rows were there after each quarter of the bytes."""
    parser = StreamParser()
    quarters: dict[str, float] = {}
    begun = time.process_time()
    for start in range(0, len(data), piece):
        parser.feed(data[start : start + piece])
        quarter = str(25 * (4 * (start + piece) // len(data)))
        if quarter in _LEAST_ROWS and quarter not in quarters and parser.image is not None:
            quarters[quarter] = round(100 * parser.rows_ready / parser.image.height, 1)
    parser.close()
    return time.process_time() - begun, quarters


def _fed_to_pillow(data: bytes, piece: int) -> float:
    parser = ImageFile.Parser()
    begun = time.process_time()
    for start in range(0, len(data), piece):
        parser.feed(data[start : start + piece])
    parser.close()
    return time.process_time() - begun


async def _previews(_: Storage, folder: Path) -> Outcome:
    """How near a tenth of a progressive JPEG comes to all of it."""
    data = (folder / "photo-progressive").read_bytes()
    begun = time.perf_counter()
    early = await asyncio.to_thread(_preview, data[: len(data) // 10])
    seconds = time.perf_counter() - begun
    late = await asyncio.to_thread(_preview, data)
    found = _decibels(early, late)
    return Outcome(found >= _GOOD_DECIBELS, seconds=seconds, more={"decibels": round(found, 1)})


def _preview(data: bytes) -> Image.Image:
    parser = StreamParser()
    parser.feed(data)
    image = parser.preview(_PREVIEW)
    if image is None:
        raise LookupError("no preview")
    height = image.height * _PREVIEW // image.width
    return image.resize((_PREVIEW, height))


def _decibels(image: Image.Image, other: Image.Image) -> float:
    """The peak signal-to-noise ratio of two pictures."""
    squares = ImageStat.Stat(ImageChops.difference(image, other)).sum2
    mean = sum(squares) / (3 * image.width * image.height)
    return math.inf if mean == 0 else 10 * math.log10(255**2 / mean)


async def _refused(storage: Storage, _: Path) -> Outcome:
    """A hundred megabytes of zeros."""
    await storage.upload(BUCKET, "zeros", bytes(100 * MIB))
    parser = StreamParser()
    begun = time.perf_counter()
    try:
        await parse_object(storage, BUCKET, "zeros", parser=parser)
    except UnidentifiedImage:
        is_refused = parser.bytes_fed <= 1.1 * MIB
    else:
        is_refused = False
    seconds = time.perf_counter() - begun
    return Outcome(is_refused, seconds=seconds, more={"fed": parser.bytes_fed})


async def _photos(storage: Storage, _: Path) -> Outcome:
    """A thumbnail of each of many photos, eight at a time; `vips_work` has the others' figures."""
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(number: int) -> bytes:
        name = "photo" if number == 0 else f"photo-{number}"
        async with places:
            image = await parse_object(storage, BUCKET, name, target_size=2 * _THUMBNAIL)
            return await asyncio.to_thread(_thumbnail, image)

    begun = time.perf_counter()
    made = await asyncio.gather(*map(one, range(_PHOTOS)))
    seconds = time.perf_counter() - begun
    return Outcome(len(set(made)) == 1, seconds=seconds, more={"bytes": len(made[0])})


def _thumbnail(image: Image.Image) -> bytes:
    image.thumbnail((_THUMBNAIL, _THUMBNAIL))
    file = io.BytesIO()
    image.save(file, "JPEG")
    return file.getvalue()


WORKS: dict[str, Work] = {
    "parse_object: a JPEG for 2048 px": Work(
        ("jpeg",), _smaller, "128 MB, 3 s, late 30 ms", 122, seconds=3, lag=0.03
    ),
    "parse_object: all of a JPEG": Work(
        ("jpeg",), partial(_whole, "jpeg"), "4 bytes a pixel and 128 MB", 890
    ),
    "StreamParser: a PNG in 1 KiB pieces": Work(
        ("photo-png", "photo-png-twice"), _in_pieces, "2 s; twice the rows, twice the time",
        512, seconds=2,
    ),
    "StreamParser: a JPEG in 1 KiB pieces": Work(
        ("photo",), _rows_of_jpeg, "rows come with the bytes", 160
    ),
    "preview of 10 % of a progressive JPEG": Work(
        ("photo-progressive",), _previews, "40 dB to the final one, 500 px", 200
    ),
    "200 photos, thumbnails: parse_object": Work(
        ("photo",), _photos, "half the time and memory of Pillow's, late 30 ms", 200, lag=0.03,
        copies=_PHOTOS,
    ),
    "parse_object: zeros": Work((), _refused, "1.1 MiB looked at", 260),
}  # fmt: skip
