"""google-cloud-storage, which blocks; its transfer manager with threads where that fits."""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING, Any

from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client, transfer_manager  # type: ignore[import-untyped] # no types

from benchmarks.servers.object_names import BUCKET

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.job import Job
    from benchmarks.received import Received

_SLICE_BYTES = 8 * 1024 * 1024


@contextlib.asynccontextmanager
async def opened(job: Job) -> AsyncIterator[Any]:
    """A bucket, and as many connections as there may be requests."""
    client = Client(
        project="bench",
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call] # no types
        client_options={"api_endpoint": job.root},
    )
    import requests.adapters  # noqa: PLC0415 - what the client is made of; its default is ten

    adapter = requests.adapters.HTTPAdapter(pool_maxsize=max(job.concurrency, job.connections))
    client._http.mount(job.root, adapter)  # noqa: SLF001 - its documentation shows this
    try:
        yield client.bucket(BUCKET)
    finally:
        client.close()


async def stream(bucket: Any, job: Job, received: Received) -> None:
    """A file that is read, in ranges of its own default size."""
    for name in job.names:
        with bucket.blob(name).open("rb") as file:
            while chunk := file.read(job.read_bytes):
                received.piece(chunk)


async def to_files(bucket: Any, job: Job, _: Received) -> None:
    """Each object to a file of its own."""
    if job.count == 1:
        [(name, path)] = job.targets
        bucket.blob(name).download_to_filename(path)
        return
    pairs = [(bucket.blob(name), path) for name, path in job.targets]
    _raise_first(
        transfer_manager.download_many(
            pairs, worker_type=transfer_manager.THREAD, max_workers=job.concurrency
        )
    )


async def sliced_to_file(bucket: Any, job: Job, _: Received) -> None:
    """Its chunks at once."""
    for name, path in job.targets:
        transfer_manager.download_chunks_concurrently(
            bucket.blob(name),
            path,
            chunk_size=_SLICE_BYTES,
            worker_type=transfer_manager.THREAD,
            max_workers=job.connections,
        )


async def small_downloads(bucket: Any, job: Job, received: Received) -> None:
    """Each object into memory."""
    pairs = [(bucket.blob(name), io.BytesIO()) for name in job.names]
    _raise_first(
        transfer_manager.download_many(
            pairs, worker_type=transfer_manager.THREAD, max_workers=job.concurrency
        )
    )
    for _, file in pairs:
        received.whole(file.getbuffer())


async def upload_files(bucket: Any, job: Job, _: Received) -> None:
    """Each object from the file, one after the other."""
    for name in job.new_names:
        bucket.blob(name).upload_from_filename(job.source, timeout=600)


async def small_uploads(bucket: Any, job: Job, _: Received) -> None:
    """Each object from memory."""
    data = job.body()
    pairs = [(io.BytesIO(data), bucket.blob(name)) for name in job.new_names]
    _raise_first(
        transfer_manager.upload_many(
            pairs, worker_type=transfer_manager.THREAD, max_workers=job.concurrency
        )
    )


def _raise_first(results: list[object]) -> None:
    """It returns errors as results."""
    for result in results:
        if isinstance(result, Exception):
            raise result
