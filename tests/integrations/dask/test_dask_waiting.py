"""A cluster without workers: it is said, it is waited for them, and not for ever."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from click.testing import CliRunner, Result
from distributed import LocalCluster

from storage_stream.cli.main import storage_stream as command_line
from storage_stream.integrations.dask import ClusterLost, connect, transfer
from storage_stream.integrations.dask.waiting import WorkerWatch
from storage_stream.testing.emulator_handle import EmulatorHandle

ADDRESS = "tcp://scheduler:8786"


class Heard(logging.Handler):
    """What is told of workers, and who is called when there are none."""

    def __init__(self, when_none: Callable[[], object] = lambda: None) -> None:
        super().__init__()
        self.told: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self._when_none = when_none

    def emit(self, record: logging.LogRecord) -> None:
        event = getattr(record, "event", "")
        if event in {"no_workers", "workers"}:
            self.told.append((event, record.levelname))
            self.texts.append(record.getMessage())
        if event == "no_workers":
            self._when_none()


@contextmanager
def listening(heard: Heard) -> Iterator[Heard]:
    log = logging.getLogger("storage_stream")
    level = log.level
    log.setLevel(logging.INFO)
    log.addHandler(heard)
    try:
        yield heard
    finally:
        log.removeHandler(heard)
        log.setLevel(level)


@pytest.fixture
def cluster() -> Iterator[Any]:
    """One that has a scheduler only."""
    make: Any = LocalCluster
    with make(
        n_workers=0,
        threads_per_worker=1,
        processes=False,
        protocol="tcp",
        dashboard_address="127.0.0.1:0",
        memory_limit=0,
    ) as made:
        yield made


def test_that_nobody_works_is_told_after_a_while_and_now_and_then() -> None:
    watch = WorkerWatch(ADDRESS, patience_seconds=600, now=1000)
    with listening(Heard()) as heard:
        for now in range(1000, 1003):
            watch.looked(0, now)
        assert heard.told == []
        for now in range(1003, 1063):
            watch.looked(0, now)
        assert heard.told == [("no_workers", "WARNING")]
        for now in range(1063, 1124):
            watch.looked(0, now)
        assert heard.told == [("no_workers", "WARNING")] * 3
        watch.looked(2, 1200)
        watch.looked(4, 1201)
        assert heard.told[3:] == [("workers", "INFO")]


def test_workers_that_are_there_at_once_are_not_talked_about() -> None:
    watch = WorkerWatch(ADDRESS, patience_seconds=600, now=0)
    with listening(Heard()) as heard:
        watch.looked(0, 1)
        watch.looked(2, 2.5)
        watch.looked(2, 1000)
        watch.looked(0, 1001)  # they went
        watch.looked(0, 1002.5)
    assert heard.told == []


def test_patience_ends_with_what_it_was_waited_for() -> None:
    watch = WorkerWatch(ADDRESS, patience_seconds=10, now=0)
    watch.looked(0, 10)
    with pytest.raises(
        ClusterLost, match=f"no workers yet on the Dask cluster at {ADDRESS}: .* 11 s"
    ):
        watch.looked(0, 11)
    watch.looked(1, 12)
    watch.looked(0, 20)
    with pytest.raises(ClusterLost, match="no workers any more"):
        watch.looked(0, 23)


def test_what_is_told_is_for_people() -> None:
    watch = WorkerWatch(ADDRESS, patience_seconds=60, now=0)
    with listening(Heard()) as heard:
        watch.looked(0, 3)
        watch.looked(1, 4)
    assert heard.texts == [
        f"no workers yet on the Dask cluster at {ADDRESS}: waiting for at most 57 s more",
        f"workers came to the Dask cluster at {ADDRESS}",
    ]


def test_a_run_that_no_worker_takes_says_so(cluster: Any, gcs: EmulatorHandle) -> None:
    gcs.put("source", "data/a", b"1")
    options: Any = {"storage_options": {"api_root": gcs.url}, "manifest": False, "patience": 0}
    with (
        connect(cluster.scheduler_address) as client,
        pytest.raises(ClusterLost, match=f"no workers yet .*{cluster.scheduler_address}"),
    ):
        transfer(client, "gs://source/data/", "gs://target/", **options)


@pytest.mark.parametrize("is_json", [False, True], ids=["people", "programs"])
def test_the_command_says_that_it_waits_and_goes_on(
    cluster: Any, gcs: EmulatorHandle, *, is_json: bool
) -> None:
    gcs.put("source", "data/a", b"1")
    gcs.create_bucket("target")
    words = ["cp", "-r", "--dask", cluster.scheduler_address, "gs://source/data", "gs://target/"]
    with listening(Heard(when_none=lambda: cluster.scale(1))):
        ran: Result = CliRunner().invoke(command_line, [*words, *(["--json"] if is_json else [])])
    assert ran.exit_code == 0, ran.output
    assert gcs.read("target", "data/a") == b"1"
    if is_json:
        assert '{"event": "no_workers", "seconds": ' in ran.stdout
        assert '{"event": "workers", "threads": 1, ' in ran.stdout
    else:
        assert f"No workers yet on the Dask cluster at {cluster.scheduler_address}: " in ran.stderr
        assert "Workers came to the Dask cluster at " in ran.stderr
