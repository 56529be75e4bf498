"""A process that downloads or uploads many, with a journal, and may be killed.

python many_process.py download|upload FOLDER JOURNAL PROCESSES
"""

import asyncio
import sys
from pathlib import Path

from storage_stream import RetryPolicy, Storage


async def _main(what: str, folder: Path, journal: Path, processes: int) -> None:
    async with Storage(retry=RetryPolicy(initial_delay=0)) as storage:
        if what == "download":
            run = storage.download_many(
                "bucket", "", folder, journal=journal, concurrency=8, processes=processes
            )
        else:
            run = storage.upload_many(
                "bucket", folder, journal=journal, concurrency=8, processes=processes
            )
        async for result in run:
            sys.stdout.write(f"{result.target} {result.skipped or result.error or 'done'}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])))
