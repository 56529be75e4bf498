"""An upload that is killed, and ended by another process.

The first process writes the upload's state to a file now and then. It is killed in the middle;
a second one asks the service what it has, compares the beginning of the file with what was sent,
and sends the rest.
"""

import asyncio
import json
import os
import signal
import sys
import tempfile
from pathlib import Path

from _place import place

from storage_stream import Storage

PIECE = 1024 * 1024
SIZE = 32 * PIECE


async def send(bucket: str, data: Path, state: Path) -> None:
    """Upload piece by piece, and keep the state; killed before it ends."""
    async with Storage() as storage, storage.upload_stream(bucket, "big.bin") as writer:
        with data.open("rb") as file:
            while piece := file.read(PIECE):
                await writer.write(piece)
                if writer.confirmed_bytes:
                    # Who has this can write to the object: only its owner may read it.
                    state.touch(mode=0o600)
                    state.write_text(json.dumps(writer.state()))
                if writer.confirmed_bytes > SIZE // 2:
                    os.kill(os.getpid(), signal.SIGKILL)


async def main() -> None:
    """Let one process begin, and end it here."""
    async with place() as (storage, bucket):
        with tempfile.TemporaryDirectory() as folder:
            data, state = Path(folder, "big.bin"), Path(folder, "upload.json")
            data.write_bytes(os.urandom(SIZE))
            process = await asyncio.create_subprocess_exec(
                sys.executable, __file__, "send", bucket, str(data), str(state)
            )
            print(f"the first process was killed: {await process.wait() == -signal.SIGKILL}")
            saved = json.loads(state.read_text())
            print(f"{saved['confirmed']:,} of {SIZE:,} bytes had been confirmed")
            made = await storage.resume_upload(saved, data)
            print(f"the object has {int(made['size']):,} bytes")
            print(f"same bytes: {await storage.download(bucket, 'big.bin') == data.read_bytes()}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["send"]:
        asyncio.run(send(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4])))
    else:
        asyncio.run(main())
