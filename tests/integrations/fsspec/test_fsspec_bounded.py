"""How many objects are under way at once: fewer when they are too many, never more than asked."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from storage_stream import RetryPolicy
from storage_stream.integrations.fsspec import StorageFileSystem
from storage_stream.integrations.fsspec.bounded import CONCURRENCY, Bounds, ItemMeter
from storage_stream.testing.emulator_handle import EmulatorHandle

MakeFs = Callable[..., StorageFileSystem]


class Clock:
    """Time that passes only where it is waited for, or said to."""

    def __init__(self) -> None:
        self.time = 0.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds
        await asyncio.sleep(0)


class Service:
    """Counts what is under way; refuses what is more than it takes."""

    def __init__(self, takes: int) -> None:
        self.takes = takes
        self.under_way = 0
        self.peaks: list[int] = []

    async def work(self, item: int, meter: ItemMeter | None) -> int:
        assert meter is not None
        self.under_way += 1
        self.peaks.append(self.under_way)
        if self.under_way > self.takes:
            meter.answered(429)
        for _ in range(3):
            await asyncio.sleep(0)
        meter.gained(1000)
        self.under_way -= 1
        return item * 2


@pytest.fixture
def bounds() -> Bounds:
    clock = Clock()
    return Bounds(ramp_up=False, now=clock.now, sleep=clock.sleep)


async def test_all_come_in_their_order_and_no_more_than_the_bound_at_once(bounds: Bounds) -> None:
    service = Service(takes=1000)
    assert await bounds.all_of(service.work, range(500)) == [n * 2 for n in range(500)]
    assert max(service.peaks) == CONCURRENCY
    few = Service(takes=1000)
    assert await bounds.all_of(few.work, range(50), most=3) == [n * 2 for n in range(50)]
    assert max(few.peaks) == 3
    every = Service(takes=1000)
    await bounds.all_of(every.work, range(20), most=-1)
    assert max(every.peaks) == 20


async def test_what_is_refused_makes_them_fewer_and_the_next_call_begins_so(bounds: Bounds) -> None:
    service = Service(takes=40)
    await bounds.all_of(service.work, range(300))
    assert max(service.peaks) == 41  # who was still to begin did not
    assert max(service.peaks[150:]) == CONCURRENCY // 2  # once the surplus was done
    again = Service(takes=40)
    await bounds.all_of(again.work, range(300))
    assert max(again.peaks) == CONCURRENCY // 2


async def test_they_become_more_where_that_helps() -> None:
    clock = Clock()
    bounds = Bounds(ramp_up=False, now=clock.now, sleep=clock.sleep)
    bounds._found = 4
    under_way = 0
    most = 0

    async def work(_: int, meter: ItemMeter | None) -> None:
        nonlocal under_way, most
        assert meter is not None
        under_way += 1
        most = max(most, under_way)
        for _turn in range(20):  # each takes as long, however many there are
            await asyncio.sleep(0)
        clock.time += 0.05 / under_way
        meter.gained(100_000)
        under_way -= 1

    await bounds.all_of(work, range(2000))
    assert most == CONCURRENCY
    assert bounds._found > 4


@pytest.mark.parametrize(("writes", "rate"), [(False, 5000.0), (True, 1000.0)])
async def test_the_services_guideline_for_rates_is_kept(rate: float, *, writes: bool) -> None:
    clock = Clock()
    begun: list[float] = []

    async def work(_: int, meter: ItemMeter | None) -> None:
        del meter
        begun.append(clock.time)

    await Bounds(now=clock.now, sleep=clock.sleep).all_of(work, range(3000), writes=writes, most=1)
    assert begun[-1] == pytest.approx(3000 / rate, rel=0.02)


async def test_one_alone_is_not_watched(bounds: Bounds) -> None:
    async def work(item: str, meter: ItemMeter | None) -> str:
        assert meter is None
        return item

    assert await bounds.all_of(work, ["a"]) == ["a"]
    assert await bounds.all_of(work, []) == []


async def test_the_first_error_ends_the_others(bounds: Bounds) -> None:
    ended: list[int] = []

    async def work(item: int, _: ItemMeter | None) -> None:
        if item == 3:
            raise ValueError("three")
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(item)

    with pytest.raises(ValueError, match="three"):
        await bounds.all_of(work, range(10))
    assert sorted(ended) == [0, 1, 2, 4, 5, 6, 7, 8, 9]


async def test_errors_as_outcomes_stand_in_their_places(bounds: Bounds) -> None:
    async def work(item: int, _: ItemMeter | None) -> int:
        if item % 2:
            raise ValueError(item)
        return item

    found = await bounds.outcomes_of(work, range(4))
    assert found[::2] == [0, 2]
    assert [str(error) for error in found[1::2]] == ["1", "3"]


def read_all(fs: StorageFileSystem, paths: list[str], _: Path) -> Any:
    return list(fs.cat(paths).values())


def read_ranges(fs: StorageFileSystem, paths: list[str], _: Path) -> Any:
    return fs.cat_ranges(paths, 0, 100)


def get_all(fs: StorageFileSystem, paths: list[str], folder: Path) -> Any:
    files = [str(folder / str(number)) for number in range(len(paths))]
    fs.get(paths, files)
    return [Path(file).read_bytes() for file in files]


def pipe_all(fs: StorageFileSystem, paths: list[str], _: Path) -> Any:
    fs.pipe({path: b"%d" % number for number, path in enumerate(paths)})
    return list(fs.cat(paths).values())


def put_all(fs: StorageFileSystem, paths: list[str], folder: Path) -> Any:
    files = [folder / str(number) for number in range(len(paths))]
    for number, file in enumerate(files):
        file.write_bytes(b"%d" % number)
    fs.put([str(file) for file in files], paths)
    return list(fs.cat(paths).values())


@pytest.mark.parametrize(
    ("call", "operation"),
    [
        (read_all, "storage.objects.get"),
        (read_ranges, "storage.objects.get"),
        (get_all, "storage.objects.get"),
        (pipe_all, "storage.objects.insert"),
        (put_all, "storage.objects.insert"),
    ],
)
def test_every_call_about_many_hears_a_refusal(
    make_fs: MakeFs,
    gcs: EmulatorHandle,
    gcs_bucket: str,
    tmp_path: Path,
    call: Callable[[StorageFileSystem, list[str], Path], Any],
    operation: str,
) -> None:
    fs = make_fs(client_options={"retry": RetryPolicy(initial_delay=0)})
    clock = Clock()  # as time passes, more are tried again
    fs._bounds = Bounds(ramp_up=False, now=clock.now, sleep=clock.sleep)
    names = [f"{number:02}" for number in range(70)]
    for number, name in enumerate(names):
        gcs.put(gcs_bucket, name, b"%d" % number)
    gcs.arm_next(operation, "return-503")
    found = call(fs, [f"{gcs_bucket}/{name}" for name in names], tmp_path)
    assert found == [b"%d" % number for number in range(70)]
    assert fs._bounds._found < CONCURRENCY
