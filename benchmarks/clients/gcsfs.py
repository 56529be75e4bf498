"""gcsfs in its asynchronous mode; streams by its file objects, which block."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from gcsfs.core import GCSFileSystem

from benchmarks.clients.at_once import at_once
from benchmarks.servers.object_names import BUCKET

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.job import Job
    from benchmarks.received import Received


@contextlib.asynccontextmanager
async def opened(job: Job) -> AsyncIterator[Any]:
    """Anonymous; each kind of file system has a loop, and the blocking one makes its own."""
    blocking = job.kind == "stream"
    files: Any = GCSFileSystem(
        project="bench",
        token="anon",  # noqa: S106 - the word for none
        endpoint_url=job.root,
        asynchronous=not blocking,
        loop=None if blocking else asyncio.get_running_loop(),
        skip_instance_cache=True,
    )
    if blocking:
        yield files
        return
    session = await files._set_session()  # noqa: SLF001 - its documentation shows this
    try:
        yield files
    finally:
        await session.close()


async def stream(files: Any, job: Job, received: Received) -> None:
    """A file that is read, in blocks of its own default size."""
    for name in job.names:
        with files.open(f"{BUCKET}/{name}", "rb") as file:
            while chunk := file.read(job.read_bytes):
                received.piece(chunk)


async def to_files(files: Any, job: Job, _: Received) -> None:
    """Each object to a file of its own."""

    async def one(target: tuple[str, str]) -> None:
        name, path = target
        await files._get_file(f"{BUCKET}/{name}", path)  # noqa: SLF001 - its async names

    await at_once(job.concurrency, job.targets, one)


async def sliced_to_file(files: Any, job: Job, _: Received) -> None:
    """Its own concurrent ranges."""
    for name, path in job.targets:
        await files._get_file(  # noqa: SLF001 - its async names
            f"{BUCKET}/{name}", path, concurrency=job.connections
        )


async def small_downloads(files: Any, job: Job, received: Received) -> None:
    """Each object into memory."""

    async def one(name: str) -> None:
        received.whole(await files._cat_file(f"{BUCKET}/{name}"))  # noqa: SLF001 - its async names

    await at_once(job.concurrency, job.names, one)


async def upload_files(files: Any, job: Job, _: Received) -> None:
    """Each object from the file."""

    async def one(name: str) -> None:
        await files._put_file(job.source, f"{BUCKET}/{name}")  # noqa: SLF001 - its async names

    await at_once(job.concurrency, job.new_names, one)


async def small_uploads(files: Any, job: Job, _: Received) -> None:
    """Each object from memory."""
    data = job.body()

    async def one(name: str) -> None:
        await files._pipe_file(f"{BUCKET}/{name}", data)  # noqa: SLF001 - its async names

    await at_once(job.concurrency, job.new_names, one)
