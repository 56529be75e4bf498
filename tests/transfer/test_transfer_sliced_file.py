"""What an unfinished sliced download leaves beside its file, and how the next one goes on."""

import asyncio
import fcntl
import json
import os
import resource
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from cancelling import Moment, cancelled_at
from fastcrc import crc32
from leaks import names_in, nothing_under_way, open_below, until
from sliced_object import DATA, SIZE, SLICE
from standing_time import client_on, pass_until

from storage_stream import Progress, Storage
from storage_stream._transfer.files import Place
from storage_stream.errors import (
    IntegrityError,
    InvalidArgument,
    NotFound,
    ObjectChanged,
    ServerError,
    StorageError,
)
from storage_stream.testing import FakeClock
from storage_stream.testing.emulator_handle import EmulatorHandle

GET = "storage.objects.get"
OLD = b"what was there"


async def fetch(storage: Storage, target: Path, **options: Any) -> None:
    how = {"slice_bytes": SLICE, "workers": 4} | options
    await storage.download_to_filename("bucket", "name", target, **how)


async def stop_midway(stored: EmulatorHandle, target: Path, **options: Any) -> None:
    """The first connection is slow, and others brought something when it is cancelled.

    By a client of its own: what it had asked for is not to meet the faults of what follows.
    """
    before = stored.open_connections
    stored.arm_next(GET, "trickle-200000Bps")
    async with Storage() as client:
        work = asyncio.create_task(fetch(client, target, **options))
        await until(Place.of(target).kept_journal.exists, lambda: "there is no journal")
        work.cancel()
        await asyncio.wait([work])
        assert work.cancelled()
    await until(lambda: stored.open_connections <= before, lambda: "it is still connected")
    stored.log.clear()


@pytest.fixture
async def unfinished(stored: EmulatorHandle, tmp_path: Path) -> Place:
    """A download that was stopped midway; what it left stands beside the target."""
    await stop_midway(stored, tmp_path / "file")
    return Place.of(tmp_path / "file")


async def check_goes_on(storage: Storage, unfinished: Place) -> None:
    """Fetched again, the file is whole, and alone."""
    await fetch(storage, unfinished.path)
    assert unfinished.path.read_bytes() == DATA
    assert names_in(unfinished.path.parent) == ["file"]


PAGE = 1024  # bytes are told apart by page: fewer numbers


