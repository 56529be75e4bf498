"""What happens when connections break: nothing that the reader sees.

This one always uses an emulator of its own, which breaks the connections on demand.
"""

import asyncio
import hashlib

from storage_stream import Storage
from storage_stream.emulator import Emulator
from storage_stream.errors import IntegrityError

DATA = hashlib.shake_256(b"any seed").digest(8_000_000)
GET = "storage.objects.get"


async def main() -> None:
    """Read an object whose connection breaks three times; then one that arrives changed."""
    async with (
        Emulator() as emulator,
        Storage(api_root=emulator.url, api_is_dev=True) as storage,
    ):
        await storage.upload("examples", "data.bin", DATA)

        emulator.arm_next(GET, "drop-at-1000000", "drop-at-2500000", "return-broken-stream")
        async with storage.download_stream("examples", "data.bin") as stream:
            data = await stream.read()
        print(f"same bytes: {data == DATA}, resumed {stream.resumes} times")
        for entry in emulator.log.select(operation=GET):
            print(f"  asked for {entry.range or 'all of it'}: {entry.bytes_out:,} bytes were sent")

        emulator.arm_next(GET, "flip-bit-at-1234567")
        try:
            await storage.download("examples", "data.bin")
        except IntegrityError as error:
            print(f"one changed bit: {type(error).__name__}: {error}")


if __name__ == "__main__":
    asyncio.run(main())
