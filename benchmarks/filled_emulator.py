"""An emulator in a process of its own that is full from the beginning, counts, and may be far away.

    python -m benchmarks.filled_emulator FOLDER [--objects N] [--bytes N] [--names even|skewed]
        [--latency SECONDS]

The objects are written into its store in one transaction, which takes a second for 20,000: they
are what it is about, not how they came. It prints its address, and for each line on its standard
input a line of JSON: how often each operation was answered, and the copies that were asked for
more than once.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from fastcrc import crc32

from storage_stream.emulator import Emulator
from storage_stream.emulator.store.changes import insert_object
from storage_stream.emulator.store.preconditions import NO_PRECONDITIONS
from storage_stream.emulator.store.records import Body
from storage_stream.emulator.store.store import Store

if TYPE_CHECKING:
    from storage_stream.emulator.request_log import Entry
    from storage_stream.emulator.store.changes import Change

BUCKETS = ("source", "target")
COPY = "storage.objects.rewrite"
_PIECE_BYTES = 64 * 1024


def names(kind: str, count: int) -> list[str]:
    """What the objects are called.

    Args:
        kind: `even`: spread over sixteen folders; `skewed`: nine of ten have a long beginning in
            common, and the others are spread over all letters.
        count: How many.
    """
    if kind == "even":
        return [f"data/{number % 16:x}/{number:08}" for number in range(count)]
    many = [f"data/logs/2026-11-21/host-0001/part-{number:09}" for number in range(count * 9 // 10)]
    digests = (hashlib.sha256(str(number).encode()) for number in range(count - len(many)))
    return [*many, *(f"data/{digest.hexdigest()[:12]}" for digest in digests)]


async def fill(folder: Path, kind: str, count: int, size: int) -> None:
    """Write them into the store that an emulator will use."""
    store = Store(folder, create_buckets=True)
    await store.open()
    try:

        def insert(change: Change) -> None:
            buckets = {name: store.new_bucket(change, name, {}) for name in BUCKETS}
            for name in names(kind, count):
                content = (name.encode() * (size // len(name) + 1))[:size]
                md5 = hashlib.md5(content, usedforsecurity=False).digest()
                body = Body(store.bodies.new_id(), size, crc32.iscsi(content), md5, content)
                insert_object(
                    *(change, buckets["source"], name, body),
                    *({"contentType": "text/plain"}, NO_PRECONDITIONS),
                )

        await store.change(insert)
    finally:
        await store.close()


class Counts:
    """How often each operation was answered with success."""

    def __init__(self) -> None:
        self._operations: Counter[str] = Counter()
        self._copies: Counter[str] = Counter()

    def add(self, entry: Entry | None) -> None:
        """Listens to the log."""
        if entry is None or entry.seconds is None or entry.operation is None:
            return
        self._operations[entry.operation] += 1
        if entry.operation == COPY:
            self._copies[entry.path] += 1

    def document(self) -> dict[str, object]:
        """As JSON."""
        repeated = {path: count for path, count in self._copies.items() if count > 1}
        return {"operations": dict(self._operations), "repeated": repeated}


async def far_away(port: int, seconds: float) -> asyncio.Server:
    """A way to the emulator on which each answer takes so much longer, and no less comes."""

    async def forward(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float
    ) -> None:
        loop, last = asyncio.get_running_loop(), asyncio.get_running_loop().create_future()
        while piece := await reader.read(_PIECE_BYTES):
            loop.call_later(delay, writer.write, piece)
        loop.call_later(delay, last.set_result, None)
        await last
        writer.close()

    async def connect(near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        far, there = await asyncio.open_connection("127.0.0.1", port)
        with contextlib.suppress(ConnectionError):
            await asyncio.gather(forward(near, there, 0), forward(far, back, seconds))

    return await asyncio.start_server(connect, "127.0.0.1", 0)


async def serve(folder: Path, latency: float) -> None:
    """Until standard input ends."""
    counts = Counts()
    async with Emulator(folder) as emulator:
        emulator.log.listen(counts.add)
        url = emulator.url
        if latency:
            server = await far_away(int(url.rpartition(":")[2]), latency)
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        print(url, flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(counts.document()), flush=True)


async def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--objects", type=int, default=0)
    parser.add_argument("--bytes", type=int, default=64)
    parser.add_argument("--names", choices=("even", "skewed"), default="even")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds")
    given = parser.parse_args()
    await fill(given.folder, given.names, given.objects, given.bytes)
    await serve(given.folder, given.latency)


if __name__ == "__main__":
    asyncio.run(main())
