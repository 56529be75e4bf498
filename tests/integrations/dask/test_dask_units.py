"""A unit of work: pinned, idempotent, and what fails in it ends nothing else."""

import os
import time
from pathlib import Path
from typing import Any

import pytest

from storage_stream import Storage, StreamResponse
from storage_stream.errors import BadRequest
from storage_stream.integrations.dask.order import Order, Report, SourceObject, Unit, Verb
from storage_stream.integrations.dask.unit import run_unit
from storage_stream.testing.emulator_handle import EmulatorHandle

COPY = "storage.objects.rewrite"
GIB = 1024**3


def order_of(verb: Verb, **more: Any) -> Order:
    said: dict[str, Any] = {
        "target_bucket": "target",
        "target": "copy/",
        "unit_bytes": GIB,
        "most_object_bytes": GIB,
        "most_result_bytes": 100,
    }
    return Order(verb, "source", "data/", **(said | more))


COPYING = order_of(Verb.COPY)
ALL = Unit(1, "data/", None, 100)


def fill(gcs: EmulatorHandle, count: int = 5) -> None:
    for number in range(count):
        gcs.put("source", f"data/{number}", b"bytes %d" % number)


def counts(report: Report) -> tuple[int, int, int]:
    return report.done, report.skipped, report.failed


async def test_done_twice_it_copies_once(storage: Storage, gcs: EmulatorHandle) -> None:
    fill(gcs)
    report = await run_unit(storage, COPYING, ALL)
    assert (counts(report), report.bytes, report.rest) == ((5, 0, 0), 35, None)
    assert gcs.read("target", "copy/3") == b"bytes 3"
    assert len(gcs.log) == 2 + 5  # both lists, and the copies
    again = await run_unit(storage, COPYING, ALL)
    assert (counts(again), again.bytes) == ((0, 5, 0), 0)
    assert len(gcs.log.select(operation=COPY)) == 5


async def test_what_is_left_is_told(storage: Storage, gcs: EmulatorHandle) -> None:
    fill(gcs)
    report = await run_unit(storage, COPYING, Unit(1, "data/", None, 2))
    assert (counts(report), report.rest) == ((2, 0, 0), "data/2")
    report = await run_unit(storage, COPYING, Unit(2, "data/2", "data/4", 2))
    assert (counts(report), report.rest) == ((2, 0, 0), None)
    small = order_of(Verb.COPY, unit_bytes=7)
    report = await run_unit(storage, small, Unit(3, "data/4", None, 2))
    assert counts(report) == (1, 0, 0)


async def test_two_workers_with_one_unit_copy_it_once(
    storage: Storage, gcs: EmulatorHandle
) -> None:
    """Both have looked at the target when the first one writes."""
    fill(gcs, 1)
    gcs.create_bucket("target")
    gcs.arm_next(COPY, "commit-then-503")
    report = await run_unit(storage, COPYING, ALL)
    assert counts(report) in {(1, 0, 0), (0, 1, 0)}
    assert len(gcs.objects("target", versions="true")) == 1


async def test_another_bytes_at_the_target_are_replaced_or_left(
    storage: Storage, gcs: EmulatorHandle
) -> None:
    fill(gcs, 2)
    gcs.put("target", "copy/0", b"others")
    report = await run_unit(storage, order_of(Verb.COPY, overwrite=False), ALL)
    assert counts(report) == (1, 1, 0)
    assert gcs.read("target", "copy/0") == b"others"
    report = await run_unit(storage, COPYING, ALL)
    assert counts(report) == (1, 1, 0)
    assert gcs.read("target", "copy/0") == b"bytes 0"


class Meddling:
    """A client during whose first copy somebody else does something."""

    def __init__(self, storage: Storage, meddle: Any) -> None:
        self._storage = storage
        self._meddle = meddle

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    async def copy(self, *arguments: Any, **options: Any) -> Any:
        self._meddle()
        return await self._storage.copy(*arguments, **options)


async def test_no_other_generation_is_copied(storage: Storage, gcs: EmulatorHandle) -> None:
    fill(gcs, 1)
    gcs.create_bucket("target")
    client: Any = Meddling(storage, lambda: gcs.put("source", "data/0", b"newer"))
    report = await run_unit(client, COPYING, ALL)
    assert counts(report) == (0, 0, 1)
    assert report.failures[0].source == "gs://source/data/0"
    assert report.failures[0].error == "ObjectChanged"
    assert gcs.objects("target") == []


@pytest.mark.parametrize(("data", "expected"), [(b"bytes 0", (0, 1, 0)), (b"other", (0, 0, 1))])
async def test_what_another_made_meanwhile_is_not_written_over(
    storage: Storage, gcs: EmulatorHandle, data: bytes, expected: tuple[int, int, int]
) -> None:
    fill(gcs, 1)
    client: Any = Meddling(storage, lambda: gcs.put("target", "copy/0", data))
    report = await run_unit(client, COPYING, ALL)
    assert counts(report) == expected
    assert gcs.read("target", "copy/0") == data


