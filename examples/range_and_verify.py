"""Read parts of an object, pin a generation, and know what was verified."""

import asyncio

from _place import place

from storage_stream import Preconditions
from storage_stream.errors import PreconditionFailed


async def main() -> None:
    """Read the middle, the end and the whole; then see what guards against a change."""
    async with place() as (storage, bucket):
        made = await storage.upload(bucket, "alphabet.txt", "abcdefghijklmnopqrstuvwxyz")
        generation = int(made["generation"])

        async with storage.download_stream(bucket, "alphabet.txt", start=3, end=6) as stream:
            print(f"3 to 6: {await stream.read()!r}, verified: {stream.verified}")
        async with storage.download_stream(bucket, "alphabet.txt", start=-2) as stream:
            print(f"last 2: {await stream.read()!r}, verified: {stream.verified}")
        async with storage.download_stream(bucket, "alphabet.txt") as stream:
            whole = await stream.read()
            print(f"all {len(whole)}: verified: {stream.verified}, {stream.metadata.content_type}")

        await storage.upload(bucket, "alphabet.txt", "overwritten")
        unchanged = Preconditions(if_generation_match=generation)
        try:
            await storage.download(bucket, "alphabet.txt", preconditions=unchanged)
        except PreconditionFailed as error:
            print(f"it changed: {error.status}")


if __name__ == "__main__":
    asyncio.run(main())
