"""Download a folder of objects concurrently, with progress, and go on where a killed run was."""

import asyncio
import tempfile
from pathlib import Path

from _place import place

from storage_stream import ProgressSnapshot, Storage

OBJECTS = 200
LEFT_AFTER = 50


def show(now: ProgressSnapshot) -> None:
    """One line that is written over."""
    settled = now.objects_done + now.objects_failed + now.objects_skipped
    rate = now.bytes_per_second / 1_000_000
    print(
        f"\r{settled} of {now.objects_total or '?'} objects, {rate:.1f} MB/s ", end="", flush=True
    )


async def download(storage: Storage, bucket: str, folder: Path) -> None:
    """Download what is not there yet; an error of one object is told, and ends no other."""
    journal = folder / "transfer.db"
    target = folder / "photos"
    run = storage.download_many(bucket, "photos/", target, journal=journal, progress=show)
    async with run:
        async for result in run:
            if result.error is not None:
                print(f"\n{result.source}: {result.error}")
    print(
        f"\n{run.done} downloaded, {run.skipped} skipped, {run.failed} failed, {run.bytes:,} bytes"
    )


async def main() -> None:
    """Make the objects; begin to download them, leave, and go on."""
    async with place() as (storage, bucket):
        for number in range(OBJECTS):
            await storage.upload(bucket, f"photos/{number % 4}/{number:03}.jpg", b"photo " * 1000)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            journal = folder / "transfer.db"
            run = storage.download_many(bucket, "photos/", folder / "photos", journal=journal)
            async with run:
                async for _ in run:
                    if run.done >= LEFT_AFTER:  # as if it had been interrupted
                        break
            print(f"left early: {LEFT_AFTER <= run.done < OBJECTS}")
            await download(storage, bucket, folder)
            print(f"{len(list((folder / 'photos').rglob('*.jpg')))} files are there")


if __name__ == "__main__":
    asyncio.run(main())
