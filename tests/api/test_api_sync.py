"""Trees made alike on the emulator: only what differs moves, and nothing is deleted by mistake."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from storage_stream.errors import InvalidArgument, InvalidName, PreconditionFailed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from storage_stream import ManyTransfer, Storage
    from storage_stream.testing.emulator_handle import EmulatorHandle

INSERT = "storage.objects.insert"
LIST = "storage.objects.list"
MTIME = "goog-reserved-file-mtime"
NAMES = ["a", "a!", "a.txt", "b/x", "b/y/z", "b0", "é/ü", "z"]


def _made(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())
    return root


def _files(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def _objects(gcs: EmulatorHandle, bucket: str = "bucket", prefix: str = "") -> list[str]:
    return [item["name"].removeprefix(prefix) for item in gcs.objects(bucket, prefix=prefix)]


def _operations(gcs: EmulatorHandle) -> set[str | None]:
    return {entry.operation for entry in gcs.log}


async def _done(run: ManyTransfer) -> list[tuple[str, str]]:
    """What was done, as verb and the last step of the target's name; no error."""
    results = [result async for result in run]
    assert [result for result in results if result.error is not None] == []
    done = [result for result in results if result.skipped is None]
    return sorted((result.action, result.target.rsplit("/", 1)[-1]) for result in done)


@pytest.fixture
def here(gcs: EmulatorHandle, tmp_path: Path) -> Path:
    gcs.create_bucket("bucket")
    return _made(tmp_path / "here", *NAMES)


async def test_up_and_nothing_the_second_time(
    gcs: EmulatorHandle, storage: Storage, here: Path
) -> None:
    run = await storage.sync(here, "gs://bucket/there")
    assert (run.done, run.failed) == (8, 0)
    assert _objects(gcs, prefix="there/") == sorted(NAMES, key=str.encode)
    gcs.log.clear()
    run = await storage.sync(here, "gs://bucket/there/")
    assert (run.done, run.skipped, run.bytes) == (0, 8, 0)
    assert _operations(gcs) == {LIST}


async def test_down_and_nothing_the_second_time(
    gcs: EmulatorHandle, storage: Storage, here: Path, tmp_path: Path
) -> None:
    await storage.sync(here, "gs://bucket")
    gcs.put("bucket", "without mtime", b"made by others")
    down = tmp_path / "down"
    run = await storage.sync("gs://bucket", down)
    assert (run.done, run.failed) == (9, 0)
    assert _files(down) == sorted([*NAMES, "without mtime"])
    assert int((down / "a").stat().st_mtime) == int((here / "a").stat().st_mtime)
    gcs.log.clear()
    run = await storage.sync("gs://bucket", down)
    assert (run.done, run.skipped) == (0, 9)
    assert _operations(gcs) == {LIST}
    # And back again: what was made of an object is that object.
    gcs.log.clear()
    run = await storage.sync(down, "gs://bucket")
    assert (run.done, run.skipped) == (0, 9)
    assert _operations(gcs) == {LIST}


async def test_what_differs_moves(gcs: EmulatorHandle, storage: Storage, here: Path) -> None:
    await storage.sync(here, "gs://bucket")
    (here / "a").write_bytes(b"longer than before")
    (here / "b" / "x").write_bytes(b"X/b")
    os.utime(here / "b" / "x", (1_000_000_000, 1_000_000_000))
    (here / "new").write_bytes(b"new")
    (here / "z").unlink()
    run = storage.sync(here, "gs://bucket")
    assert await _done(run) == [("upload", "a"), ("upload", "new"), ("upload", "x")]
    assert gcs.metadata("bucket", "b/x")["metadata"] == {MTIME: "1000000000"}
    assert "z" in _objects(gcs)


@pytest.mark.parametrize(
    ("compare", "moved"), [("mtime", ["touched"]), ("crc32c", ["sneaky"]), ("size", [])]
)
async def test_by_what_they_are_compared(
    storage: Storage, gcs: EmulatorHandle, tmp_path: Path, compare: str, moved: list[str]
) -> None:
    gcs.create_bucket("bucket")
    root = _made(tmp_path / "here", "touched", "sneaky")
    await storage.sync(root, "gs://bucket")
    before = (root / "sneaky").stat()
    (root / "sneaky").write_bytes(b"SNEAKY")
    os.utime(root / "sneaky", ns=(before.st_atime_ns, before.st_mtime_ns))
    os.utime(root / "touched", (1, 1))
    run = storage.sync(root, "gs://bucket", compare=compare)
    assert await _done(run) == [("upload", name) for name in moved]


async def test_an_object_without_a_time_is_compared_by_its_checksum(
    gcs: EmulatorHandle, storage: Storage, here: Path
) -> None:
    for name in NAMES:
        gcs.put("bucket", name, name.encode())
    gcs.put("bucket", "a", b"A", metadata={MTIME: "no time"})
    assert await _done(storage.sync(here, "gs://bucket")) == [("upload", "a")]


