"""The journeys of the data: out to the service, and back in three ways, each compared at its end.

This is ordinary code of a user of the library; `Meter` is all it knows of progress bars.
"""

import asyncio
import hashlib
import io
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from storage_stream import Storage, StreamResponse
from storage_stream.cli.demo.dataset import LOG, PICTURES, TABLE, WANTED_LEVEL, DataSet, MadeFile
from storage_stream.pipeline import copy, gunzip, gzip, json_lines, tee

T = TypeVar("T")

INPUT, OUTPUT = "demo-input", "demo-output"
RESULT = "logs/errors.jsonl.gz"
AT_ONCE = 8


class Meter(Protocol):
    """Is told of bytes as they pass; a sink of `tee`."""

    def write(self, data: bytes, /) -> object:
        """These bytes passed."""
        ...


class WrongDataError(Exception):
    """What came back is not what was stored."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a journey came to.

    Attributes:
        what: In words.
        objects: How many.
        size: Bytes read from the service, or written to it.
        seconds: Without the comparing.
        resumes: Downloads that were continued after a broken connection.
        verified: Objects whose bytes were compared and are right.
    """

    what: str
    objects: int
    size: int
    seconds: float
    resumes: int
    verified: int


async def upload_all(storage: Storage, made: DataSet, meter: Meter) -> Outcome:
    """Store the files, several at once; the client compares each with the service's crc32c."""
    start = time.perf_counter()
    for bucket in (INPUT, OUTPUT):
        await storage.create_bucket(bucket, "demo-project")

    async def one(file: MadeFile) -> None:
        with _MeteredFile(file.path, meter) as content:
            await storage.upload(INPUT, file.name, content)

    await _together(one, made.files)
    seconds = time.perf_counter() - start
    count = len(made.files)
    return Outcome("uploading the data set", count, made.size, seconds, 0, count)


async def one_large_object(storage: Storage, made: DataSet, folder: Path, meter: Meter) -> Outcome:
    """Stream the table into a file."""
    table = next(file for file in made.files if file.name == TABLE)
    start = time.perf_counter()
    async with storage.download_stream(INPUT, table.name) as stream:
        await _save(stream, folder / "measurements.csv", meter)
    seconds = time.perf_counter() - start
    await _compare(table, folder / "measurements.csv")
    return Outcome("one large object, cut", 1, table.size, seconds, stream.resumes, 1)


async def a_prefix(storage: Storage, made: DataSet, folder: Path, meter: Meter) -> Outcome:
    """Download everything below a prefix, several at once; the names come from a listing."""
    start = time.perf_counter()
    names = [item["name"] async for item in storage.iter_objects(INPUT, prefix=PICTURES)]
    resumes = 0

    async def one(name: str) -> None:
        nonlocal resumes
        async with storage.download_stream(INPUT, name) as stream:
            await _save(stream, folder / Path(name).name, meter)
        resumes += stream.resumes

    await _together(one, names)
    seconds = time.perf_counter() - start
    pictures = [file for file in made.files if file.name.startswith(PICTURES)]
    if [file.name for file in pictures] != names:
        raise WrongDataError(f"{len(names)} pictures were listed, {len(pictures)} stored")
    for picture in pictures:
        await _compare(picture, folder / Path(picture.name).name)
    size = sum(picture.size for picture in pictures)
    what = f"a prefix, {AT_ONCE} at once"
    return Outcome(what, len(names), size, seconds, resumes, len(pictures))


async def a_pipeline(storage: Storage, made: DataSet, folder: Path, meter: Meter) -> Outcome:
    """Read JSON lines, keep some, compress them, store the result; no step holds it all."""
    log = next(file for file in made.files if file.name == LOG)
    packed = folder / "errors.jsonl.gz"
    start = time.perf_counter()
    async with storage.download_stream(INPUT, LOG) as stream:
        with await asyncio.to_thread(packed.open, "wb") as file:
            await copy(gzip(_wanted(tee(stream, meter))), file)
    await storage.upload(OUTPUT, RESULT, packed, content_type="application/gzip")
    seconds = time.perf_counter() - start
    await _compare_result(storage, made)
    return Outcome("a JSON lines pipeline", 1, log.size, seconds, stream.resumes, 1)


async def _wanted(log: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async with json_lines(log) as records:
        async for record in records:
            if record["level"] == WANTED_LEVEL:
                yield (json.dumps(record) + "\n").encode()


async def _compare_result(storage: Storage, made: DataSet) -> None:
    digest = hashlib.sha256()
    async with storage.download_stream(OUTPUT, RESULT) as stream:
        async with gunzip(stream) as unpacked:
            async for chunk in unpacked:
                digest.update(chunk)
        if stream.verified is not True or digest.hexdigest() != made.wanted_sha256:
            raise WrongDataError(f"gs://{OUTPUT}/{RESULT} is not what the filter should keep")


async def _save(stream: StreamResponse, path: Path, meter: Meter) -> None:
    with await asyncio.to_thread(path.open, "wb") as file:
        await copy(tee(stream, meter), file)
    if stream.verified is not True:
        raise WrongDataError(f"{stream!r} was not verified")


async def _compare(file: MadeFile, copied: Path) -> None:
    """Compare a copy with the digest that was taken when the file was made."""
    if await asyncio.to_thread(_sha256, copied) != file.sha256:
        raise WrongDataError(f"{copied.name} is not what was stored as {file.name}")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


async def _together(job: Callable[[T], Awaitable[None]], items: Iterable[T]) -> None:
    """Do the job for every item, `AT_ONCE` at a time; the first failure ends all."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(item: T) -> None:
        async with places:
            await job(item)

    try:
        async with asyncio.TaskGroup() as group:
            for item in items:
                group.create_task(one(item))
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from failures


class _MeteredFile(io.FileIO):
    """A file that tells the meter what is read from it."""

    def __init__(self, path: Path, meter: Meter) -> None:
        super().__init__(path)
        self._meter = meter

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self._meter.write(data)
        return data
