"""One client downloads one object once, and prints what it cost: run in a process of its own.

python benchmarks/download_clients.py CLIENT URL_ROOT CHUNK_BYTES LOOP
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

Client = "Callable[[str, int], Awaitable[int]]"
MEDIA = "/storage/v1/b/bench/o/object?alt=media"


async def storage_stream(root: str, chunk_bytes: int) -> int:
    """This library; its checksum is on, as always."""
    from storage_stream import Storage  # noqa: PLC0415 - only the client that is measured

    received = 0
    async with Storage(api_root=root, anonymous=True) as storage:
        async with storage.download_stream("bench", "object") as stream:
            while chunk := await stream.read(chunk_bytes):
                received += len(chunk)
        if not stream.verified:
            raise AssertionError("not verified")
    return received


async def gcloud_aio_storage(root: str, chunk_bytes: int) -> int:
    """gcloud-aio-storage; without a checksum."""
    from gcloud.aio.storage import Storage  # noqa: PLC0415 - only the client that is measured

    received = 0
    async with Storage(api_root=root) as storage:
        stream = await storage.download_stream("bench", "object", timeout=600)
        while chunk := await stream.read(chunk_bytes):
            received += len(chunk)
    return received


async def aiohttp_chunked(root: str, chunk_bytes: int) -> int:
    """Call `iter_chunked` of aiohttp itself; without a checksum."""
    received = 0
    async with aiohttp.ClientSession() as session, session.get(root + MEDIA) as response:
        async for chunk in response.content.iter_chunked(chunk_bytes):
            received += len(chunk)
    return received


CLIENTS = {
    "storage-stream": storage_stream,
    "gcloud-aio-storage": gcloud_aio_storage,
    "aiohttp iter_chunked": aiohttp_chunked,
}


def peak_rss_bytes() -> int:
    """The largest resident size of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def resident_bytes() -> int:
    """The resident size of this process now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def cpu_seconds() -> float:
    """Processor time of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def measure(
    client: Callable[[str, int], Awaitable[int]], root: str, size: int
) -> dict[str, float]:
    """Run it, and say what it took. Imports and a first small request are not counted."""
    rss, cpu, began = resident_bytes(), cpu_seconds(), time.perf_counter()
    received = await client(root, size)
    return {
        "bytes": received,
        "seconds": time.perf_counter() - began,
        "cpu_seconds": cpu_seconds() - cpu,
        "rss_growth_bytes": max(0, peak_rss_bytes() - rss),
    }


def main() -> None:
    """Measure the client that the command line names."""
    name, root, chunk_bytes, loop = sys.argv[1:]
    __import__({"storage-stream": "storage_stream"}.get(name, "gcloud.aio.storage"))
    work = measure(CLIENTS[name], root, int(chunk_bytes))
    if loop == "uvloop":
        import uvloop  # noqa: PLC0415 - an option

        result = uvloop.run(work)
    else:
        result = asyncio.run(work)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