async def test_delete_and_dry_run(
    gcs: EmulatorHandle, storage: Storage, here: Path, tmp_path: Path
) -> None:
    await storage.sync(here, "gs://bucket/p")
    gcs.put("bucket", "q", b"beside the prefix")
    for name in ("b/y/z", "a!"):
        (here / name).unlink()
    _made(here, "new")
    down = _made(tmp_path / "down", *NAMES, "old/er/file")
    planned = [
        (result.action, result.target, result.skipped)
        async for result in storage.sync(here, "gs://bucket/p", delete=True, dry_run=True)
        if result.skipped == "dry run"
    ]
    assert sorted(planned) == [
        ("delete object", "gs://bucket/p/a!", "dry run"),
        ("delete object", "gs://bucket/p/b/y/z", "dry run"),
        ("upload", "gs://bucket/p/new", "dry run"),
    ]
    assert "a!" in _objects(gcs, prefix="p/")
    run = storage.sync(here, "gs://bucket/p", delete=True)
    assert await _done(run) == [
        ("delete object", "a!"),
        ("delete object", "z"),
        ("upload", "new"),
    ]
    kept = sorted({*NAMES, "new"} - {"b/y/z", "a!"}, key=str.encode)
    assert _objects(gcs, prefix="p/") == kept
    assert _objects(gcs)[-1] == "q"
    await storage.sync("gs://bucket/p", down, delete=True)
    assert _files(down) == sorted(kept)
    assert not (down / "old").exists()
    assert not (down / "b" / "y").exists()


async def test_a_journal_does_not_stand_for_what_is_listed(
    gcs: EmulatorHandle, storage: Storage, here: Path, tmp_path: Path
) -> None:
    gcs.create_bucket("other")
    ways: list[tuple[str | Path, str, str]] = [
        (here, "gs://bucket", "upload"),
        ("gs://bucket", "gs://other", "copy"),
    ]
    for source, target, verb in ways:
        bucket, journal = target.removeprefix("gs://"), tmp_path / verb
        await storage.sync(source, target, journal=journal)
        await storage.delete(bucket, "z")
        gcs.put(bucket, "a", b"somebody else's")
        run = storage.sync(source, target, journal=journal)
        assert await _done(run) == [(verb, "a"), (verb, "z")]
        assert gcs.read(bucket, "a") == b"a"
        assert _objects(gcs, bucket) == sorted(NAMES, key=str.encode)


