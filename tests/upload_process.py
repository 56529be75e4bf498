"""A process that uploads and may be killed, or goes on where another one was killed.

python upload_process.py begin|resume-path|resume-pieces SOURCE STATE CHUNK_BYTES
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiofiles

from storage_stream import RetryPolicy, Storage


async def _pieces(source: Path) -> AsyncIterator[bytes]:
    async with aiofiles.open(source, "rb") as file:
        while piece := await file.read(100_000):
            yield piece


def _write_state(path: Path, state: dict[str, Any]) -> None:
    """Whole or not at all: the process may be killed while it writes."""
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(state), encoding="ascii")
    beside.replace(path)


async def _begin(storage: Storage, source: Path, state: Path, chunk_bytes: int) -> None:
    async with storage.upload_stream("bucket", "name", chunk_bytes=chunk_bytes) as writer:
        async for piece in _pieces(source):
            await writer.write(piece)
            if writer.confirmed_bytes:
                _write_state(state, writer.state())


async def _main(what: str, source: Path, state: Path, chunk_bytes: int) -> None:
    async with Storage(retry=RetryPolicy(initial_delay=0)) as storage:
        if what == "begin":
            await _begin(storage, source, state, chunk_bytes)
            return
        data: Any = source if what == "resume-path" else _pieces(source)
        saved = json.loads(state.read_text(encoding="ascii"))  # noqa: ASYNC240 - nothing else runs
        await storage.resume_upload(saved, data)


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])))
