"""A process that downloads into a file and may be killed: python sliced_process.py TARGET."""

import asyncio
import sys

from storage_stream import Storage


async def _main(target: str) -> None:
    async with Storage() as storage:
        await storage.download_to_filename(
            "bucket", "name", target, slice_bytes=256 * 1024, workers=2
        )


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1]))