def asked_ranges(gcs: EmulatorHandle) -> set[int]:
    """The pages that were asked for."""
    pages: set[int] = set()
    for entry in gcs.log:
        assert entry.range is not None
        first, last = entry.range.removeprefix("bytes=").split("-")
        pages |= set(range(-(-int(first) // PAGE), (int(last) + 1) // PAGE))
    return pages


def journal_of(target: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Place.of(target).kept_journal.read_bytes())
    return found


def filled_pages(target: Path) -> set[int]:
    filled = journal_of(target)["filled"]
    return {page for start, stop, _ in filled for page in range(-(-start // PAGE), stop // PAGE)}


async def test_only_what_is_missing_is_fetched(
    stored: EmulatorHandle, storage: Storage, tmp_path: Path
) -> None:
    target = tmp_path / "file"
    target.write_bytes(OLD)
    await stop_midway(stored, target)
    assert len(names_in(tmp_path)) == 3
    assert target.read_bytes() == OLD
    kept = filled_pages(target)
    assert kept
    progress = Progress()
    await fetch(storage, target, progress=progress)
    assert target.read_bytes() == DATA
    assert names_in(tmp_path) == ["file"]
    assert not asked_ranges(stored) & kept
    told = progress.snapshot()
    assert (told.bytes_confirmed, told.bytes_total) == (SIZE, SIZE)


async def test_without_resume_nothing_is_left_and_nothing_found(
    stored: EmulatorHandle, storage: Storage, tmp_path: Path
) -> None:
    target = tmp_path / "file"
    stored.arm_next(GET, "pass", "return-503")
    with pytest.raises(ServerError):
        await fetch(storage, target, retries=0, resume=False, workers=2)
    assert names_in(tmp_path) == []
    await stop_midway(stored, target)
    await fetch(storage, target, resume=False)
    assert stored.log[0].range is None
    assert len(names_in(tmp_path)) == 3


@pytest.mark.parametrize(
    "journal",
    [b"", b"{", b"[]", b"null", b'{"version": 2}', b"[" * 100_000, b"\xff\xfe"],
)
async def test_a_damaged_journal_is_no_journal(
    stored: EmulatorHandle, storage: Storage, unfinished: Place, journal: bytes
) -> None:
    unfinished.kept_journal.write_bytes(journal)
    await check_goes_on(storage, unfinished)
    assert stored.log[0].range is None


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "gs://bucket/other"},
        {"raw": True},
        {"first": 5},
        {"generation": 4},
        {"start": -1},
        {"stop": 5},
        {"filled": [[0, SLICE, 1], [SLICE - 1, 2 * SLICE, 1]]},
        {"filled": [[0, SIZE + 1, 1]]},
        {"filled": [[0, True, 1]]},
        {"filled": [[SLICE, 0, 1]]},
    ],
    ids=str,
)
async def test_a_journal_that_lies_is_not_believed(
    stored: EmulatorHandle, storage: Storage, unfinished: Place, change: dict[str, Any]
) -> None:
    told = journal_of(unfinished.path) | change
    unfinished.kept_journal.write_text(json.dumps(told))
    await check_goes_on(storage, unfinished)
    assert stored.log[-1].range is not None


@pytest.mark.parametrize("wanted", [{}, {"start": 777}, {"end": 11 * SLICE}, {"start": -9 * SLICE}])
async def test_a_journal_of_fewer_bytes_is_not_believed(
    stored: EmulatorHandle, storage: Storage, tmp_path: Path, wanted: dict[str, int]
) -> None:
    """Else a shorter file would be whole, and its checksum be one of a range: never looked at."""
    target = tmp_path / "file"
    for change in ("stop", "start"):
        await stop_midway(stored, target, **wanted)
        told = journal_of(target)
        if change == "stop":
            told["stop"] = max(stop for _, stop, _ in told["filled"]) + 1000
        else:
            told["start"] = told["filled"][0][0] + SLICE
            told["filled"] = [[told["start"], told["start"] + PAGE, 0]]
            part = DATA[told["start"] : told["start"] + PAGE]
            told["filled"][0][2] = crc32.iscsi(part)
            Place.of(target).kept_part.write_bytes(part)
        Place.of(target).kept_journal.write_text(json.dumps(told))
        await fetch(storage, target, **wanted)
        assert target.read_bytes() == DATA[wanted.get("start", 0) : wanted.get("end")]
        target.unlink()


async def test_a_journal_that_cannot_be_written_is_done_without(
    stored: EmulatorHandle, storage: Storage, tmp_path: Path
) -> None:
    """As on a disk that is full: the object's bytes have their room, the journal has none."""
    target = tmp_path / "file"
    in_its_way = Place.of(target).kept_journal.with_suffix(".new")
    in_its_way.mkdir()
    stored.arm_next(GET, "trickle-400000Bps")
    clock = FakeClock()  # by which this thread does next to nothing: others are called
    async with client_on(clock, stored) as client:
        work = asyncio.create_task(fetch(client, target, stall_timeout=None))
        await pass_until(clock, lambda: len(stored.log) > 4, lambda: "no further slices")
        work.cancel()
        await asyncio.wait([work])
        assert work.cancelled()
    assert names_in(tmp_path) == [in_its_way.name]
    await until(lambda: not open_below(tmp_path), lambda: "the part is open")
    await fetch(storage, target)
    assert target.read_bytes() == DATA
    assert names_in(tmp_path) == sorted([in_its_way.name, "file"])


async def test_a_journal_that_cannot_be_written_again_stays(
    stored: EmulatorHandle, storage: Storage, unfinished: Place
) -> None:
    before = journal_of(unfinished.path)
    in_its_way = unfinished.kept_journal.with_suffix(".new")
    in_its_way.mkdir()
    stored.arm_next(GET, "return-broken-stream")
    with pytest.raises(StorageError):
        await fetch(storage, unfinished.path, retries=0)
    assert journal_of(unfinished.path) == before
    in_its_way.rmdir()
    await check_goes_on(storage, unfinished)


def overwrite(unfinished: Place) -> None:
    with unfinished.kept_part.open("r+b") as part:
        part.seek(journal_of(unfinished.path)["filled"][0][0])
        part.write(b"\0" * 10)


def cut(unfinished: Place) -> None:
    os.truncate(unfinished.kept_part, 1000)


def remove(unfinished: Place) -> None:
    unfinished.kept_part.unlink()


@pytest.mark.parametrize("damage", [overwrite, cut, remove])
async def test_bytes_that_were_damaged_are_fetched_again(
    storage: Storage, unfinished: Place, damage: Callable[[Place], None]
) -> None:
    damage(unfinished)
    await check_goes_on(storage, unfinished)


async def test_an_object_that_changed_is_fetched_anew(
    stored: EmulatorHandle, storage: Storage, tmp_path: Path
) -> None:
    target = tmp_path / "file"
    for data in (DATA[::-1], DATA[:1000] + DATA, DATA[: SIZE // 2], b"small"):
        stored.put("bucket", "name", DATA)
        await stop_midway(stored, target)
        stored.put("bucket", "name", data)
        await fetch(storage, target)
        assert target.read_bytes() == data
        assert names_in(tmp_path) == ["file"]


async def test_an_object_that_is_gone_leaves_nothing(storage: Storage, unfinished: Place) -> None:
    await storage.delete("bucket", "name")
    with pytest.raises(NotFound):
        await fetch(storage, unfinished.path)
    assert names_in(unfinished.path.parent) == []


async def test_a_service_that_fails_again_keeps_what_is_there(
    stored: EmulatorHandle, storage: Storage, unfinished: Place
) -> None:
    before = journal_of(unfinished.path)
    stored.arm_next(GET, "return-503")
    with pytest.raises(ServerError):
        await fetch(storage, unfinished.path, retries=0)
    assert journal_of(unfinished.path) == before


async def test_killed_between_the_last_byte_and_the_name(
    stored: EmulatorHandle, storage: Storage, unfinished: Place
) -> None:
    told = journal_of(unfinished.path)
    unfinished.kept_part.write_bytes(DATA)
    ends = [0, 5 * SLICE, SIZE]
    told["filled"] = [[a, b, crc32.iscsi(DATA[a:b])] for a, b in pairwise(ends)]
    unfinished.kept_journal.write_text(json.dumps(told))
    await check_goes_on(storage, unfinished)
    assert min(asked_ranges(stored)) == 5 * SLICE // PAGE


async def test_a_wrong_byte_leaves_nothing_to_go_on_with(
    stored: EmulatorHandle, storage: Storage, unfinished: Place
) -> None:
    missing = min(set(range(SIZE // PAGE)) - filled_pages(unfinished.path))
    stored.arm_next(GET, *[f"flip-bit-at-{(missing + 1) * PAGE - 1}"] * 9)
    with pytest.raises(IntegrityError):
        await fetch(storage, unfinished.path)
    assert names_in(unfinished.path.parent) == []


async def test_two_at_once_do_not_disturb_each_other(storage: Storage, unfinished: Place) -> None:
    await asyncio.gather(*(fetch(storage, unfinished.path) for _ in range(4)))
    assert unfinished.path.read_bytes() == DATA
    assert names_in(unfinished.path.parent) == ["file"]


async def test_a_part_that_another_process_holds(
    stored: EmulatorHandle, storage: Storage, unfinished: Place
) -> None:
    with unfinished.kept_part.open("r+b") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        await fetch(storage, unfinished.path)
    assert unfinished.path.read_bytes() == DATA
    assert stored.log[0].range is None
    assert unfinished.kept_part.exists()


async def test_nobodys_link_is_followed(
    stored: EmulatorHandle, storage: Storage, tmp_path: Path
) -> None:
    target = tmp_path / "file"
    victim = tmp_path / "victim"
    victim.write_bytes(OLD)
    for make in (Place.of(target).kept_part.symlink_to, Place.of(target).kept_part.hardlink_to):
        make(victim)
        await fetch(storage, target)
        assert target.read_bytes() == DATA
        assert victim.read_bytes() == OLD
        Place.of(target).kept_part.unlink()
    assert len(stored.log) >= 4


async def test_a_disk_that_is_full_leaves_nothing(
    stored: EmulatorHandle, storage: Storage, tmp_path: Path
) -> None:
    target = tmp_path / "file"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SIZE - 1, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            await fetch(storage, target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert names_in(tmp_path) == []
    assert len(stored.log) == 1


async def test_a_range_is_gone_on_with_as_well(
    stored: EmulatorHandle, storage: Storage, tmp_path: Path
) -> None:
    target = tmp_path / "file"
    await stop_midway(stored, target, start=-9 * SLICE)
    kept = filled_pages(target)
    assert kept
    await fetch(storage, target, start=-9 * SLICE)
    assert target.read_bytes() == DATA[-9 * SLICE :]
    assert not asked_ranges(stored) & kept


@pytest.mark.parametrize("moment", Moment)
async def test_cancelled_at_every_await(
    stored: EmulatorHandle, storage: Storage, tmp_path: Path, moment: Moment
) -> None:
    """What may be resumed is kept, else nothing; in the end every byte is right."""
    target = tmp_path / "file"
    k = 0
    while await cancelled_at(fetch(storage, target, workers=2, slice_bytes=4 * SLICE), k, moment):
        await nothing_under_way(storage)
        names = names_in(tmp_path)
        kept = {Place.of(target).kept_part.name, Place.of(target).kept_journal.name}
        assert set(names) - {"file"} in (set(), kept)
        if "file" in names:
            assert target.read_bytes() == DATA
            target.unlink()
        if k % 2:
            for name in kept & set(names):
                (tmp_path / name).unlink()
        k += 1
    assert k > 5
    assert target.read_bytes() == DATA
    assert len(stored.log) >= k // 2


async def test_no_descriptor_is_lost(
    stored: EmulatorHandle, storage: Storage, tmp_path: Path
) -> None:
    target = tmp_path / "file"
    for _ in range(3):
        stored.arm_next(GET, "return-404")
        with pytest.raises(NotFound):
            await fetch(storage, target)
        await stop_midway(stored, target)
        await fetch(storage, target)
        assert open_below(tmp_path) == []


async def test_killed_and_gone_on_with_in_another_process(
    stored: EmulatorHandle, tmp_path: Path
) -> None:
    target = tmp_path / "file"

    async def start() -> asyncio.subprocess.Process:
        program = Path(__file__).with_name("sliced_process.py")
        return await asyncio.create_subprocess_exec(sys.executable, str(program), str(target))

    stored.arm_next(GET, "trickle-200000Bps")  # the first connection; the second is quick
    first = await start()
    try:
        await until(Place.of(target).kept_journal.exists, lambda: "there is no journal")
    finally:
        first.kill()
    assert await first.wait() == -9
    assert not target.exists()
    kept = filled_pages(target)
    assert kept
    stored.log.clear()
    second = await start()
    assert await second.wait() == 0
    assert target.read_bytes() == DATA
    assert names_in(tmp_path) == ["file"]
    assert not asked_ranges(stored) & kept


@pytest.mark.parametrize(
    ("keywords", "word"), [({"slice_bytes": 1000}, "slice_bytes"), ({"workers": 0}, "workers")]
)
async def test_what_cannot_be(
    stored: EmulatorHandle, storage: Storage, tmp_path: Path, keywords: dict[str, int], word: str
) -> None:
    target = tmp_path / "file"
    with pytest.raises(InvalidArgument, match=word):
        await fetch(storage, target, **keywords)
    assert len(stored.log) == 0


async def test_changed_midway_leaves_nothing(
    stored: EmulatorHandle, storage: Storage, unfinished: Place
) -> None:
    stored.arm_next(GET, "trickle-200000Bps", "return-404")  # so slow that others are called
    with pytest.raises(ObjectChanged):
        await fetch(storage, unfinished.path)
    assert names_in(unfinished.path.parent) == []
