"""Process a file of JSON lines record by record, without holding it in memory."""

import asyncio
import json

from _place import place

from storage_stream.pipeline import JSONLineError, json_lines


async def main() -> None:
    """Make such an object, with a bad line in it, and add up one of its fields."""
    lines = [json.dumps({"id": number, "price": number % 100}) for number in range(50_000)]
    lines[1_000] = '{"id": 1000, "pri'
    async with place() as (storage, bucket):
        await storage.upload(bucket, "orders.jsonl", "\n".join(lines))

        bad: list[JSONLineError] = []
        count = total = 0
        async with (
            storage.download_stream(bucket, "orders.jsonl") as stream,
            json_lines(stream, on_error=bad.append) as orders,
        ):
            async for order in orders:
                count += 1
                total += order["price"]
        print(f"{count:,} orders, {total:,} in all")
        for error in bad:
            print(f"left out: {error}")


if __name__ == "__main__":
    asyncio.run(main())
