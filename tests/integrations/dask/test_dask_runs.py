"""Runs on a cluster in this process: what is lost on their way, and what is refused."""

import json
import pickle
import socketserver
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from distributed import Client, LocalCluster

from benchmarks.cluster_processes import Processes
from storage_stream import RetryPolicy
from storage_stream.errors import NotFound, UsageError
from storage_stream.integrations.dask import (
    ClusterLost,
    ClusterSummary,
    connect,
    map_objects,
    transfer,
)
from storage_stream.integrations.dask.engine import OrderBytes
from storage_stream.integrations.dask.order import Unit
from storage_stream.integrations.dask.process_client import _shared
from storage_stream.integrations.dask.unit import do_unit
from storage_stream.testing.emulator_handle import EmulatorHandle

COUNT = 60
COPY = "storage.objects.rewrite"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    make: Any = LocalCluster
    with make(
        processes=False,
        n_workers=1,
        threads_per_worker=2,
        dashboard_address="127.0.0.1:0",
        memory_limit=0,
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def client(address: str) -> Iterator[Any]:
    make: Any = Client
    with make(address, set_as_default=False) as made:
        yield made


@pytest.fixture
def how(gcs: EmulatorHandle) -> dict[str, Any]:
    for number in range(COUNT):
        gcs.put("source", f"data/{number:03}", b"bytes %d" % number)
    gcs.create_bucket("target")
    gcs.log.clear()
    options = {"api_root": gcs.url, "api_is_dev": True}
    return {"storage_options": options, "ramp_up": False, "unit_objects": 5}


def counts(summary: ClusterSummary) -> tuple[int, int, int]:
    return summary.done, summary.skipped, summary.failed


class Flaky(Client):
    """A client whose connection is lost in the middle of a submission."""

    left = 4

    def submit(self, *arguments: Any, **options: Any) -> Any:
        self.left -= 1
        if not self.left:
            raise OSError("the scheduler went away")
        return super().submit(*arguments, **options)


def test_what_could_not_be_given_out_is_left_to_who_goes_on(
    address: str, client: Any, gcs: EmulatorHandle, how: dict[str, Any]
) -> None:
    make: Any = Flaky
    with make(address, set_as_default=False) as flaky, pytest.raises(ClusterLost):
        transfer(flaky, "gs://source/data/", "gs://target/", **how)
    summary = transfer(client, "gs://source/data/", "gs://target/", **how)
    assert summary.went_on
    assert summary.done + summary.skipped >= COUNT
    assert len(gcs.objects("target", prefix="0")) == COUNT


def test_a_cluster_that_grows_from_nothing(gcs: EmulatorHandle, how: dict[str, Any]) -> None:
    make: Any = LocalCluster
    with make(
        processes=False,
        n_workers=0,
        threads_per_worker=1,
        dashboard_address="127.0.0.1:0",
        memory_limit=0,
    ) as cluster:
        cluster.adapt(minimum=0, maximum=3, interval="50ms")
        with cluster.get_client() as client:
            summary = transfer(client, "gs://source/data/", "gs://target/", **how)
        assert counts(summary) == (COUNT, 0, 0)
        assert summary.is_complete
    assert len(gcs.log.select(operation=COPY)) == COUNT


def test_runs_beside_each_other(client: Any, gcs: EmulatorHandle, how: dict[str, Any]) -> None:
    with ThreadPoolExecutor(3) as pool:
        runs = [
            pool.submit(transfer, client, "gs://source/data/", f"gs://target/{number}/", **how)
            for number in range(3)
        ]
        assert [counts(run.result(300)) for run in runs] == [(COUNT, 0, 0)] * 3
    assert len(gcs.log.select(operation=COPY)) == 3 * COUNT
    assert _shared.clients == {}


def test_one_that_may_not_be_read_ends_nothing(
    client: Any, gcs: EmulatorHandle, how: dict[str, Any]
) -> None:
    gcs.arm_next(COPY, "return-403", "return-401", "return-reset-connection", "return-503")
    how["storage_options"]["retry"] = RetryPolicy(initial_delay=0)
    summary = transfer(client, "gs://source/data/", "gs://target/", **how)
    assert (summary.done + summary.failed, summary.is_complete) == (COUNT, True)
    assert {failure.error for failure in summary.failures} <= {"Forbidden", "Unauthorized"}
    assert 1 <= summary.failed <= 2
    again = transfer(client, "gs://source/data/", "gs://target/", **how)
    assert counts(again) == (summary.failed, COUNT - summary.failed, 0)


def test_names_that_become_too_long_are_told_one_by_one(
    client: Any, gcs: EmulatorHandle, how: dict[str, Any]
) -> None:
    long = "\u6c34" * 330
    for number in range(3):
        gcs.put("long", f"{long}{number}", b"1")
    gcs.put("long", "short", b"1")
    target = f"gs://target/{'x' * 50}/"
    summary = transfer(client, "gs://long/", target, **how)
    assert counts(summary) == (1, 0, 3)
    assert summary.is_complete


@pytest.mark.parametrize("lists_before", [0, 1, 4])
def test_a_bucket_that_is_gone_ends_it(
    client: Any, gcs: EmulatorHandle, how: dict[str, Any], lists_before: int
) -> None:
    gcs.arm_next("storage.objects.list", *["pass"] * lists_before, *["return-404"] * 20)
    with pytest.raises(NotFound):
        transfer(client, "gs://source/data/", "gs://target/", **how, manifest=False)


def test_nothing_is_done_where_nothing_is(client: Any, how: dict[str, Any]) -> None:
    summary = transfer(client, "gs://source/nothing/", "gs://target/", **how)
    assert (counts(summary), summary.is_complete) == ((0, 0, 0), True)


def test_names_with_wildcards_are_taken_as_they_stand(
    client: Any, gcs: EmulatorHandle, how: dict[str, Any]
) -> None:
    for name in ("a[1]*{b}?/one", "a[1]*{b}?/two\u2028\U0001f600", "a1/three"):
        gcs.put("odd", name, b"1")
    summary = transfer(client, "gs://odd/a[1]*{b}?/", "gs://target/odd", literal=True, **how)
    assert counts(summary) == (2, 0, 0)
    names = [item["name"] for item in gcs.objects("target", prefix="odd/")]
    assert names == ["odd/one", "odd/two\u2028\U0001f600"]


def test_there_and_back_no_manifest_is_copied(
    client: Any, gcs: EmulatorHandle, how: dict[str, Any]
) -> None:
    for _ in range(2):
        for source, target in (("source", "target"), ("target", "source")):
            assert transfer(client, f"gs://{source}/", f"gs://{target}/", **how).failed == 0
    manifests = [
        (bucket, item["name"].split("/")[2])
        for bucket in ("source", "target")
        for item in gcs.objects(bucket, prefix=".storage-stream/")
    ]
    assert len(set(manifests)) == 2
    assert len(gcs.objects("target", prefix="data/")) == COUNT


@pytest.mark.parametrize(
    "options",
    [
        {"request_options": {"encryption_key": b"k" * 32}},
        {"request_options": {"source_encryption_key": b"k" * 32}},
        {"request_options": {"headers": {"Authorization": "Bearer secret"}}},
        {"request_options": {"headers": {"x-goog-encryption-key": "secret"}}},
        {"request_options": {"preconditions": None}},
        {"request_options": {"nonsense": 1}},
        {"storage_options": {"proxy": "http://me:secret@proxy"}},
        {"storage_options": {"service_file": open}},
        {"storage_options": {"retry": lambda: None}},
    ],
)  # fmt: skip
def test_what_would_show_a_secret_is_refused(
    client: Any, gcs: EmulatorHandle, how: dict[str, Any], options: dict[str, Any]
) -> None:
    with pytest.raises(UsageError) as refused:
        transfer(client, "gs://source/data/", "gs://target/", **{**how, **options})
    assert "Bearer" not in str(refused.value)
    assert len(gcs.log) == 0


def test_a_keyword_that_there_is_not_is_told(client: Any, how: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="concurency"):
        transfer(client, "gs://source/", "gs://target/", **{**how, "concurency": 1})
    with pytest.raises(TypeError, match="unit_object"):
        map_objects(client, "gs://source/", len, **{**how, "unit_object": 1})


def test_an_order_shows_none_of_its_bytes_in_a_workers_log() -> None:
    order = OrderBytes(b"what a function has in it")
    assert "function" not in f"{order} {order!r} {(order,)}"
    assert pickle.loads(pickle.dumps(order)) == order  # noqa: S301 - ours


def test_a_worker_with_another_version_says_so() -> None:
    with pytest.raises(UsageError, match="install the same"):
        do_unit(b"", Unit(1, "", None, 1), "0.0.0")


def test_a_worker_without_the_package_is_told(
    processes: Processes, tmp_path: Path, how: dict[str, Any]
) -> None:
    blocked = "import sys\nsys.modules['storage_stream.integrations.dask'] = None\n"
    (tmp_path / "lacks.py").write_text(blocked)
    _, address = processes.scheduler()
    processes.start(
        *("-m", "dask", "worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard"),
        *("--local-directory", str(tmp_path), "--preload", str(tmp_path / "lacks.py")),
        name="worker",
    )
    with connect(address) as client:
        client.wait_for_workers(1, timeout=300)
        with pytest.raises(UsageError, match=r"install storage-stream\[dask\]"):
            transfer(client, "gs://source/data/", "gs://target/", **how)


@pytest.fixture
def other_server() -> Iterator[str]:
    """One that speaks first, and not as Dask does."""

    class Talks(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            self.request.recv(10_000)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Talks) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"tcp://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_what_is_no_scheduler_is_told(other_server: str) -> None:
    with pytest.raises(ClusterLost, match="no Dask scheduler"):
        connect(other_server, 0.5)


def test_many_failures_are_bounded_here_and_whole_in_the_manifest(
    client: Any, gcs: EmulatorHandle, how: dict[str, Any]
) -> None:
    def raises(*_: Any) -> None:
        raise ValueError("\udcff" * 5000)

    summary = map_objects(
        client, "gs://source/data/", raises, **{**how, "manifest": "gs://target/book"}
    )
    assert counts(summary) == (0, 0, COUNT)
    lines = [
        json.loads(line)
        for item in gcs.objects("target", prefix="book/")
        if "/errors/" in item["name"]
        for line in gcs.read("target", item["name"]).splitlines()
    ]
    assert len({line["source"] for line in lines}) == COUNT


@pytest.mark.parametrize("fault", ["commit-then-503", "return-503"])
def test_an_answer_that_is_lost_is_no_other_run(
    client: Any, gcs: EmulatorHandle, how: dict[str, Any], fault: str
) -> None:
    gcs.arm_next("storage.objects.insert", *[fault] * 3)
    how["storage_options"]["retry"] = RetryPolicy(initial_delay=0)
    summary = transfer(client, "gs://source/data/", "gs://target/", **how)
    assert counts(summary) == (COUNT, 0, 0)
    assert summary.is_complete
