"""Some code of yours that uses storage; beside it stands how it is tested."""

from storage_stream import Storage
from storage_stream.pipeline import lines


async def count_errors(bucket: str, name: str) -> int:
    """How many lines of a log say ERROR; the number is also stored beside the log."""
    count = 0
    async with Storage() as storage:
        async with storage.download_stream(bucket, name) as stream, lines(stream) as rows:
            async for row in rows:
                count += b"ERROR" in row
        await storage.upload(bucket, f"{name}.errors", str(count))
    return count
