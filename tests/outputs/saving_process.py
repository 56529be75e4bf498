"""Saves a blob of an object, and tells what memory that took: URL BUCKET FILE."""

import asyncio
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from memory_mark import MemoryMark

from storage_stream import Storage
from storage_stream.outputs import Blob


async def main(url: str, bucket: str, filename: str) -> None:
    async with Storage(api_root=url, anonymous=True) as storage:
        blob = await Blob.from_object(storage, bucket, "object")
        mark = MemoryMark()
        await blob.save(filename)
        mark.tell(os.stat(filename).st_size)  # noqa: PTH116 - no wait to speak of


asyncio.run(main(*sys.argv[1:]))
