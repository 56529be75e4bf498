"""A client process that reads a large object, and prints by how much its memory grew at most.

python memory_client.py PORT stream|file SIZE TARGET
"""

import asyncio
import sys
from pathlib import Path

from memory_mark import MemoryMark

from storage_stream import Storage

CHUNK_BYTES = 64 * 1024


async def _stream(storage: Storage, size: int) -> int:
    count = 0
    async with storage.download_stream("bucket", str(size)) as stream:
        while chunk := await stream.read(CHUNK_BYTES):
            count += len(chunk)
        assert stream.verified is True
    return count


async def _file(storage: Storage, size: int, target: Path) -> int:
    await storage.download_to_filename("bucket", str(size), target)
    return _size_of(target)


def _size_of(path: Path) -> int:
    return path.stat().st_size


async def _main(port: str, way: str, size: int, target: Path) -> None:
    async def read(count: int) -> int:
        return await (_stream(storage, count) if way == "stream" else _file(storage, count, target))

    async with Storage(api_root=f"http://127.0.0.1:{port}", anonymous=True) as storage:
        await read(1_000_000)  # modules, the connection and the threads are there afterwards
        mark = MemoryMark()
        mark.tell(await read(size))


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4])))
