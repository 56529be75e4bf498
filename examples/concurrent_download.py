"""Download everything below a prefix, several objects at once, into a folder."""

import asyncio
import tempfile
from pathlib import Path

from _place import place

from storage_stream import Storage

AT_ONCE = 8


async def download_prefix(storage: Storage, bucket: str, prefix: str, folder: Path) -> list[Path]:
    """Download the objects; a file is there only when all of it is, and right.

    The first failure ends the others.
    """
    places = asyncio.Semaphore(AT_ONCE)

    async def one(name: str) -> Path:
        target = folder / Path(name).name
        async with places:
            await storage.download_to_filename(bucket, name, target)
        return target

    async with asyncio.TaskGroup() as group:
        names = [item["name"] async for item in storage.iter_objects(bucket, prefix=prefix)]
        tasks = [group.create_task(one(name)) for name in names]
    return [task.result() for task in tasks]


async def main() -> None:
    """Make twenty objects, and download them."""
    async with place() as (storage, bucket):
        for number in range(20):
            text = f"{number}\n" * 10_000
            await storage.upload(bucket, f"reports/2026/{number:02}.txt", text)
        with tempfile.TemporaryDirectory() as folder:
            paths = await download_prefix(storage, bucket, "reports/2026/", Path(folder))
            size = sum(path.stat().st_size for path in paths)
            print(f"{len(paths)} files, {size:,} bytes: {paths[0].name} to {paths[-1].name}")


if __name__ == "__main__":
    asyncio.run(main())
