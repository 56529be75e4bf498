"""obstore: Rust's object_store behind Python, over the XML API."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import obstore
from obstore.store import GCSStore

from benchmarks.clients.at_once import at_once
from benchmarks.servers.object_names import BUCKET

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.job import Job
    from benchmarks.received import Received

_READ_BYTES = 1024 * 1024
_SLICE_BYTES = 8 * 1024 * 1024


@contextlib.asynccontextmanager
async def opened(job: Job) -> AsyncIterator[GCSStore]:
    """A store without credentials."""
    account = {
        "gcs_base_url": job.root,
        "disable_oauth": True,
        "client_email": "",
        "private_key": "",
        "private_key_id": "",
    }
    authority = Path(job.authority).read_text()  # noqa: ASYNC240 - small, and not measured
    options: Any = {"allow_http": True, "timeout": "600s", "root_certificate": authority}
    yield GCSStore(BUCKET, service_account_key=json.dumps(account), client_options=options)


async def stream(store: GCSStore, job: Job, received: Received) -> None:
    """Its stream, in pieces of at least `read_bytes`."""
    for name in job.names:
        found = await obstore.get_async(store, name)
        async for chunk in found.stream(min_chunk_size=job.read_bytes):
            received.piece(chunk)


async def to_files(store: GCSStore, job: Job, _: Received) -> None:
    """Each object to a file of its own, written as it comes."""

    async def one(target: tuple[str, str]) -> None:
        name, path = target
        found = await obstore.get_async(store, name)
        with Path(path).open("wb", buffering=0) as file:  # noqa: ASYNC230 - in memory
            async for chunk in found.stream(min_chunk_size=_READ_BYTES):
                file.write(chunk)

    await at_once(job.concurrency, job.targets, one)


async def sliced_to_file(store: GCSStore, job: Job, _: Received) -> None:
    """Ranges, some at once, each written to its place."""
    for name, path in job.targets:
        file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)

        async def one(start: int, name: str = name, file: int = file) -> None:
            end = min(start + _SLICE_BYTES, job.size_bytes)
            data = await obstore.get_range_async(store, name, start=start, end=end)
            os.pwrite(file, data, start)

        try:
            await at_once(job.connections, range(0, job.size_bytes, _SLICE_BYTES), one)
        finally:
            os.close(file)


async def small_downloads(store: GCSStore, job: Job, received: Received) -> None:
    """Each object into memory."""

    async def one(name: str) -> None:
        found = await obstore.get_async(store, name)
        received.whole(await found.bytes_async())

    await at_once(job.concurrency, job.names, one)


async def upload_files(store: GCSStore, job: Job, _: Received) -> None:
    """Each object from the file, in parts at once, as it does by itself."""

    async def one(name: str) -> None:
        await obstore.put_async(store, name, Path(job.source))

    await at_once(job.concurrency, job.new_names, one)


async def small_uploads(store: GCSStore, job: Job, _: Received) -> None:
    """Each object from memory, in one request."""
    data = job.body()

    async def one(name: str) -> None:
        await obstore.put_async(store, name, data, use_multipart=False)

    await at_once(job.concurrency, job.new_names, one)
