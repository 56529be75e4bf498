"""Download a large object into a file and show how far it is."""

import asyncio
import tempfile
from pathlib import Path

from _place import place

from storage_stream import Storage


async def download(storage: Storage, bucket: str, name: str, target: Path) -> None:
    """Write the object to a file, 1 MiB at a time, whatever its size."""
    async with storage.download_stream(bucket, name) as stream:
        size = stream.content_length  # None where nobody can know it before
        with await asyncio.to_thread(target.open, "wb") as file:
            async for chunk in stream.iter_chunks(1024 * 1024):
                await asyncio.to_thread(file.write, chunk)
                if size:
                    print(f"\r{100 * stream.bytes_read / size:5.1f} %", end="", flush=True)
        print(f"\n{stream.bytes_read:,} bytes; checksum compared: {stream.verified}")


async def main() -> None:
    """Make an object, download it."""
    async with place() as (storage, bucket):
        await storage.upload(bucket, "large.bin", b"0123456789abcdef" * 1_000_000)
        with tempfile.TemporaryDirectory() as folder:
            await download(storage, bucket, "large.bin", Path(folder, "large.bin"))


if __name__ == "__main__":
    asyncio.run(main())
