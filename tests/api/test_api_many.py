"""Runs of many on the emulator: each object once, errors beside the others, nothing left behind."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from leaks import names_in, nothing_under_way, until

from storage_stream import ManyTransfer, Progress, ProgressSnapshot, Storage
from storage_stream._transfer.journal import Journal
from storage_stream._transfer.many_items import Action, Item
from storage_stream._transfer.many_work import Done
from storage_stream.errors import (
    ClientClosed,
    InvalidArgument,
    InvalidName,
    NotFound,
    ObjectChanged,
    ServerError,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from storage_stream import TransferResult
    from storage_stream.testing.emulator_handle import EmulatorHandle

GET = "storage.objects.get"
INSERT = "storage.objects.insert"
LIST = "storage.objects.list"
REWRITE = "storage.objects.rewrite"
MTIME = "goog-reserved-file-mtime"
HERE = Path(__file__).parent


def _fill(gcs: EmulatorHandle, count: int, folder: str = "") -> dict[str, bytes]:
    data = {
        f"{folder}{number % 5}/{number:04}": f"data {number}".encode() for number in range(count)
    }
    gcs.create_bucket("bucket")
    for name, content in data.items():
        gcs.put("bucket", name, content)
    gcs.log.clear()
    return data


def _files(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }


def _made(root: Path, content: dict[str, bytes]) -> Path:
    for name, data in content.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def _operations(gcs: EmulatorHandle) -> dict[str | None, int]:
    counts: dict[str | None, int] = {}
    for entry in gcs.log:
        counts[entry.operation] = counts.get(entry.operation, 0) + 1
    return counts


async def _all(run: ManyTransfer) -> dict[str, TransferResult]:
    return {result.target: result async for result in run}


async def test_down_and_up_again(gcs: EmulatorHandle, storage: Storage, tmp_path: Path) -> None:
    data = _fill(gcs, 50, "x/")
    run = await storage.download_many("bucket", "x/", tmp_path / "made")
    assert (run.done, run.skipped, run.failed) == (50, 0, 0)
    assert run.bytes == sum(map(len, data.values()))
    assert _files(tmp_path / "made") == {name[2:]: content for name, content in data.items()}
    assert _operations(gcs) == {LIST: 1, GET: 50}
    gcs.log.clear()
    run = await storage.upload_many("bucket", tmp_path / "made", prefix="y/")
    assert (run.done, run.failed) == (50, 0)
    assert _operations(gcs) == {INSERT: 50}
    for name, content in data.items():
        assert gcs.read("bucket", f"y/{name[2:]}") == content
    path = tmp_path / "made" / "0" / "0000"
    assert gcs.metadata("bucket", "y/0/0000")["metadata"] == {MTIME: str(int(path.stat().st_mtime))}


async def test_results_say_what_became_of_each(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path
) -> None:
    resource = gcs.put("bucket", "a/b", b"12345")
    (result,) = [result async for result in storage.download_many("bucket", "a/", tmp_path)]
    assert (result.action, result.source, result.target) == (
        "download",
        "gs://bucket/a/b",
        f"{tmp_path}/b",
    )
    assert (result.bytes, result.generation) == (5, int(resource["generation"]))
    assert (result.error, result.skipped, result.ok) == (None, None, True)


async def test_copies(gcs: EmulatorHandle, storage: Storage) -> None:
    data = _fill(gcs, 10, "x/")
    gcs.create_bucket("other")
    gcs.log.clear()
    run = await storage.copy_many("bucket", "x/", "other", prefix="z/")
    assert (run.done, run.bytes) == (10, sum(map(len, data.values())))
    assert _operations(gcs) == {LIST: 1, REWRITE: 10}
    assert gcs.read("other", "z/0/0000") == data["x/0/0000"]
    again = await storage.copy_many("bucket", "x/", "other", prefix="z/", overwrite=False)
    assert (again.done, again.skipped) == (0, 10)


async def test_named_ones_and_pairs(gcs: EmulatorHandle, storage: Storage, tmp_path: Path) -> None:
    _fill(gcs, 3)

    async def wanted() -> AsyncIterator[Any]:
        yield "0/0000"
        yield "1/0001", "elsewhere/one"
        yield "1/0001", Path("two")
        yield "missing"

    run = await storage.download_many("bucket", wanted(), tmp_path)
    assert (run.done, run.failed) == (3, 1)
    assert isinstance(run.failures[0].error, NotFound)
    assert sorted(_files(tmp_path)) == ["0/0000", "elsewhere/one", "two"]
    with pytest.raises(ExceptionGroup, match="1 of 4 objects failed"):
        run.raise_errors()
    run = await storage.upload_many(
        "bucket", [tmp_path / "two", (tmp_path / "two", "u/v")], prefix="p/"
    )
    assert run.done == 2
    run.raise_errors()
    run = await storage.copy_many("bucket", [("p/two", "c")], "bucket")
    assert gcs.read("bucket", "c") == gcs.read("bucket", "p/u/v") == b"data 1"


async def test_what_is_there_is_left_alone_where_that_is_asked_for(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path
) -> None:
    data = _fill(gcs, 4)
    _made(tmp_path, {"0/0000": b"mine"})
    run = await storage.download_many("bucket", "", tmp_path, overwrite=False)
    assert (run.done, run.skipped) == (3, 1)
    assert _files(tmp_path) == {**data, "0/0000": b"mine"}
    run = await storage.upload_many("bucket", tmp_path, overwrite=False)
    assert (run.done, run.skipped) == (0, 4)
    assert gcs.read("bucket", "0/0000") == b"data 0"


@pytest.mark.parametrize("concurrency", [1, 4, 64])
async def test_an_error_of_one_ends_no_other(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path, concurrency: int
) -> None:
    _fill(gcs, 30)
    gcs.arm_next(GET, *["return-404"] * 3)
    run = await storage.download_many("bucket", "", tmp_path, concurrency=concurrency)
    assert (run.done, run.failed) == (27, 3)
    assert {type(result.error) for result in run.failures} == {ObjectChanged}
    assert len(_files(tmp_path)) == 27


async def test_refusals_are_waited_out(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path
) -> None:
    _fill(gcs, 30)
    gcs.arm_next(GET, *["return-503", "return-429"] * 5)
    run = await storage.download_many("bucket", "", tmp_path)
    assert (run.done, run.failed) == (30, 0)
    gcs.arm_next(INSERT, *["return-503"] * 5, "return-broken-stream")
    run = await storage.upload_many("bucket", tmp_path, prefix="again/")
    assert (run.done, run.failed) == (30, 0)


async def test_a_broken_body_is_gone_on_with(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path
) -> None:
    gcs.put("bucket", "large", os.urandom(3_000_000))
    gcs.put("bucket", "small", os.urandom(300_000))
    gcs.arm_next(GET, "drop-at-100000", "drop-at-200000")
    run = await storage.download_many("bucket", "", tmp_path)
    assert run.done == 2
    assert _files(tmp_path) == {name: gcs.read("bucket", name) for name in ("large", "small")}


HOSTILE = ["../x", "/etc/passwd", "a/../../x", "a//b", "C:/x", "..\\x", "a/./b", "x/.."]


async def test_names_that_would_leave_the_folder(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path
) -> None:
    gcs.create_bucket("bucket")
    for name in [*HOSTILE, "good"]:
        gcs.put("bucket", name, b"data")
    target = tmp_path / "target"
    gcs.log.clear()
    run = await storage.download_many("bucket", "", target)
    assert (run.done, run.failed) == (1, len(HOSTILE))
    assert {type(result.error) for result in run.failures} == {InvalidName}
    assert _files(tmp_path) == {"target/good": b"data"}
    assert _operations(gcs) == {LIST: 1, GET: 1}
    run = await storage.download_many(
        "bucket", [("good", "../y"), ("good", tmp_path / "z")], target
    )
    assert run.failed == 2
    assert _files(tmp_path) == {"target/good": b"data"}


async def test_links_do_not_lead_out_of_the_folder(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path
) -> None:
    for name in ("folder/x", "file", "large"):
        gcs.put("bucket", name, bytes(2_000_000 if name == "large" else 10))
    target, outside = tmp_path / "target", tmp_path / "outside"
    _made(outside, {"file": b"outside"})
    target.mkdir()
    (target / "folder").symlink_to(outside)
    (target / "file").symlink_to(outside / "file")
    (target / "large").symlink_to(outside / "file")
    run = await storage.download_many("bucket", "", target)
    assert (run.done, run.failed) == (0, 3)
    assert {type(result.error) for result in run.failures} == {InvalidName}
    assert _files(outside) == {"file": b"outside"}
    assert names_in(target) == ["file", "folder", "large"]


async def test_a_file_and_a_folder_of_one_name(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path
) -> None:
    for name in ("a", "a!", "a/b", "a/c/d", "b"):
        gcs.put("bucket", name, name.encode())
    results = await _all(storage.download_many("bucket", "", tmp_path))
    failed = [result.source for result in results.values() if result.error is not None]
    assert sorted(failed) == ["gs://bucket/a/b", "gs://bucket/a/c/d"]
    assert _files(tmp_path) == {name: name.encode() for name in ("a", "a!", "b")}
    (tmp_path / "a").unlink()
    (tmp_path / "a").mkdir()
    run = await storage.download_many("bucket", ["a", "b/c"], tmp_path)
    kinds = {type(result.error) for result in run.failures}
    assert IsADirectoryError in kinds


async def test_objects_that_stand_for_folders(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path
) -> None:
    for name, data in {
        "p/": b"",
        "p/empty/": b"",
        "p/bad/": b"bytes",
        "p/full/": b"",
        "p/full/x": b"x",
    }.items():
        gcs.put("bucket", name, data)
    results = await _all(storage.download_many("bucket", "p/", tmp_path))
    errors = {path: result.error for path, result in results.items() if result.error}
    assert [path.removeprefix(str(tmp_path)) for path in errors] == ["/bad/"]
    assert names_in(tmp_path) == ["empty", "full"]
    assert _files(tmp_path) == {"full/x": b"x"}
    run = await storage.upload_many("bucket", tmp_path, prefix="q/", empty_folders=True)
    assert (run.done, run.skipped) == (2, 0)
    assert [item["name"] for item in gcs.objects("bucket", prefix="q/")] == ["q/empty/", "q/full/x"]


async def test_folders_that_are_named_as_objects_or_files(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path
) -> None:
    gcs.put("bucket", "a", b"file")
    gcs.put("bucket", "a/", b"folder")
    named = ["a", "a/", ("a", "b/"), ("a/", "c")]
    run = await storage.download_many("bucket", named, tmp_path)
    assert (run.done, run.failed) == (2, 2)
    assert {type(result.error) for result in run.failures} == {InvalidName}
    assert _files(tmp_path) == {"a": b"file", "c": b"folder"}
    gcs.log.clear()
    run = await storage.upload_many("bucket", [(f"{tmp_path}/", "x")])
    assert (run.done, run.failed) == (0, 1)
    assert isinstance(run.failures[0].error, IsADirectoryError)
    assert not _operations(gcs)


async def test_files_that_cannot_be_uploaded(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path
) -> None:
    gcs.create_bucket("bucket")
    _made(tmp_path, {"good": b"1", "line\nbreak": b"2", "x" * 200 + "/" + "y" * 200: b"3"})
    (tmp_path / "link").symlink_to("good")
    run = await storage.upload_many("bucket", tmp_path, prefix="p" * 700 + "/")
    assert (run.done, run.skipped, run.failed) == (1, 1, 2)
    assert {type(result.error) for result in run.failures} == {InvalidName}
    run = await storage.upload_many("bucket", [tmp_path / "good", tmp_path / "none"])
    assert (run.done, run.failed) == (1, 1)
    assert isinstance(run.failures[0].error, FileNotFoundError)


async def test_patterns(gcs: EmulatorHandle, storage: Storage, tmp_path: Path) -> None:
    for name in ("p/a.jpg", "p/b.txt", "p/raw/c.jpg", "p/d.png"):
        gcs.put("bucket", name, b"")
    run = storage.download_many(
        "bucket", "p/", tmp_path, include=["*.jpg", "d*"], exclude=["raw/*"]
    )
    await run
    assert sorted(_files(tmp_path)) == ["a.jpg", "d.png"]


async def test_gzip_is_decoded_as_by_a_single_download(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path
) -> None:
    await storage.create_bucket("bucket", "project")
    await storage.upload("bucket", "zipped", b"plain" * 1000, zipped=True)
    await storage.download_many("bucket", "", tmp_path)
    assert (tmp_path / "zipped").read_bytes() == b"plain" * 1000
    await storage.download_many("bucket", "", tmp_path, raw=True)
    assert (tmp_path / "zipped").read_bytes() == gcs.read("bucket", "zipped")


async def test_the_list_that_fails_ends_the_run_after_the_others(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path
) -> None:
    _fill(gcs, 3)

    async def names() -> AsyncIterator[str]:
        yield "0/0000"
        yield "1/0001"
        raise ZeroDivisionError

    run = storage.download_many("bucket", names(), tmp_path)
    with pytest.raises(ZeroDivisionError):
        await run
    assert (run.done, len(_files(tmp_path))) == (2, 2)
    gcs.arm_next(LIST, "return-404")
    with pytest.raises(NotFound):
        await storage.download_many("bucket", "", tmp_path)


# -- leaving, cancelling, killing --------------------------------------------------------------


@pytest.mark.parametrize("with_journal", [True, False])
async def test_leaving_early(
    gcs: EmulatorHandle,
    storage: Storage,
    tmp_path: Path,
    with_journal: bool,  # noqa: FBT001 - a parameter
) -> None:
    data = _fill(gcs, 300)
    journal = tmp_path / "journal" if with_journal else None
    async with storage.download_many("bucket", "", tmp_path / "to", journal=journal) as run:
        async for _ in run:
            if run.done >= 5:
                break
    await nothing_under_way(storage)
    made = _files(tmp_path / "to")
    assert 5 <= len(made) < 300  # never more than 64 are under way
    assert all(data[name] == content for name, content in made.items())


@pytest.mark.parametrize("operation", [GET, INSERT])
async def test_cancelling_midway(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path, operation: str
) -> None:
    data = _fill(gcs, 40)
    _made(tmp_path / "from", data)
    target = tmp_path / "to"
    gcs.arm_next(operation, *["stall-for-600s-after-0K"] * 8)
    before = set(threading.enumerate())
    run = (
        storage.download_many("bucket", "", target)
        if operation == GET
        else storage.upload_many("bucket", tmp_path / "from", prefix="up/")
    )

    async def consume() -> None:
        async for _ in run:
            pass

    task = asyncio.create_task(consume())
    await until(lambda: run.done == 32, lambda: f"{run!r}")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await nothing_under_way(storage)
    assert len(run.unsettled) == 8
    if operation == GET:
        assert len(_files(target)) == 32
    assert len(set(threading.enumerate()) - before) < 64


async def test_a_client_that_is_closed_ends_the_run(gcs: EmulatorHandle, tmp_path: Path) -> None:
    _fill(gcs, 40)
    storage = Storage()
    gcs.arm_next(GET, *["stall-for-600s-after-0K"] * 8)
    run = storage.download_many("bucket", "", tmp_path)

    async def consume() -> None:
        async for _ in run:
            if run.done == 32:
                await storage.close()

    with pytest.raises(ClientClosed):
        await consume()


@pytest.mark.parametrize("what", ["download", "upload"])
async def test_killed_and_gone_on_with(gcs: EmulatorHandle, tmp_path: Path, what: str) -> None:
    gcs.create_bucket("bucket")
    operation = GET if what == "download" else INSERT
    data = {f"{number % 5}/{number:04}": f"data {number}".encode() for number in range(200)}
    folder, journal = tmp_path / "folder", tmp_path / "journal"
    if what == "upload":
        _made(folder, data)
    else:
        for name, content in data.items():
            gcs.put("bucket", name, content)
    gcs.log.clear()
    # It cannot come to its end before it is killed, however late that is.
    gcs.arm_next(operation, *["pass"] * 100, *["stall-for-600s-after-0K"] * 64)
    first = await _start(what, folder, journal)
    assert first.stdout is not None
    told = [(await first.stdout.readline()).decode().split()[0] for _ in range(60)]
    first.kill()
    rest = (await first.stdout.read()).decode().split("\n")[:-1]
    told += [line.split()[0] for line in rest if line.endswith(" done")]
    await first.wait()
    await until(lambda: gcs.open_connections == 0, lambda: "its requests have not ended")
    gcs._ask("DELETE", "/_emulator/arm_next")
    before = len(gcs.log.select(operation=operation))
    assert before < 200
    second = await _start(what, folder, journal)
    output, _ = await second.communicate()
    assert second.returncode == 0
    lines = dict(line.split(" ", 1) for line in output.decode().splitlines())
    assert len(lines) == 200
    # What was told was written down before; nothing of it is done again.
    assert {lines[target] for target in told} == {"it was done before"}
    again = len(gcs.log.select(operation=operation)) - before
    assert again == sum(1 for outcome in lines.values() if outcome == "done") <= 200 - len(told)
    assert _files(folder) == data
    if what == "upload":
        assert len(gcs.objects("bucket")) == 200


async def _start(what: str, folder: Path, journal: Path, processes: int = 0) -> Any:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, str(HERE / "many_process.py"), what, str(folder), str(journal)),
        str(processes),
        stdout=asyncio.subprocess.PIPE,
    )


async def test_a_journal_believes_what_it_sees(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path
) -> None:
    _fill(gcs, 6)
    target, journal = tmp_path / "to", tmp_path / "journal"
    await storage.download_many("bucket", "", target, journal=journal)
    gcs.put("bucket", "0/0000", b"another generation")
    (target / "1" / "0001").unlink()
    (target / "2" / "0002").write_bytes(b"changed!")
    run = await storage.download_many("bucket", "", target, journal=journal)
    assert (run.done, run.skipped) == (3, 3)
    assert (target / "0" / "0000").read_bytes() == b"another generation"
    assert (target / "2" / "0002").read_bytes() == b"data 2"


async def test_a_journal_that_cannot_be_written_any_more_ends_nothing(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path
) -> None:
    data, journal = _fill(gcs, 300), tmp_path / "journal"
    opened = Journal(journal)
    await opened.open()
    await opened.close()
    refusal = "SELECT RAISE(ABORT, 'disk is full'); END"
    with sqlite3.connect(journal) as database:
        database.execute(f"CREATE TRIGGER full BEFORE INSERT ON done BEGIN {refusal}")
    database.close()
    told: list[TransferResult] = []
    with pytest.raises(OSError, match="cannot be written: disk is full") as raised:  # noqa: PT012 - it comes behind the results
        async with storage.download_many("bucket", "", tmp_path / "to", journal=journal) as run:
            async for result in run:
                told.append(result)  # noqa: PERF401 - what came before the error counts
    assert raised.value.filename == str(journal)
    assert (len(told), run.done, run.failed) == (300, 300, 0)
    assert _files(tmp_path / "to") == data


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
async def test_a_pipe_among_files_keeps_nobody_waiting(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path
) -> None:
    gcs.create_bucket("bucket")
    os.mkfifo(tmp_path / "pipe")
    run = await storage.upload_many("bucket", [(tmp_path / "pipe", "a")])
    (failure,) = run.failures
    assert isinstance(failure.error, InvalidArgument)
    assert gcs.objects("bucket") == []


async def test_what_is_no_journal(gcs: EmulatorHandle, storage: Storage, tmp_path: Path) -> None:
    _fill(gcs, 1)
    (tmp_path / "text").write_text("no database, but long enough to be one\n" * 100)
    with sqlite3.connect(tmp_path / "other") as other:
        other.execute("CREATE TABLE anything (x)")
    other.close()
    for name in ("text", "other"):
        with pytest.raises(InvalidArgument, match="no journal"):
            await storage.download_many("bucket", "", tmp_path / "to", journal=tmp_path / name)
    with pytest.raises(OSError, match="cannot be opened"):
        await storage.download_many("bucket", "", tmp_path / "to", journal=tmp_path / "none" / "x")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every path is text")
async def test_a_journal_holds_paths_that_are_no_text(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path
) -> None:
    _fill(gcs, 3, "d/")
    journal = tmp_path / "journal"
    folder = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")
    for expected in [(3, 0), (0, 3)]:
        down = await storage.download_many("bucket", "d/", folder, journal=journal)
        up = await storage.upload_many("bucket", folder, prefix="up/", journal=journal)
        assert (down.done, down.skipped) == (up.done, up.skipped) == expected


@pytest.mark.parametrize("place", [b"SQLite", b"action TEXT", b"PRIMARY KEY"])
async def test_a_journal_that_is_damaged(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path, place: bytes
) -> None:
    _fill(gcs, 1)
    journal = tmp_path / "journal"
    await storage.download_many("bucket", "", tmp_path / "to", journal=journal)
    content = journal.read_bytes()
    assert place in content
    journal.write_bytes(content.replace(place, b"\xc8" * len(place)))
    with pytest.raises(InvalidArgument, match="no journal"):
        await storage.download_many("bucket", "", tmp_path / "to", journal=journal)


async def test_what_a_journal_cannot_hold(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    await journal.open()
    item = Item(Action.DOWNLOAD, "bucket", "name", target="name", root=str(tmp_path))
    done = Done(item.result(generation=2**64))
    with pytest.raises(OSError, match="cannot be written"):
        await journal.record([(item, done)])
    assert not await journal.holds(item)
    await journal.close()


# -- progress and options ----------------------------------------------------------------------


async def test_progress_of_a_run(gcs: EmulatorHandle, storage: Storage, tmp_path: Path) -> None:
    data = _fill(gcs, 30)
    gcs.put("bucket", "../bad", b"")
    gcs.put("bucket", "large", bytes(2_000_000))
    told: list[ProgressSnapshot] = []
    await storage.download_many("bucket", "", tmp_path, progress=told.append)
    last = told[-1]
    assert (last.objects_done, last.objects_failed, last.objects_total) == (31, 1, 32)
    total = sum(map(len, data.values())) + 2_000_000
    assert (last.bytes_confirmed, last.bytes_total, last.bytes_moved) == (total,) * 3
    progress = Progress(interval=0.001)
    run = storage.upload_many("bucket", tmp_path, prefix="up/", progress=progress)
    seen = [snapshot async for snapshot in progress.until(run)]
    assert (seen[-1].objects_done, seen[-1].bytes_confirmed) == (31, total)


@pytest.mark.parametrize(
    "wrong",
    [{"concurrency": 0}, {"processes": -1}, {"include": "*.jpg"}, {"timeout": -1}],
)
async def test_options_that_cannot_be(storage: Storage, tmp_path: Path, wrong: Any) -> None:
    with pytest.raises(InvalidArgument):
        storage.download_many("bucket", "", tmp_path, **wrong)
    nonsense: Any = {"nonsense": 1}
    with pytest.raises(TypeError):
        storage.download_many("bucket", "", tmp_path, **nonsense)
    with pytest.raises(InvalidName):
        storage.download_many("no bucket", "", tmp_path)


async def test_a_run_is_run_once(gcs: EmulatorHandle, storage: Storage, tmp_path: Path) -> None:
    _fill(gcs, 1)
    run = storage.download_many("bucket", "", tmp_path)
    await run
    with pytest.raises(InvalidArgument, match="another"):
        await run
    assert repr(run) == "<ManyTransfer 1 done, 0 skipped, 0 failed>"


async def test_one_that_is_never_begun_costs_nothing(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path
) -> None:
    async with storage.download_many("bucket", "", tmp_path):
        pass
    storage.download_many("bucket", "", tmp_path)
    assert len(gcs.log) == 0


async def test_an_error_that_stays(gcs: EmulatorHandle, storage: Storage, tmp_path: Path) -> None:
    _fill(gcs, 2)
    gcs.arm_next(GET, *["return-500"] * 2)
    run = await storage.download_many("bucket", "", tmp_path, retries=0)
    assert [isinstance(result.error, ServerError) for result in run.failures] == [True, True]