async def test_a_dry_run_makes_no_journal(
    gcs: EmulatorHandle, storage: Storage, here: Path, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    run = await storage.sync(here, "gs://bucket", dry_run=True, journal=journal)
    assert run.skipped == len(NAMES)
    assert not journal.exists()
    await storage.sync(here, "gs://bucket", journal=journal)
    gcs.put("bucket", "a", b"another one")
    planned = await storage.sync(here, "gs://bucket", dry_run=True, journal=journal)
    assert (planned.done, planned.skipped) == (0, len(NAMES))


async def test_a_folder_of_which_all_is_new(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path
) -> None:
    """What is deleted takes its folder with it, before the new file's first byte is here."""
    large = bytes(1024 * 1024 + 1)
    gcs.put("bucket", "x/new", large)
    _made(tmp_path, "x/old")
    run = await storage.sync("gs://bucket", tmp_path, delete=True)
    run.raise_errors()
    assert (tmp_path / "x" / "new").read_bytes() == large
    assert _files(tmp_path) == ["x/new"]


async def test_between_buckets(gcs: EmulatorHandle, storage: Storage, here: Path) -> None:
    gcs.create_bucket("other")
    await storage.sync(here, "gs://bucket/p")
    gcs.put("other", "q/extra", b"1")
    gcs.put("other", "q/a", b"A")
    gcs.put("other", "q/z", b"z")
    run = storage.sync("gs://bucket/p", "gs://other/q", delete=True)
    done = await _done(run)
    assert ("delete object", "extra") in done
    assert ("copy", "a") in done
    assert len(done) == 8  # of eight, one is the same, and one more goes
    assert _objects(gcs, "other", "q/") == sorted(NAMES, key=str.encode)
    gcs.log.clear()
    assert await _done(storage.sync("gs://bucket/p", "gs://other/q", delete=True)) == []
    assert _operations(gcs) == {LIST}


async def test_what_cannot_be_looked_at_is_not_deleted(
    gcs: EmulatorHandle, storage: Storage, here: Path
) -> None:
    await storage.sync(here, "gs://bucket")
    for name in ("b/x", "b/y/z"):
        (here / name).unlink()
    (here / "b" / "y").rmdir()
    (here / "b").rmdir()
    (here / "b").symlink_to("elsewhere")
    (here / "z").unlink()
    (here / "z").symlink_to("elsewhere")
    assert await _done(storage.sync(here, "gs://bucket", delete=True)) == []
    assert _objects(gcs) == sorted(NAMES, key=str.encode)


async def test_a_source_that_is_not_there_deletes_nothing(
    gcs: EmulatorHandle, storage: Storage, here: Path, tmp_path: Path
) -> None:
    await storage.sync(here, "gs://bucket")
    with pytest.raises(FileNotFoundError):
        await storage.sync(tmp_path / "none", "gs://bucket", delete=True)
    gcs.arm_next(LIST, "return-404")
    with pytest.raises(Exception, match="404"):
        await storage.sync("gs://bucket", here, delete=True)
    assert len(_objects(gcs)) == len(_files(here)) == 8


async def test_a_source_that_has_nothing_deletes_nothing_unless_it_is_meant(
    gcs: EmulatorHandle, storage: Storage, here: Path, tmp_path: Path
) -> None:
    """A prefix that is mistyped lists as nothing, and an empty folder may be the wrong one."""
    empty = tmp_path / "empty"
    empty.mkdir()
    gcs.create_bucket("other")
    await storage.sync(here, "gs://bucket/p")
    ways: list[tuple[str | Path, str | Path]] = [
        ("gs://bucket/typo", here),
        (empty, "gs://bucket/p"),
        ("gs://other", "gs://bucket/p"),
    ]
    for source, target in ways:
        options: list[dict[str, Any]] = [{}, {"dry_run": True}, {"include": ["a*"]}]
        for more in options:
            with pytest.raises(InvalidArgument, match="allow_empty_source=True"):
                await storage.sync(source, target, delete=True, **more)
        await storage.sync(source, target)
    assert len(_files(here)) == len(_objects(gcs, prefix="p/")) == len(NAMES)
    for source, target in ways[:2]:
        run = await storage.sync(source, target, delete=True, allow_empty_source=True)
        assert (run.done, run.failed) == (len(NAMES), 0)
    assert _files(here) == _objects(gcs) == []
    await storage.sync("gs://bucket/typo", here, delete=True)  # there is nothing to be deleted


async def test_objects_that_stand_for_folders_stay(
    gcs: EmulatorHandle, storage: Storage, here: Path
) -> None:
    (here / "b" / "empty").mkdir()
    await storage.sync(here, "gs://bucket", empty_folders=True)
    gcs.put("bucket", "b/", b"")
    gcs.put("bucket", "gone/", b"")
    run = storage.sync(here, "gs://bucket", delete=True)
    assert await _done(run) == [("delete object", "")]
    assert [name for name in _objects(gcs) if name.endswith("/")] == ["b/", "b/empty/"]


async def test_hostile_names_write_nothing_outside(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path
) -> None:
    for name in ("../x", "/y", "C:z", "a//b", "good"):
        gcs.put("bucket", name, b"data")
    down = tmp_path / "down"
    run = await storage.sync("gs://bucket", down, delete=True)
    assert (run.done, run.failed) == (1, 4)
    assert {type(result.error) for result in run.failures} == {InvalidName}
    assert _files(tmp_path) == ["down/good"]


async def test_what_is_left_out_is_left_alone(
    gcs: EmulatorHandle, storage: Storage, here: Path
) -> None:
    gcs.put("bucket", "keep.log", b"")
    gcs.put("bucket", "old", b"")
    _made(here, "mine.log")
    await storage.sync(here, "gs://bucket", delete=True, exclude=["*.log"])
    assert _objects(gcs) == sorted([*NAMES, "keep.log"], key=str.encode)


async def test_an_object_that_changes_meanwhile_is_not_overwritten(
    gcs: EmulatorHandle, storage: Storage, here: Path
) -> None:
    run = storage.sync(here, "gs://bucket", concurrency=1)
    results = [result async for result in _with_a_rival(gcs, run)]
    (failed,) = [result for result in results if result.error is not None]
    assert isinstance(failed.error, PreconditionFailed)
    assert gcs.read("bucket", "z") == b"a rival's"


async def _with_a_rival(gcs: EmulatorHandle, run: ManyTransfer) -> AsyncIterator[Any]:
    is_first = True
    gcs.arm_next(INSERT, "stall-for-0.3s-after-0K")
    async for result in run:
        if is_first:
            gcs.put("bucket", "z", b"a rival's")
            is_first = False
        yield result


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("one", "other"),
        ("gs://bucket/a", "gs://bucket/a/b"),
        ("gs://bucket", "gs://bucket/a"),
        ("gs://bucket/a", "gs://bucket/a/"),
        ("gs://no bucket", "folder"),
        ("", "gs://bucket"),
        (7, "gs://bucket"),
    ],
)
async def test_places_that_cannot_be(storage: Storage, source: Any, target: str) -> None:
    with pytest.raises((InvalidArgument, InvalidName)):
        storage.sync(source, target)


async def test_a_comparison_that_is_none(storage: Storage) -> None:
    with pytest.raises(InvalidArgument, match="crc32c"):
        storage.sync("here", "gs://bucket", compare="md5")


async def test_thousands_of_files(gcs: EmulatorHandle, storage: Storage, tmp_path: Path) -> None:
    gcs.create_bucket("bucket")
    root = _made(tmp_path / "here", *(f"{number % 50}/{number}" for number in range(1200)))
    run = await storage.sync(root, "gs://bucket/p", ramp_up=False)
    assert (run.done, run.failed) == (1200, 0)
    gcs.log.clear()
    again = await storage.sync(root, "gs://bucket/p")
    assert (again.done, again.skipped, again.bytes) == (0, 1200, 0)
    assert [entry.operation for entry in gcs.log] == [LIST, LIST]
