"""A process of its own that reads pictures, for what would end it or fill it.

python vips_process.py URL rounds|leak|interrupted|missing|forked
"""

import asyncio
import gc
import json
import os
import sys
import warnings
from pathlib import Path
from typing import Any

from storage_stream import Storage
from storage_stream.errors import UsageError
from storage_stream.media import ExtraMissing, OutsideRunError, Source


def resident() -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise LookupError


def new_source(storage: Storage) -> Source:
    return Source.new_from_object(storage, "bucket", "picture")


async def rounds(storage: Storage) -> dict[str, int]:
    """200 thumbnails, and the objects collected between a thumbnail and its use."""
    import pyvips  # noqa: PLC0415 - not in the process where it is missing

    def lazily(given: Any) -> float:
        image = pyvips.Image.thumbnail_source(given, 50)
        del given
        gc.collect()
        return float(image.avg())

    marks = {}
    for number in range(1, 201):
        source = new_source(storage)
        await source.run(lazily)
        await source.thumbnail(60 + number % 3)
        del source
        gc.collect()
        if number in {20, 200}:
            marks[f"rss_{number}"] = resident()
    return marks


async def leak(storage: Storage) -> dict[str, int]:
    """Images that outlive their run, and their source."""
    import pyvips  # noqa: PLC0415 - not in the process where it is missing

    leaked: list[Any] = []
    source = new_source(storage)
    await source.run(lambda given: leaked.append(pyvips.Image.thumbnail_source(given, 50)))
    await source.run(lambda given: leaked.append(pyvips.Image.new_from_source(given, "")))
    told = 0
    for image in leaked:
        try:
            image.avg()
        except pyvips.Error:
            told += 1
    try:
        await source.thumbnail(100)
    except OutsideRunError:
        told += 10
    del source
    gc.collect()
    for image in leaked:
        try:
            image.avg()
        except pyvips.Error:
            told += 1
    return {"told": told}


async def interrupted(storage: Storage) -> dict[str, int]:
    """The program ends while a picture is being read; nothing was closed."""
    source = new_source(storage)
    run = asyncio.ensure_future(source.thumbnail(50))
    while not source.stats.requests:  # noqa: ASYNC110 - no event tells
        await asyncio.sleep(0.001)
    del run
    return {"requests": source.stats.requests}


async def missing(storage: Storage) -> dict[str, str]:
    """Without pyvips."""
    try:
        await new_source(storage).thumbnail(50)
    except ExtraMissing as error:
        return {"message": str(error)}
    return {}


def forked(url: str) -> dict[str, str]:
    """A picture before a fork, and one after it."""

    async def small() -> str:
        async with Storage(api_root=url, anonymous=True) as storage:
            try:
                return str(len(await new_source(storage).thumbnail(50)) > 0)
            except UsageError as error:
                return str(error)

    before = asyncio.run(small())
    reading, writing = os.pipe()
    # From 3.12 on Python warns of just what is tried here.
    warnings.filterwarnings("ignore", ".*multi-threaded, use of fork", DeprecationWarning)
    child = os.fork()
    if child == 0:
        os.write(writing, asyncio.run(small()).encode())
        os._exit(0)
    os.waitpid(child, 0)
    return {"before": before, "after": os.read(reading, 1000).decode()}


async def main(url: str, what: str) -> None:
    if what == "missing":
        sys.modules["pyvips"] = None  # type: ignore[assignment] # which is how Python marks one
    act: Any = {"rounds": rounds, "leak": leak, "interrupted": interrupted, "missing": missing}
    storage = Storage(api_root=url, anonymous=True)
    gc.freeze()  # so that collecting goes through what the rounds made, not through all modules
    told = await act[what](storage)
    sys.stdout.write(json.dumps(told))
    if what != "interrupted":
        await storage.close()


if __name__ == "__main__":
    if sys.argv[2] == "forked":
        sys.stdout.write(json.dumps(forked(sys.argv[1])))
    else:
        asyncio.run(main(sys.argv[1], sys.argv[2]))
