"""A client process that goes through long lists, and prints by how much its memory grew at most.

python many_memory.py URL FOLDER WARM_UP COUNT
"""

import asyncio
import json
import sys
from pathlib import Path

from parallel_client import _begin_the_mark_anew, _status

from storage_stream import Storage


async def _main(url: str, folder: Path, warm_up: int, count: int) -> None:
    async with Storage(api_root=url, anonymous=True) as storage:
        run = await storage.sync(f"gs://bucket/{warm_up}", folder, dry_run=True)
        before = _begin_the_mark_anew()
        run = storage.sync(f"gs://bucket/{count}", folder, dry_run=True)
        async for _ in run:
            pass
        growth = _status("VmHWM") - before
    sys.stdout.write(json.dumps({"skipped": run.skipped, "growth": growth}))


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])))
