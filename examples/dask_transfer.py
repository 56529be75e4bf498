"""A bucket copied by a Dask cluster, then a function on each of the copies.

The cluster is one of this machine: two processes of one thread. With a real one, `Client` is given
its address, and nothing else changes.
"""

import asyncio
from contextlib import ExitStack
from logging import ERROR
from typing import Any

from _place import place
from distributed import Client, LocalCluster

from storage_stream.integrations.dask import SourceObject, map_objects, transfer

OBJECTS = 300


def count_words(data: bytes, source: SourceObject) -> str:
    """What becomes the object of the same name at the target."""
    return f"{source.name}: {len(data.split())} words\n"


def on_cluster(bucket: str) -> None:
    """Blocks, as Dask's own calls do; so it is called in a thread."""
    cluster: Any = LocalCluster
    client: Any = Client
    options: Any = {"unit_objects": 50, "ramp_up": False}
    with ExitStack() as stack:
        made = stack.enter_context(
            cluster(
                n_workers=2,
                threads_per_worker=1,
                dashboard_address="127.0.0.1:0",
                silence_logs=ERROR,  # that a process was slow to end is no news
            )
        )
        connected = stack.enter_context(client(made))
        source, copies = f"gs://{bucket}/texts/", f"gs://{bucket}/copies/"
        summary = transfer(connected, source, copies, **options)
        print(f"copied: {summary.done} done, {summary.failed} failed")
        again = transfer(connected, source, copies, **options)
        print(f"again: {again.done} done, {again.skipped} are there already")
        counted = map_objects(
            connected, f"{copies}**", count_words, target=f"gs://{bucket}/counts/", **options
        )
        print(f"counted: {counted.done}, {counted.failed} failed")


async def main() -> None:
    """Make the objects, have them copied and counted, and look at one."""
    async with place() as (storage, bucket):
        async with asyncio.TaskGroup() as uploads:
            for number in range(OBJECTS):
                text = "word " * (number % 7)
                uploads.create_task(storage.upload(bucket, f"texts/{number:03}.txt", text))
        await asyncio.to_thread(on_cluster, bucket)
        print((await storage.download(bucket, "counts/013.txt")).decode(), end="")


if __name__ == "__main__":
    asyncio.run(main())
