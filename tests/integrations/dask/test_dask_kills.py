"""Workers, schedulers and the client killed in the middle: nothing is lost, doubled or half.

The processes are those of a cluster as anybody starts it; each is killed as a machine that loses
its power is.
"""

import os
import signal
import subprocess
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from benchmarks.cluster_processes import Processes, wait_until
from benchmarks.filled_emulator import COPY
from storage_stream import ProgressSnapshot, Storage
from storage_stream.errors import TransferError
from storage_stream.integrations.dask import (
    ClusterLost,
    ClusterSummary,
    SourceObject,
    connect,
    map_objects,
    transfer,
)

OBJECTS = 20_000
UNIT = 250


class Driver:
    """A transfer in a thread, and how far it is."""

    def __init__(self, url: str, address: str) -> None:
        self._url = url
        self._address = address
        self.settled = 0
        self._pool = ThreadPoolExecutor(1)
        self.outcome: Future[ClusterSummary] = self._pool.submit(self._run)
        self._pool.shutdown(wait=False)

    def _run(self) -> ClusterSummary:
        with connect(self._address, 60) as client:
            return transfer(
                client,
                "gs://source/data/",
                "gs://target/copy/",
                storage_options={"api_root": self._url, "api_is_dev": True},
                unit_objects=UNIT,
                ramp_up=False,
                progress=self._told,
                patience=60,
            )

    def _told(self, now: ProgressSnapshot) -> None:
        self.settled = now.objects_done + now.objects_skipped

    def reaches(self, count: int) -> None:
        wait_until(lambda: self.settled >= count or self.outcome.done())
        assert not self.outcome.done(), self.outcome.exception()


async def resources(url: str, bucket: str, prefix: str) -> dict[str, tuple[Any, ...]]:
    """Size and checksum of each object, by what is behind the prefix."""
    async with Storage(api_root=url, api_is_dev=True) as storage:
        listing = storage.iter_objects(bucket, prefix=prefix, versions=True)
        found = [item async for item in listing]
    assert len({item["name"] for item in found}) == len(found)  # one generation of each
    return {item["name"][len(prefix) :]: (item["size"], item["crc32c"]) for item in found}


@pytest.mark.timeout(900)
async def test_whatever_is_killed_each_object_is_there_once(processes: Processes) -> None:
    before_it = set(threading.enumerate())
    processes.emulator("--objects", str(OBJECTS), "--names", "skewed")

    # A worker is lost, and another one comes; then the scheduler is lost.
    scheduler, address = processes.scheduler()
    first, _ = processes.worker(address), processes.worker(address)
    driver = Driver(processes.url, address)
    driver.reaches(2_000)
    processes.kill(first)
    processes.worker(address)
    driver.reaches(6_000)
    processes.kill(scheduler)
    with pytest.raises(ClusterLost):
        driver.outcome.result(300)

    # Whoever goes on is killed, too, with the next scheduler.
    scheduler, address = processes.scheduler()
    processes.worker(address)
    processes.worker(address)
    command = processes.start(
        *("-m", "storage_stream.cli", "sync", "--dask", address, "--json"),
        *("gs://source/data", "gs://target/copy"),
        name="command",
    )
    before = processes.counts()["operations"][COPY]
    wait_until(lambda: processes.counts()["operations"][COPY] >= before + 3_000)
    processes.kill(command)
    processes.kill(scheduler)

    # The third one comes to the end.
    _, address = processes.scheduler()
    processes.worker(address)
    processes.worker(address)
    summary = Driver(processes.url, address).outcome.result(300)

    assert summary.is_complete
    assert summary.went_on
    assert (summary.failed, summary.failures) == (0, [])
    assert summary.done + summary.skipped == OBJECTS
    assert summary.most_futures <= 2 * 2
    source = await resources(processes.url, "source", "data/")
    assert len(source) == OBJECTS
    assert await resources(processes.url, "target", "copy/") == source
    counts = processes.counts()
    repeated = counts["repeated"]
    # Asked for twice is at most what was on its way in each of three kills: 32 in each worker.
    assert len(repeated) <= 3 * 2 * 32
    assert counts["operations"][COPY] <= OBJECTS + sum(repeated.values())
    assert len(set(threading.enumerate()) - before_it) < 50


@pytest.mark.timeout(900)
def test_a_command_that_is_interrupted_leaves_nothing_and_goes_on(processes: Processes) -> None:
    objects = 800
    processes.emulator("--objects", str(objects))
    _, address = processes.scheduler()
    processes.worker(address)

    def sync(name: str) -> subprocess.Popen[str]:
        return processes.start(
            *("-m", "storage_stream.cli", "sync", "--dask", address),
            *("gs://source/data", "gs://target/copy"),
            name=name,
        )

    def left(dask_scheduler: Any) -> tuple[int, bool]:
        plugins = any("storage-stream" in name for name in dask_scheduler.worker_plugins)
        return len(dask_scheduler.tasks), plugins

    command = sync("interrupted")
    wait_until(lambda: processes.counts()["operations"].get(COPY, 0) >= 100)
    command.send_signal(signal.SIGINT)
    assert command.wait(300) == 130
    with connect(address) as client:
        assert client.run_on_scheduler(left) == (0, False)
    assert sync("again").wait(300) == 0
    counts = processes.counts()
    assert counts["operations"][COPY] <= objects + 32  # those on their way were asked for twice
    assert sum(counts["repeated"].values()) <= 32


def exits(data: bytes, source: SourceObject) -> None:
    """What a function does that takes its worker with it."""
    del data, source
    os._exit(1)


@pytest.mark.timeout(900)
def test_a_function_that_kills_its_workers_ends_the_run(
    processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "0")
    processes.emulator("--objects", "1")
    _, address = processes.scheduler()
    over = threading.Event()

    def workers() -> None:  # as an adaptive cluster, which brings another one for each
        while not over.is_set():
            processes.worker(address).wait()

    thread = threading.Thread(target=workers, daemon=True)
    thread.start()
    try:
        with connect(address) as client, pytest.raises(TransferError, match="could not be done"):
            map_objects(
                client,
                "gs://source/data/",
                exits,
                storage_options={"api_root": processes.url, "api_is_dev": True},
            )
    finally:
        over.set()
        processes.close()
        thread.join(300)