async def test_files_come_whole_and_once(
    storage: Storage, gcs: EmulatorHandle, tmp_path: Path
) -> None:
    fill(gcs, 3)
    gcs.put("source", "data/../up", b"out")
    order = order_of(Verb.DOWNLOAD, target_bucket=None, target=str(tmp_path))
    report = await run_unit(storage, order, ALL)
    assert counts(report) == (3, 0, 1)
    assert report.failures[0].error == "InvalidName"
    assert set(os.listdir(tmp_path)) == {"0", "1", "2"}  # noqa: PTH208 - the names
    again = await run_unit(storage, order, ALL)
    assert counts(again) == (0, 3, 1)
    (tmp_path / "1").write_bytes(b"longer than it was")
    again = await run_unit(storage, order, ALL)
    assert counts(again) == (1, 2, 1)
    assert (tmp_path / "1").read_bytes() == b"bytes 1"


async def test_a_file_that_was_left_unfinished_is_removed(
    storage: Storage, gcs: EmulatorHandle, tmp_path: Path
) -> None:
    names = ("small", "\u00e9" * 100, "up")
    for folder, name in zip(("in", "in", ".."), names, strict=True):
        gcs.put("source", f"data/{folder}/{name}", b"1")
    (tmp_path / "in").mkdir()
    left = [f".{name[:95]}.{number:012x}.part" for number, name in enumerate(names)]
    kept = [".another.0123456789ab.part", ".small.part", ".small.0123456789ab.part"]
    for name in (*left, *kept):
        (tmp_path / "in" / name).write_bytes(b"as a kill leaves it")
        os.utime(tmp_path / "in" / name, (1, 1))
    os.utime(tmp_path / "in" / kept[-1], (2**32, 2**32))  # somebody is writing to it
    order = order_of(Verb.DOWNLOAD, target_bucket=None, target=str(tmp_path))
    report = await run_unit(storage, order, ALL)
    assert counts(report) == (2, 0, 1)
    found = set(os.listdir(tmp_path / "in"))  # noqa: PTH208 - the names
    assert found == {*names[:2], left[2], *kept}


def upper(data: bytes, source: SourceObject) -> bytes | None:
    assert source.size == len(data)
    if source.name.endswith("2"):
        return None
    if source.name.endswith("3"):
        raise KeyError("three")
    return data.upper()


async def length(stream: StreamResponse, source: SourceObject) -> int | bytes:
    return bytes(1000) if source.name.endswith("1") else len(await stream.read())


async def test_a_functions_results_go_to_the_target_once(
    storage: Storage, gcs: EmulatorHandle
) -> None:
    fill(gcs, 4)
    order = order_of(Verb.MAP, function=upper)
    report = await run_unit(storage, order, ALL)
    assert counts(report) == (3, 0, 1)
    assert report.failures[0].message == "the function raised KeyError: 'three'"
    assert [found["name"] for found in gcs.objects("target")] == ["copy/0", "copy/1"]
    assert gcs.read("target", "copy/1") == b"BYTES 1"
    gcs.put("source", "data/1", b"newer")
    again = await run_unit(storage, order, ALL)
    assert counts(again) == (2, 1, 1)  # one is as it was; None makes nothing that could tell
    assert gcs.read("target", "copy/1") == b"NEWER"


async def test_an_async_function_is_given_the_stream(storage: Storage, gcs: EmulatorHandle) -> None:
    fill(gcs, 3)
    order = order_of(Verb.MAP, function=length, target_bucket=None)
    report = await run_unit(storage, order, ALL)
    assert sorted(report.results) == [("data/0", 7), ("data/2", 7)]
    assert counts(report) == (2, 0, 1)
    assert "100 may come back" in report.failures[0].message


async def test_large_objects_are_not_given_whole(storage: Storage, gcs: EmulatorHandle) -> None:
    fill(gcs, 1)
    order = order_of(Verb.MAP, function=upper, most_object_bytes=3)
    report = await run_unit(storage, order, ALL)
    assert counts(report) == (0, 0, 1)
    assert "async function" in report.failures[0].message


async def test_names_that_match_and_names_to_leave_out(
    storage: Storage, gcs: EmulatorHandle
) -> None:
    for name in ("data/a.jpg", "data/b.txt", "data/c/d.jpg", "data/.hidden/e.jpg"):
        gcs.put("source", name, b"x")
    order = order_of(Verb.COPY, match_glob="data/**.jpg", leave_out=("data/.hidden/",))
    report = await run_unit(storage, order, ALL)
    assert counts(report) == (2, 0, 0)
    assert [found["name"] for found in gcs.objects("target")] == ["copy/a.jpg", "copy/c/d.jpg"]


async def test_a_pace_is_kept(storage: Storage, gcs: EmulatorHandle) -> None:
    fill(gcs, 5)
    begun = time.monotonic()
    await run_unit(storage, COPYING, Unit(1, "data/", None, 100, per_second=50))
    assert time.monotonic() - begun >= 4 / 50  # never faster
    # What is there already need not wait for its turn, which would take an hour.
    await run_unit(storage, COPYING, Unit(1, "data/", None, 100, per_second=0.001))


async def test_a_list_that_fails_fails_the_unit(storage: Storage) -> None:
    with pytest.raises(BadRequest, match="matchGlob"):
        await run_unit(storage, order_of(Verb.COPY, match_glob="[" * 3), ALL)


def test_an_order_shows_no_secret() -> None:
    order = order_of(Verb.MAP, function=upper, storage_options={"proxy": "http://me:secret@x"})
    assert "secret" not in str(order.words())
    assert order.fingerprint() == order_of(Verb.MAP, function=upper).fingerprint()
