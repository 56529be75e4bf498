"""`sync` against the emulator."""

import os
from pathlib import Path

import pytest
from cli_running import make_tree, names, run, tree

from storage_stream.testing.emulator_handle import EmulatorHandle

pytestmark = pytest.mark.usefixtures("here")

FILES = {"a.txt": b"one", "sub/b.jpg": b"two", "sub/deep/c": b"three"}


def test_a_second_sync_only_lists(gcs: EmulatorHandle, gcs_bucket: str, here: Path) -> None:
    make_tree(here / "tree", {f"{number % 10}/{number}": b"x" for number in range(1000)})
    first = run("sync", "tree", f"gs://{gcs_bucket}/p", "--json")
    assert first.events[-1]["done"] == 1000
    up, down = ["tree", f"gs://{gcs_bucket}/p"], [f"gs://{gcs_bucket}/p", "tree"]
    for arguments in (up, down, ["--checksum", *up], ["--size-only", *down]):
        gcs.log.clear()
        ran = run("sync", *arguments, "--json")
        counts = {name: ran.events[-1][name] for name in ("done", "skipped", "failed", "bytes")}
        assert counts == {"done": 0, "skipped": 1000, "failed": 0, "bytes": 0}
        assert {entry.operation for entry in gcs.log} == {"storage.objects.list"}
        assert len(gcs.log) <= 2


@pytest.mark.parametrize(
    ("source", "status", "sentence"),
    [
        ("gs://{bucket}/typo", 1, "gs://{bucket}/typo: nothing is there; is the name right?"),
        ("nowhere", 2, "nowhere: there is no such folder."),
        ("file", 2, "file is no folder; `storage-stream cp` copies one file."),
    ],
)
def test_a_source_that_is_no_folder(
    gcs: EmulatorHandle, gcs_bucket: str, here: Path, source: str, status: int, sentence: str
) -> None:
    gcs.put(gcs_bucket, "a", b"1")
    make_tree(here, {"file": b"1"})
    target = "out" if source.startswith("gs") else f"gs://{gcs_bucket}/p"
    ran = run("sync", source.format(bucket=gcs_bucket), target)
    assert (ran.status, sentence.format(bucket=gcs_bucket) in ran.stderr) == (status, True)


def test_the_sum_tells_what_was_deleted_and_what_is_alike(gcs_bucket: str, here: Path) -> None:
    make_tree(here / "tree", {"a": b"1", "b": b"2"})
    url = f"gs://{gcs_bucket}/p"
    run("sync", "tree", url)
    (here / "tree/a").unlink()
    (here / "tree/new").write_bytes(b"33")
    told = run("sync", "--delete", "tree", url).stderr
    assert "Synced 1 object, 2 B" in told
    assert told.endswith("; 1 deleted; 1 alike.\n")


def test_sync_with_nothing_wants_to_be_told_twice(
    gcs: EmulatorHandle, gcs_bucket: str, here: Path
) -> None:
    make_tree(here / "tree", {"kept": b"1"})
    typo = f"gs://{gcs_bucket}/typo"
    ran = run("sync", "--delete", typo, "tree")
    assert ran.status != 0
    assert "--allow-empty-source" in ran.stderr
    assert tree(here) == {"tree/kept": b"1"}
    assert run("sync", "--delete", "--allow-empty-source", typo, "tree").status == 0
    assert tree(here) == {}
    assert {entry.operation for entry in gcs.log} == {"storage.objects.list"}


def test_sync_deletes_only_what_it_is_told_to(
    gcs: EmulatorHandle, gcs_bucket: str, here: Path
) -> None:
    gcs.put(gcs_bucket, "p/old", b"old")
    make_tree(here / "tree", {"new": b"new"})
    url = f"gs://{gcs_bucket}/p"
    dry = run("sync", "--delete", "--dry-run", "tree", url)
    assert dry.status == 0
    assert f"Would delete object: {url}/old" in dry.stderr
    assert f"Would upload: {url}/new" in dry.stderr
    assert dry.stderr.splitlines()[-1] == "Would delete 1 object, upload 1 object."
    *results, summary = run("sync", "--delete", "--dry-run", "--json", "tree", url).events
    assert {each["result"] for each in results if each["event"] == "result"} == {"planned"}
    assert summary == {"event": "summary", "planned": {"delete": 1, "upload": 1}, "failed": 0}
    assert names(gcs, gcs_bucket) == ["p/old"]
    assert run("sync", "tree", url).status == 0
    assert names(gcs, gcs_bucket) == ["p/new", "p/old"]
    assert run("rsync", "--delete", "tree", url).status == 0
    assert names(gcs, gcs_bucket) == ["p/new"]
    alike = run("sync", "--delete", "--dry-run", "tree", url)
    assert "Nothing would be done: they are alike." in alike.stderr


def test_sync_takes_other_bytes_of_the_same_size_by_checksum(
    gcs: EmulatorHandle, gcs_bucket: str, here: Path
) -> None:
    make_tree(here / "tree", {"a": b"one"})
    os.utime("tree/a", (1_000_000_000, 1_000_000_000))
    url = f"gs://{gcs_bucket}/p"
    run("sync", "tree", url)
    (here / "tree/a").write_bytes(b"two")
    os.utime("tree/a", (1_000_000_000, 1_000_000_000))
    assert "1 alike" in run("sync", "tree", url).stderr
    assert run("sync", "--checksum", "tree", url).status == 0
    assert gcs.read(gcs_bucket, "p/a") == b"two"
