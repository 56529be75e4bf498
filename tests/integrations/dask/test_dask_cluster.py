"""Runs on a cluster of processes: what is done, what is told, and what is refused."""

import asyncio
import json
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dask_functions
import pytest
from distributed import Client, LocalCluster
from leaks import until

from storage_stream import ProgressSnapshot, RetryPolicy
from storage_stream.cli.main import storage_stream as command_line
from storage_stream.errors import ConnectFailed, InvalidArgument, UsageError
from storage_stream.integrations.dask import (
    ClusterLost,
    ClusterSummary,
    connect,
    map_objects,
    transfer,
)
from storage_stream.media import ExtraMissing
from storage_stream.testing.emulator_handle import EmulatorHandle

COUNT = 120
COPY = "storage.objects.rewrite"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Two processes of one thread; they find the functions of these tests where they lie."""
    folder = tmp_path_factory.mktemp("dask")
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parent), before or ""])
    make: Any = LocalCluster
    try:
        with (
            make(
                n_workers=2,
                threads_per_worker=1,
                processes=True,
                dashboard_address="127.0.0.1:0",
                local_directory=str(folder),
                memory_limit=0,
            ) as cluster,
            connect(cluster.scheduler_address) as made,
        ):
            yield made
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


@pytest.fixture
def how(gcs: EmulatorHandle) -> dict[str, Any]:
    for number in range(COUNT):
        gcs.put("source", f"data/{number % 3}/{number:03}", b"bytes %d" % number)
    gcs.create_bucket("target")
    gcs.log.clear()
    options = {"api_root": gcs.url, "api_is_dev": True}
    return {"storage_options": options, "ramp_up": False, "unit_objects": 10}


def counts(summary: ClusterSummary) -> tuple[int, int, int]:
    return summary.done, summary.skipped, summary.failed


def test_a_copy_and_the_same_again(client: Any, gcs: EmulatorHandle, how: dict[str, Any]) -> None:
    told: list[ProgressSnapshot] = []
    summary = transfer(client, "gs://source/data/", "gs://target/copy", progress=told.append, **how)
    assert counts(summary) == (COUNT, 0, 0)
    assert summary.is_complete
    assert summary.most_futures <= 4
    assert summary.splits >= 1
    assert str(summary).startswith("120 done, 0 skipped, 0 failed, 970 bytes")
    copies = gcs.objects("target", prefix="copy/")
    sources = gcs.objects("source")
    assert [item["crc32c"] for item in copies] == [item["crc32c"] for item in sources]
    assert len(gcs.log.select(operation=COPY)) == COUNT
    assert told[-1].objects_done == COUNT
    assert told[-1].objects_total == COUNT
    again = transfer(client, "gs://source/data/", "gs://target/copy", **how)
    assert counts(again) == (0, COUNT, 0)
    assert not again.went_on  # the first one was complete
    assert len(gcs.log.select(operation=COPY)) == COUNT


def test_requests_are_few_besides_the_copies(
    client: Any, gcs: EmulatorHandle, how: dict[str, Any]
) -> None:
    summary = transfer(client, "gs://source/data/", "gs://target/", **{**how, "manifest": False})
    lists = gcs.log.select(operation="storage.objects.list")
    assert len(gcs.log) == COUNT + len(lists)
    assert len(lists) <= summary.listed_pages + 2 * summary.units
    assert summary.manifest is None
    assert len(gcs.objects("target")) == COUNT


def test_files_in_a_folder_that_all_share(client: Any, how: dict[str, Any], tmp_path: Path) -> None:
    summary = transfer(client, "gs://source/data/", tmp_path / "files", **how)
    assert counts(summary) == (COUNT, 0, 0)
    assert (tmp_path / "files" / "1" / "118").read_bytes() == b"bytes 118"
    assert counts(transfer(client, "gs://source/data/", tmp_path / "files", **how)) == (0, COUNT, 0)


def test_a_function_with_a_target(client: Any, gcs: EmulatorHandle, how: dict[str, Any]) -> None:
    summary = map_objects(
        client, "gs://source/data/**", dask_functions.upper, target="gs://target/up", **how
    )
    assert counts(summary) == (COUNT, 0, 0)
    assert gcs.read("target", "up/1/118") == b"BYTES 118data/1/118"


def test_a_function_whose_results_come_back(client: Any, how: dict[str, Any]) -> None:
    summary = map_objects(client, "gs://source/data/1/*", dask_functions.first_bytes, **how)
    assert len(summary.results) == COUNT // 3
    assert dict(summary.results)["data/1/118"] == ("data/1/118", b"byte")
    came: list[str] = []
    summary = map_objects(
        client,
        "gs://source/data/1/*",
        dask_functions.first_bytes,
        on_result=lambda name, _: came.append(name),
        **how,
    )
    assert summary.results == []
    assert len(set(came)) == len(came) == COUNT // 3
    with pytest.raises(UsageError, match="more than 5 results"):
        map_objects(client, "gs://source/**", dask_functions.first_bytes, most_results=5, **how)


def test_both_workers_work(client: Any, how: dict[str, Any]) -> None:
    summary = map_objects(client, "gs://source/**", dask_functions.which_process, **how)
    processes = {process for _, process in summary.results}
    assert len(processes) == 2
    assert os.getpid() not in processes


def test_one_storage_client_in_a_worker_while_it_runs(
    client: Any, gcs: EmulatorHandle, how: dict[str, Any]
) -> None:
    transfer(client, "gs://source/data/", "gs://target/", **how)

    def held() -> int:
        from storage_stream.integrations.dask import process_client  # noqa: PLC0415 - over there

        return len(process_client._shared.clients)

    assert set(client.run(held).values()) == {0}
    asyncio.run(until(lambda: gcs.open_connections == 0, lambda: "a connection is left open"))


def test_what_fails_is_told_and_ends_nothing(
    client: Any, gcs: EmulatorHandle, how: dict[str, Any]
) -> None:
    def odd_ones(data: bytes, source: Any) -> bytes:
        if int(source.name[-1]) % 2:
            raise ValueError(source.name)
        return data

    options = {**how, "manifest": "gs://target/book"}
    summary = map_objects(client, "gs://source/", odd_ones, target="gs://target/out", **options)
    assert counts(summary) == (COUNT // 2, 0, COUNT // 2)
    assert summary.is_complete
    lines = [
        json.loads(line)
        for item in gcs.objects("target", prefix="book/")
        if "/errors/" in item["name"]
        for line in gcs.read("target", item["name"]).splitlines()
    ]
    assert len({line["source"] for line in lines}) == COUNT // 2
    with pytest.raises(Exception, match="60 objects failed"):
        summary.raise_errors()


def test_a_service_that_is_not_there_ends_it(client: Any, how: dict[str, Any]) -> None:
    gone = {**how, "manifest": False}
    nobody = {"api_root": "http://127.0.0.1:9", "retry": RetryPolicy(retries=0)}
    gone["storage_options"] = {**nobody, "api_is_dev": True}
    with pytest.raises(ConnectFailed):
        transfer(client, "gs://source/", "gs://target/", **gone)


def test_a_run_that_is_cancelled_goes_on(
    client: Any, gcs: EmulatorHandle, how: dict[str, Any]
) -> None:
    cancel = threading.Event()

    def heard(_: object) -> None:
        if len(gcs.log.select(operation=COPY)) >= 20:
            cancel.set()

    # Not by the progress, which is told so seldom that all may be done before.
    gcs.log.listen(heard)
    try:
        summary = transfer(client, "gs://source/data/", "gs://target/", cancel=cancel, **how)
    finally:
        gcs.log.unlisten(heard)
    assert not summary.is_complete
    rest = transfer(client, "gs://source/data/", "gs://target/", **how)
    assert rest.went_on
    assert rest.is_complete
    assert rest.done + rest.skipped == COUNT
    assert len(gcs.objects("target", prefix="0/")) == COUNT // 3
    assert len(gcs.log.select(operation=COPY)) <= COUNT + 2 * 10


@pytest.mark.parametrize(
    ("source", "target", "more"),
    [
        ("files/", "gs://target/", {}),
        ("gs://", "gs://target/", {}),
        ("gs://b*/", "gs://target/", {}),
        ("gs://source/data/", "gs://source/data/copy/", {}),
        ("gs://source/data/x/", "gs://source/data/", {}),
        ("gs://source/", "gs://target/", {"unit_objects": 0}),
        ("gs://source/", "gs://target/", {"concurrency": 0}),
        ("gs://source/", "files", {"manifest": True}),
        ("gs://source/", "gs://target/", {"manifest": "files"}),
        ("gs://source/", "gs://target/", {"storage_options": {"token": object()}}),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_at_once(
    client: Any, gcs: EmulatorHandle, source: str, target: str, more: dict[str, Any]
) -> None:
    options: Any = {"storage_options": {"api_root": gcs.url}, **more}
    with pytest.raises(UsageError):
        transfer(client, source, target, **options)
    assert len(gcs.log) == 0


def test_a_client_that_is_none_is_refused(gcs: EmulatorHandle) -> None:
    options: Any = {"storage_options": {"api_root": gcs.url}, "manifest": False}
    with pytest.raises(UsageError, match="Client"):
        transfer("tcp://127.0.0.1:1", "gs://source/", "gs://target/", **options)


async def test_an_asynchronous_client_is_refused(client: Any, gcs: EmulatorHandle) -> None:
    make: Any = Client
    options: Any = {"storage_options": {"api_root": gcs.url}, "manifest": False}
    async with make(client.scheduler.address, asynchronous=True, set_as_default=False) as other:
        with pytest.raises(UsageError, match="asynchronous"):
            transfer(other, "gs://source/", "gs://target/", **options)


def test_a_function_that_cannot_travel_is_refused(client: Any, gcs: EmulatorHandle) -> None:
    lock = threading.Lock()
    options: Any = {"storage_options": {"api_root": gcs.url}}
    with pytest.raises(UsageError, match="cannot be given"):
        map_objects(client, "gs://source/", lambda data, _: (lock, data), **options)
    not_callable: Any = 5
    with pytest.raises(InvalidArgument):
        map_objects(client, "gs://source/", not_callable, **options)


# -- the command line ------------------------------------------------------------------------


def run(*arguments: str) -> tuple[int, list[dict[str, Any]], str]:
    from click.testing import CliRunner  # noqa: PLC0415 - of these alone

    result = CliRunner().invoke(command_line, arguments)
    lines = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    return result.exit_code, lines, result.stderr


@pytest.mark.usefixtures("how")
def test_the_command_copies_and_syncs(client: Any, gcs: EmulatorHandle) -> None:
    address = client.scheduler.address
    dask = ("--dask", address, "--json")
    status, lines, _ = run("cp", "-r", *dask, "gs://source/data", "gs://target/backup/")
    assert status == 0
    summary = lines[-1]
    assert (summary["event"], summary["done"], summary["failed"]) == ("summary", COUNT, 0)
    assert gcs.read("target", "backup/data/1/118") == b"bytes 118"
    status, lines, _ = run("sync", *dask, "gs://source/data", "gs://target/backup/data")
    assert (status, lines[-1]["done"], lines[-1]["skipped"]) == (0, 0, COUNT)
    assert any(line["event"] == "progress" for line in lines)


@pytest.mark.parametrize(
    "arguments",
    [
        ("cp", "gs://source/data/", "gs://target/"),
        ("cp", "-r", "files", "gs://target/"),
        ("cp", "-r", "--gzip", "gs://source/data/", "gs://target/"),
        ("cp", "-r", "--include", "*.jpg", "gs://source/data/", "gs://target/"),
        ("cp", "-r", "gs://source/*", "gs://target/"),
        ("cp", "-r", "gs://source/a", "gs://source/b", "gs://target/"),
        ("sync", "--delete", "gs://source/data/", "gs://target/"),
        ("sync", "--dry-run", "gs://source/data/", "gs://target/"),
        ("sync", "--size-only", "gs://source/data/", "gs://target/"),
        ("sync", "--checksum", "gs://source/data/", "files"),
        ("sync", "files", "gs://target/"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("gcs")
def test_the_command_refuses_what_a_cluster_cannot(arguments: tuple[str, ...]) -> None:
    status, _, said = run(*arguments, "--dask", "tcp://127.0.0.1:1")
    assert status == 2
    assert "--dask" in said


def test_a_scheduler_that_does_not_answer_is_told() -> None:
    with pytest.raises(ClusterLost, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:1"):
        connect("tcp://127.0.0.1:1", 0.5)
    with pytest.raises(UsageError):
        connect("nonsense://", 0.5)


@pytest.mark.usefixtures("gcs")
def test_without_the_extra_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ExtraMissing, match=r"install storage-stream\[dask\]"):
        transfer(None, "gs://source/", "gs://target/")
    status, _, said = run("sync", "--dask", "tcp://127.0.0.1:1", "gs://source/a", "gs://target/a")
    assert status == 1
    assert "install storage-stream[dask]" in said
