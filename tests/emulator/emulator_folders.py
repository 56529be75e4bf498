"""What an emulator leaves in its folder, and one that can be killed."""

from pathlib import Path

SERVE = """
import asyncio, sys
from storage_stream.emulator import Emulator
async def main():
    async with Emulator(sys.argv[1]) as emulator:
        print(emulator.url, flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""


def body_files(folder: Path) -> list[Path]:
    return [path for path in (folder / "bodies").glob("*/*") if path.is_file()]
