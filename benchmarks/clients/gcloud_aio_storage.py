"""gcloud-aio-storage. Files by its stream: its own `download_to_filename` holds the object."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import aiohttp
from gcloud.aio.storage import Storage

from benchmarks.clients.at_once import at_once
from benchmarks.servers.object_names import BUCKET

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.job import Job
    from benchmarks.received import Received

_READ_BYTES = 1024 * 1024
_TIMEOUT = 600  # seconds


@contextlib.asynccontextmanager
async def opened(job: Job) -> AsyncIterator[Any]:
    """With aiohttp's own session, as its documentation shows."""
    async with aiohttp.ClientSession() as session:
        yield Storage(session=cast("Any", session), api_root=job.root)


async def stream(storage: Any, job: Job, received: Received) -> None:
    """`read(n)` until there is no more."""
    for name in job.names:
        body = await storage.download_stream(BUCKET, name, timeout=_TIMEOUT)
        while chunk := await body.read(job.read_bytes):
            received.piece(chunk)


async def to_files(storage: Any, job: Job, _: Received) -> None:
    """Each object to a file of its own, written as it comes."""

    async def one(target: tuple[str, str]) -> None:
        name, path = target
        body = await storage.download_stream(BUCKET, name, timeout=_TIMEOUT)
        with Path(path).open("wb", buffering=0) as file:  # noqa: ASYNC230 - in memory
            while chunk := await body.read(_READ_BYTES):
                file.write(chunk)

    await at_once(job.concurrency, job.targets, one)


sliced_to_file = to_files  # it has nothing that slices


async def small_downloads(storage: Any, job: Job, received: Received) -> None:
    """Each object into memory."""

    async def one(name: str) -> None:
        received.whole(await storage.download(BUCKET, name))

    await at_once(job.concurrency, job.names, one)


async def upload_files(storage: Any, job: Job, _: Received) -> None:
    """Each object from the open file."""

    async def one(name: str) -> None:
        with Path(job.source).open("rb") as file:  # noqa: ASYNC230 - in memory
            await storage.upload(BUCKET, name, file, timeout=_TIMEOUT)

    await at_once(job.concurrency, job.new_names, one)


async def small_uploads(storage: Any, job: Job, _: Received) -> None:
    """Each object from memory."""
    data = job.body()

    async def one(name: str) -> None:
        await storage.upload(BUCKET, name, data)

    await at_once(job.concurrency, job.new_names, one)
