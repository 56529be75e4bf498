"""The ways to read a stream. Each of them fills what it was asked for; only the end is shorter."""

import asyncio

from _place import place

SIZE = 1_000_000


async def main() -> None:
    """Read the same object in six ways."""
    async with place() as (storage, bucket):
        await storage.upload(bucket, "data.bin", bytes(SIZE))

        async with storage.download_stream(bucket, "data.bin") as stream:
            while chunk := await stream.read(300_000):
                print(f"read(300_000)        {len(chunk):>9,} bytes")

        async with storage.download_stream(bucket, "data.bin") as stream:
            head = await stream.readexactly(16)  # a header of known length
            rest = await stream.read()  # -1: all the rest, in memory
            print(f"readexactly(16)      {len(head):>9,} bytes, read() {len(rest):,}")

        async with storage.download_stream(bucket, "data.bin") as stream:
            buffer = bytearray(64 * 1024)  # one buffer, used again and again
            total = 0
            while count := await stream.readinto(buffer):
                total += count
            print(f"readinto(buffer)     {total:>9,} bytes")

        async with storage.download_stream(bucket, "data.bin") as stream:
            sizes = [len(chunk) async for chunk in stream.iter_chunks(400_000)]
            print(f"iter_chunks(400_000) {sum(sizes):>9,} bytes in {len(sizes)} chunks")

        async with storage.download_stream(bucket, "data.bin") as stream:
            total = 0
            async for chunk in stream:  # as they arrive: the least waiting
                total += len(chunk)
            print(f"async for            {total:>9,} bytes")

        data = await storage.download(bucket, "data.bin")
        print(f"storage.download     {len(data):>9,} bytes")


if __name__ == "__main__":
    asyncio.run(main())
