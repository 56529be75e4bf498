"""A script without `await`: files, streams and runs of many by the synchronous client."""

import csv
import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from storage_stream.sync import Storage
from storage_stream.testing import EmulatorThread

BUCKET = "examples"


def measurements() -> Iterator[bytes]:
    """Bytes as they come; a generator is read while it is sent."""
    for hour in range(24):
        yield f"{hour:02}:00,{20 + hour % 7}\n".encode()


def work(storage: Storage) -> None:
    """What a script may do."""
    storage.upload(BUCKET, "day.csv", measurements())
    with storage.open(BUCKET, "day.csv", "r") as file:
        warmest = max(csv.reader(file), key=lambda row: int(row[1]))
    print("warmest:", *warmest)

    with ThreadPoolExecutor() as threads:  # one client serves all of them
        names = [f"parts/{number:02}" for number in range(20)]
        list(threads.map(lambda name: storage.upload(BUCKET, name, b"x" * 1000), names))
    print(sum(int(item["size"]) for item in storage.iter_objects(BUCKET, prefix="parts/")), "bytes")

    with tempfile.TemporaryDirectory() as folder:
        with storage.download_many(BUCKET, "parts/", folder) as run:
            for result in run:
                if result.error is not None:
                    print(result.source, result.error)
        print(run.done, "downloaded,", len(list(Path(folder).iterdir())), "files")


def main() -> None:
    """Work on what STORAGE_EMULATOR_HOST names, or on an emulator of our own."""
    if "STORAGE_EMULATOR_HOST" in os.environ:
        with Storage() as storage:
            work(storage)
        return
    with (
        EmulatorThread() as emulator,
        Storage(api_root=emulator.emulator.url, api_is_dev=True) as storage,
    ):
        work(storage)


if __name__ == "__main__":
    main()
