"""A client process that deletes what a prefix names, and prints how its memory grew.

python deletion_memory_client.py PORT COUNT
"""

import asyncio
import sys

from memory_mark import MemoryMark

from storage_stream import Storage


async def _main(port: str, count: int) -> None:
    async with Storage(api_root=f"http://127.0.0.1:{port}", anonymous=True) as storage:
        # Modules, the connections and two pages are there afterwards.
        await storage.delete_prefix("bucket", "warm-up/3000/")
        mark = MemoryMark()
        deletion = await storage.delete_prefix("bucket", f"objects/{count}/")
        assert (deletion.missing, deletion.failed) == (0, 0)
        mark.tell(deletion.deleted)


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], int(sys.argv[2])))
