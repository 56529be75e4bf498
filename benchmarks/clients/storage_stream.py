"""This library, by its public names; its checksums are on, as always."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.clients.at_once import at_once
from benchmarks.servers.object_names import BUCKET
from storage_stream import Storage

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from benchmarks.job import Job
    from benchmarks.received import Received


def opened(job: Job) -> AbstractAsyncContextManager[Storage]:
    """With what it does by itself, and nothing tuned."""
    return Storage(api_root=job.root, anonymous=True)


async def stream(storage: Storage, job: Job, received: Received) -> None:
    """`read(n)` until there is no more."""
    for name in job.names:
        async with storage.download_stream(BUCKET, name) as body:
            while chunk := await body.read(job.read_bytes):
                received.piece(chunk)
        if not body.verified:
            raise AssertionError("the stream was not verified")


async def to_files(storage: Storage, job: Job, _: Received) -> None:
    """Each object to a file of its own."""

    async def one(target: tuple[str, str]) -> None:
        name, path = target
        await storage.download_to_filename(BUCKET, name, path)

    await at_once(job.concurrency, job.targets, one)


sliced_to_file = to_files  # it decides by itself


async def small_downloads(storage: Storage, job: Job, received: Received) -> None:
    """Each object into memory."""

    async def one(name: str) -> None:
        received.whole(await storage.download(BUCKET, name))

    await at_once(job.concurrency, job.names, one)


async def upload_files(storage: Storage, job: Job, _: Received) -> None:
    """Each object from the file."""

    async def one(name: str) -> None:
        await storage.upload_from_filename(BUCKET, name, Path(job.source))

    await at_once(job.concurrency, job.new_names, one)


async def small_uploads(storage: Storage, job: Job, _: Received) -> None:
    """Each object from memory."""
    data = job.body()

    async def one(name: str) -> None:
        await storage.upload(BUCKET, name, data)

    await at_once(job.concurrency, job.new_names, one)
