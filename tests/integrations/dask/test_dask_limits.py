"""What a function, its results and its errors may do to a unit: nothing is lost, all is bounded."""

import asyncio
import gzip
import sys
from typing import Any

import pytest

from storage_stream import Storage, StreamResponse
from storage_stream.errors import TransferError
from storage_stream.integrations.dask import SourceObject
from storage_stream.integrations.dask.order import Order, Report, Unit, Verb
from storage_stream.integrations.dask.unit import _check_all, run_unit
from storage_stream.testing.emulator_handle import EmulatorHandle

MIB = 1024 * 1024
ALL = Unit(1, "data/", None, 100)


def order_of(function: Any, **more: Any) -> Order:
    said: dict[str, Any] = {
        "function": function,
        "unit_bytes": 1024 * MIB,
        "most_object_bytes": 256 * MIB,
        "most_result_bytes": 4 * MIB,
    }
    return Order(Verb.MAP, "source", "data/", **(said | more))


def fill(gcs: EmulatorHandle, count: int) -> None:
    for number in range(count):
        gcs.put("source", f"data/{number:02}", b"bytes %02d" % number)


def counts(report: Report) -> tuple[int, int, int]:
    return report.done, report.skipped, report.failed


async def cancels_itself(stream: StreamResponse, _: SourceObject) -> None:
    task = asyncio.ensure_future(stream.read())
    task.cancel()
    await task


async def exits(_: StreamResponse, source: SourceObject) -> None:
    sys.exit(f"at {source.name}")


def exits_as_well(_: bytes, source: SourceObject) -> None:
    sys.exit(f"at {source.name}")


@pytest.mark.parametrize("function", [cancels_itself, exits, exits_as_well])
async def test_whatever_a_function_raises_is_told_of_each_object(
    storage: Storage, gcs: EmulatorHandle, function: Any
) -> None:
    fill(gcs, 40)
    report = await run_unit(storage, order_of(function, concurrency=4), ALL)
    assert (counts(report), report.rest) == ((0, 0, 40), None)
    assert len({failure.source for failure in report.failures}) == 40
    assert {failure.error for failure in report.failures} == {"FunctionError"}


async def test_a_unit_that_is_cancelled_ends(storage: Storage, gcs: EmulatorHandle) -> None:
    fill(gcs, 3)
    begun = asyncio.Event()

    async def waits(*_: object) -> None:
        begun.set()
        await asyncio.Event().wait()

    work = asyncio.create_task(run_unit(storage, order_of(waits), ALL))
    await begun.wait()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert work.cancelled()


class UnspeakableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


async def test_what_errors_say_is_bounded_and_can_be_written_down(
    storage: Storage, gcs: EmulatorHandle
) -> None:
    errors = [ValueError("x" * MIB), ValueError("\udcff"), UnspeakableError()]

    def raises(_: bytes, source: SourceObject) -> None:
        raise errors[int(source.name[-1])]

    fill(gcs, 3)
    report = await run_unit(storage, order_of(raises), ALL)
    long, odd, unspeakable = (
        failure.message for failure in sorted(report.failures, key=lambda failure: failure.source)
    )
    assert len(long) <= 1000
    assert long.startswith("the function raised ValueError: xxx")
    assert odd.encode().endswith(b"\\udcff")
    assert "UnspeakableError" in unspeakable


async def test_results_that_come_back_end_a_unit_before_they_are_too_many(
    storage: Storage, gcs: EmulatorHandle
) -> None:
    fill(gcs, 12)

    async def large(*_: object) -> bytes:
        return bytes(3 * MIB)

    done: list[str] = []
    unit, order = ALL, order_of(large, concurrency=2)
    while True:
        report = await run_unit(storage, order, unit)
        assert sum(len(value) for _, value in report.results) <= (16 + 2 * 4) * MIB
        done += [name for name, _ in report.results]
        assert len(report.results) == report.done
        if report.rest is None:
            break
        unit = Unit(2, report.rest, None, 100)
    assert sorted(done) == [f"data/{number:02}" for number in range(12)]


async def test_objects_that_are_given_whole_are_few_at_once(
    storage: Storage, gcs: EmulatorHandle
) -> None:
    for number in range(12):
        gcs.put("source", f"data/{number:02}", bytes(100_000))
    under_way: set[str] = set()
    most = 0

    async def call(function: Any, *arguments: Any) -> Any:
        nonlocal most
        under_way.add(arguments[-1].name)
        most = max(most, len(under_way))
        await asyncio.sleep(0)
        under_way.discard(arguments[-1].name)
        return function(*arguments)

    order = order_of(lambda data, _: len(data), most_object_bytes=300_000)
    report = await run_unit(storage, order, ALL, call)
    assert counts(report) == (12, 0, 0)
    assert most <= 3


async def test_what_decodes_to_more_than_is_given_whole_is_refused(
    storage: Storage, gcs: EmulatorHandle
) -> None:
    bomb = gzip.compress(bytes(4 * MIB))
    gcs.put("source", "data/bomb", bomb, contentEncoding="gzip")
    order = order_of(lambda data, _: len(data), most_object_bytes=MIB)
    report = await run_unit(storage, order, ALL)
    assert counts(report) == (0, 0, 1)
    assert report.failures[0].error == "TooManyBytesError"


def test_an_object_that_nobody_accounts_for_fails_the_unit() -> None:
    _check_all(Report(done=1, failed=1), 2)
    with pytest.raises(TransferError, match="of 2 objects 1"):
        _check_all(Report(skipped=1), 2)


async def test_what_is_not_to_be_replaced_is_left_when_it_comes_meanwhile(
    storage: Storage, gcs: EmulatorHandle
) -> None:
    fill(gcs, 1)
    gcs.create_bucket("target")

    def meddles(data: bytes, _: SourceObject) -> bytes:
        gcs.put("target", "out/00", b"another's")
        return data

    order = order_of(meddles, target_bucket="target", target="out/", overwrite=False)
    report = await run_unit(storage, order, ALL)
    assert counts(report) == (0, 1, 0)
    assert gcs.read("target", "out/00") == b"another's"


async def test_the_manifest_is_no_objects_place(storage: Storage, gcs: EmulatorHandle) -> None:
    gcs.put("source", "data/book/manifest.json", b"{}")
    gcs.put("source", "data/page", b"1")
    order = Order(
        *(Verb.COPY, "source", "data/", "target", "out/"), kept="out/book/", unit_bytes=MIB
    )
    gcs.create_bucket("target")
    report = await run_unit(storage, order, ALL)
    assert counts(report) == (1, 0, 1)
    assert report.failures[0].error == "InvalidName"
    assert [item["name"] for item in gcs.objects("target")] == ["out/page"]
