"""A client process that uploads what it does not know the length of, and prints how memory grew.

python upload_memory_client.py PORT iterator|lines|writer SIZE
"""

import asyncio
import random
import sys
from collections.abc import AsyncIterator

from memory_mark import MemoryMark

from storage_stream import Storage

BLOCK = random.Random(1).randbytes(100_003)  # noqa: S311 - not secret
LINE = b"one short line of very many\n"


async def _blocks(size: int, block: bytes) -> AsyncIterator[bytes]:
    view = memoryview(block)
    for start in range(0, size, len(block)):
        yield bytes(view[: size - start])


async def _upload(storage: Storage, way: str, size: int) -> int:
    pieces = _blocks(size, LINE if way == "lines" else BLOCK)
    if way != "writer":
        return int((await storage.upload("bucket", "name", pieces))["size"])
    async with storage.upload_stream("bucket", "name") as writer:
        async for piece in pieces:
            await writer.write(piece)
    return int(writer.resource["size"])


async def _main(port: str, way: str, size: int) -> None:
    async with Storage(api_root=f"http://127.0.0.1:{port}", anonymous=True) as storage:
        warm_up = _blocks(1_000, BLOCK)
        await storage.upload("bucket", "name", warm_up, force_resumable_upload=True)
        mark = MemoryMark()
        mark.tell(await _upload(storage, way, size))


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
