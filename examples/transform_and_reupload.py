"""Transform an object and store the result while both are under way: neither is held in memory."""

import asyncio
from collections.abc import AsyncIterator

from _place import place

from storage_stream import Storage
from storage_stream.pipeline import collect, gunzip, gzip, lines


async def shout(source: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Each line in upper case; whole lines, so that no character is torn apart."""
    async with lines(source, keep_ends=True) as rows:
        async for row in rows:
            yield row.decode().upper().encode()


async def transform(storage: Storage, bucket: str, source: str, target: str) -> None:
    """Read, change, compress, store: what arrives goes out again.

    Its length is not known before the end, so it goes out in a resumable upload, a chunk at a
    time. Where the download fails its checksum at the end, nothing is stored.
    """
    async with storage.download_stream(bucket, source) as stream:
        changed = gzip(shout(aiter(stream)))
        made = await storage.upload(bucket, target, changed, content_type="application/gzip")
        print(f"{stream.bytes_read:,} bytes became {int(made['size']):,}")


async def main() -> None:
    """Make a text, transform it, and look at the end of the result."""
    async with place() as (storage, bucket):
        text = "".join(f"line {number}: grüße\n" for number in range(200_000))
        await storage.upload(bucket, "text.txt", text)
        await transform(storage, bucket, "text.txt", "loud.txt.gz")
        async with storage.download_stream(bucket, "loud.txt.gz") as stream:
            loud = (await collect(gunzip(stream))).decode()
        print(f"{len(loud.splitlines()):,} lines, the last: {loud.splitlines()[-1]}")


if __name__ == "__main__":
    asyncio.run(main())
