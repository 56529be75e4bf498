"""Makes temporary objects until it is killed."""

import asyncio
import sys

from storage_stream import Storage
from storage_stream.outputs import Blob


async def main(url: str, bucket: str) -> None:
    async with Storage(api_root=url, anonymous=True) as storage:
        held: list[Blob] = []
        while True:
            held.append(await Blob.from_temporary(storage, bucket, b"data"))
            sys.stdout.write("made\n")
            sys.stdout.flush()


asyncio.run(main(*sys.argv[1:]))
