"""One client in a process of its own: operations at random until it is told to stop, or killed.

    python -m benchmarks.soak.worker FOLDER NUMBER SEED    with STORAGE_EMULATOR_HOST

It stops when a file `stop` appears in its folder; then it ends what is begun, over a healthy
network, lets go of everything, and writes `report.json`.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import logging
import random
import shutil
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import ClientError

from benchmarks.process_memory import resident_bytes
from benchmarks.soak.client import Client, Lost, WrongBytes
from benchmarks.soak.leaks import holdings, slope
from benchmarks.soak.ledger import Ledger, Model, read_lines
from benchmarks.soak.pool import Pool
from benchmarks.soak.reads import READS
from benchmarks.soak.runs import RUNS, serving
from benchmarks.soak.writes import WRITES, delete_many, go_on
from storage_stream import RetryPolicy, Storage
from storage_stream.errors import StorageError
from storage_stream.sync import Storage as SyncStorage

if TYPE_CHECKING:
    from collections.abc import Awaitable

_LANES = 8
_MOST_OBJECTS = 400
_CANCELLED = 0.12  # of all operations
_SAMPLE_SECONDS = 2.0
_SETTLE_TRIES = 20
_RETRY = RetryPolicy(retries=7, initial_delay=0.05, max_delay=1.0)
_FOLDERS = ("pending", "sources", "targets", "trees")


class Worker:
    """The operations of one process."""

    def __init__(self, client: Client, stop: Path) -> None:
        self._client = client
        self._stop = stop
        operations = {**WRITES, **READS, **RUNS}
        self._operations = list(operations)
        self._weights = list(operations.values())
        self.samples = [(time.monotonic(), resident_bytes())]

    async def work(self) -> None:
        """Until it is told to stop."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._sample())
            for _ in range(_LANES):
                group.create_task(self._lane())

    async def go_on_with_all(self, tries: int = 1) -> None:
        """End what is begun: what a killed process left, and what a failure did."""
        for _ in range(tries):
            for path in sorted(self._client.pending.glob("*.json")):
                document = json.loads(path.read_text(encoding="utf-8"))
                await self._told("go_on", go_on(self._client, document))
            if not list(self._client.pending.glob("*.json")):
                return

    async def finish_files(self) -> None:
        """Download into each file that a failed download may have left something beside."""
        for path in sorted(self._client.unfinished):
            with self._client.pool.taken(1) as held:
                for name in held.objects:
                    await self._told(
                        "finish", self._client.storage.download_to_filename(*name, path)
                    )
            path.unlink(missing_ok=True)

    async def _lane(self) -> None:
        chance = self._client.chance
        while not self._stop.exists():
            operation = chance.choices(self._operations, self._weights)[0]
            if len(self._client.pool) > _MOST_OBJECTS:
                operation = delete_many
            if chance.random() < _CANCELLED:
                work = _cancelled(operation(self._client), chance.expovariate(50))
                await self._told(operation.__name__, work)
            else:
                await self._told(operation.__name__, operation(self._client))
            await asyncio.sleep(0)

    async def _told(self, name: str, work: Awaitable[Any]) -> None:
        """Do it, and count how it ends; what must not be is written down."""
        outcome = "failed"
        try:
            await work
            outcome = "done"
        except asyncio.CancelledError:
            outcome = "cancelled"
        except (StorageError, ClientError):
            pass  # told as it should be; an answer of ours that was broken off, too
        except ExceptionGroup as errors:
            if errors.split(StorageError)[1] is not None:
                self._wrong(name, errors)
        except (WrongBytes, Lost) as error:
            self._client.wrong.append(f"{name}: {type(error).__name__}: {error}")
        except Exception as error:  # noqa: BLE001 - each of them is a finding
            if not isinstance(error, ConnectionError):
                self._wrong(name, error)
        self._client.counts[f"{name} {outcome}"] += 1

    def _wrong(self, name: str, error: BaseException) -> None:
        told = "".join(traceback.format_exception(error))[-3000:]
        self._client.wrong.append(f"{name}: {told}")

    async def _sample(self) -> None:
        while not self._stop.exists():
            self.samples.append((time.monotonic(), resident_bytes()))
            (self._client.folder / "counts.json").write_text(json.dumps(self._client.counts))
            await asyncio.sleep(_SAMPLE_SECONDS)


async def _cancelled(work: Awaitable[None], seconds: float) -> None:
    task = asyncio.ensure_future(work)
    await asyncio.wait([task], timeout=seconds)
    task.cancel()
    await task


async def run(folder: Path, number: int, seed: int) -> dict[str, Any]:
    """One life of a client, to its good end."""
    for name in _FOLDERS:
        if name != "pending":  # nothing goes on with the rest of what a killed process left
            shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir(parents=True, exist_ok=True)
    if importlib.util.find_spec("fsspec") is not None:
        importlib.import_module("fsspec.asyn").get_loop()  # a thread that never ends
    unhandled: list[str] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _, what: unhandled.append(f"unhandled: {what}")
    )
    path, prefix = folder / "ledger.jsonl", f"w{number}/"
    before = holdings(folder / "targets")
    pool = Pool(seed)
    model = Model()
    model.read(read_lines(path))
    for known_as, known in model.objects.items():
        if known.certain is not None:
            pool.add(known_as, known.certain)
    del model
    async with Storage(retry=_RETRY) as storage:
        client = Client(storage, Ledger(path), pool, folder, prefix, random.Random(seed))
        client.synchronous = SyncStorage(retry=_RETRY)
        worker = Worker(client, folder / "stop")
        await worker.go_on_with_all()
        async with serving(client):
            await worker.work()
        await worker.go_on_with_all(_SETTLE_TRIES)
        await worker.finish_files()
        await asyncio.to_thread(client.synchronous.close)
    await asyncio.sleep(0.2)  # connections that are being closed
    client.ledger.close()
    leaked = holdings(folder / "targets").beyond(before)
    left = [str(one.relative_to(folder)) for kind in ("pending", "sources", "trees")
            for one in (folder / kind).iterdir()]  # fmt: skip
    return {
        "counts": dict(client.counts),
        "bytes": client.moved,
        "wrong": client.wrong + unhandled,
        "leaked": leaked + [f"the file {name}" for name in left],
        "memory": {
            "samples": len(worker.samples),
            "slope_per_minute": slope(worker.samples),
            "first": worker.samples[0][1],
            "last": resident_bytes(),
            "every_two_seconds": [size for _, size in worker.samples],
        },
    }


def main() -> None:
    """Run, and write the report."""
    logging.disable(logging.CRITICAL)  # faults by the thousand are told in counts
    folder, number, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    report = asyncio.run(run(folder, number, seed))
    new = folder / "report.new"
    new.write_text(json.dumps(report), encoding="utf-8")
    new.replace(folder / "report.json")


if __name__ == "__main__":
    main()
