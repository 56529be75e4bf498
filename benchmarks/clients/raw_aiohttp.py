"""aiohttp itself, without a library for the service around it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

from benchmarks.clients.at_once import at_once
from benchmarks.servers.object_names import BUCKET

if TYPE_CHECKING:
    from benchmarks.job import Job
    from benchmarks.received import Received

_READ_BYTES = 1024 * 1024


def opened(_: Job) -> aiohttp.ClientSession:
    """A session with its defaults, and no limit of time."""
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None))


def media_url(job: Job, name: str) -> str:
    """Where an object's bytes are."""
    return f"{job.root}/storage/v1/b/{BUCKET}/o/{name}?alt=media"


async def stream(session: aiohttp.ClientSession, job: Job, received: Received) -> None:
    """`iter_chunked(n)`."""
    for name in job.names:
        async with session.get(media_url(job, name)) as response:
            async for chunk in response.content.iter_chunked(job.read_bytes):
                received.piece(chunk)


async def to_files(session: aiohttp.ClientSession, job: Job, _: Received) -> None:
    """Each object to a file of its own, written as it comes."""

    async def one(target: tuple[str, str]) -> None:
        name, path = target
        async with session.get(media_url(job, name)) as response:
            with Path(path).open("wb", buffering=0) as file:  # noqa: ASYNC230 - in memory
                async for chunk in response.content.iter_chunked(_READ_BYTES):
                    file.write(chunk)

    await at_once(job.concurrency, job.targets, one)


async def small_downloads(session: aiohttp.ClientSession, job: Job, received: Received) -> None:
    """Each object into memory."""

    async def one(name: str) -> None:
        async with session.get(media_url(job, name)) as response:
            received.whole(await response.read())

    await at_once(job.concurrency, job.names, one)


def _upload_url(job: Job, name: str) -> str:
    return f"{job.root}/upload/storage/v1/b/{BUCKET}/o?uploadType=media&name={name}"


async def upload_files(session: aiohttp.ClientSession, job: Job, _: Received) -> None:
    """Each object from the open file."""

    async def one(name: str) -> None:
        with Path(job.source).open("rb") as file:  # noqa: ASYNC230 - in memory
            async with session.post(_upload_url(job, name), data=file) as response:
                await response.json()

    await at_once(job.concurrency, job.new_names, one)


async def small_uploads(session: aiohttp.ClientSession, job: Job, _: Received) -> None:
    """Each object from memory."""
    data = job.body()

    async def one(name: str) -> None:
        async with session.post(_upload_url(job, name), data=data) as response:
            await response.json()

    await at_once(job.concurrency, job.new_names, one)
