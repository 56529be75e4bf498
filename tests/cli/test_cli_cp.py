"""`cp` against the emulator, as somebody types them."""

import csv
import gzip
import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from cli_running import left_of_runs, make_tree, names, run, tree

from storage_stream.testing.emulator_handle import EmulatorHandle

pytestmark = pytest.mark.usefixtures("here")

FILES = {"a.txt": b"one", "sub/b.jpg": b"two", "sub/deep/c": b"three"}


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("tree", "new", ["new/a.txt", "new/sub/b.jpg", "new/sub/deep/c"]),
        ("tree/", "new", ["new/a.txt", "new/sub/b.jpg", "new/sub/deep/c"]),
        ("tree", "new/", ["new/tree/a.txt", "new/tree/sub/b.jpg", "new/tree/sub/deep/c"]),
        ("tree", "old", ["old/tree/a.txt", "old/tree/sub/b.jpg", "old/tree/sub/deep/c"]),
        ("tree", "", ["tree/a.txt", "tree/sub/b.jpg", "tree/sub/deep/c"]),
        ("tree/.", "old", ["old/a.txt", "old/sub/b.jpg", "old/sub/deep/c"]),
    ],
)
def test_a_folder_up_and_down_again(
    gcs: EmulatorHandle, gcs_bucket: str, here: Path, source: str, target: str, expected: list[str]
) -> None:
    make_tree(here / "tree", FILES)
    gcs.put(gcs_bucket, "old/x", b"x")
    up = run("cp", "-r", source, f"gs://{gcs_bucket}/{target}")
    assert (up.status, up.stdout) == (0, "")
    assert "Copied 3 objects, 11 B" in up.stderr
    assert [name for name in names(gcs, gcs_bucket) if name != "old/x"] == expected
    common = expected[0].removesuffix("a.txt")
    assert run("cp", "-r", f"gs://{gcs_bucket}/{common}", "back").status == 0
    back = tree(here / "back")
    back.pop("x", None)
    assert back == FILES
    assert left_of_runs(here) == []


@pytest.mark.parametrize(
    ("sources", "target", "expected"),
    [
        (["a.txt"], "new", ["new"]),
        (["a.txt"], "new/", ["new/a.txt"]),
        (["a.txt", "sub/b.jpg"], "new", ["new/a.txt", "new/b.jpg"]),
        (["a.txt", "sub"], "new", ["new/a.txt", "new/sub/b.jpg", "new/sub/deep/c"]),
        (["sub/*"], "new", ["new/b.jpg", "new/deep/c"]),
    ],
)
def test_files_up(
    gcs: EmulatorHandle,
    gcs_bucket: str,
    here: Path,
    sources: list[str],
    target: str,
    expected: list[str],
) -> None:
    make_tree(here, FILES)
    assert run("cp", "-r", *sources, f"gs://{gcs_bucket}/{target}").status == 0
    assert names(gcs, gcs_bucket) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["p/a.txt", "new"], {"new": b"one"}),
        (["p/a.txt", "out/"], {"out/a.txt": b"one"}),
        (["p/a.txt", "."], {"a.txt": b"one"}),
        (["p/*", "out"], {"out/a.txt": b"one"}),
        (["p/**", "out"], {"out/a.txt": b"one", "out/b.jpg": b"two", "out/c": b"three"}),
        (["-r", "p/su?", "out"], {"out/sub/b.jpg": b"two", "out/sub/deep/c": b"three"}),
        (["p/[a-z].txt", "out"], {"out/a.txt": b"one"}),
        (["-r", "--include", "*.txt", "p", "out"], {"out/a.txt": b"one"}),
        (["-r", "--exclude", "sub/*", "p", "out"], {"out/a.txt": b"one"}),
        (["p/**", "out", "--exclude", "c"], {"out/a.txt": b"one", "out/b.jpg": b"two"}),
    ],
)
def test_objects_down(
    gcs: EmulatorHandle,
    gcs_bucket: str,
    here: Path,
    arguments: list[str],
    expected: dict[str, bytes],
) -> None:
    for name, data in FILES.items():
        gcs.put(gcs_bucket, f"p/{name}", data)
    words = [f"gs://{gcs_bucket}/{word}" if word.startswith("p") else word for word in arguments]
    ran = run("cp", *words)
    assert (ran.status, tree(here)) == (0, expected)


def test_copies_between_buckets_bring_no_byte_here(gcs: EmulatorHandle, gcs_bucket: str) -> None:
    for name, data in FILES.items():
        gcs.put(gcs_bucket, f"p/{name}", data)
    assert run("cp", "-r", f"gs://{gcs_bucket}/p", "gs://other-bucket/q/").status == 0
    assert names(gcs, "other-bucket") == ["q/p/a.txt", "q/p/sub/b.jpg", "q/p/sub/deep/c"]
    assert run("cp", f"gs://{gcs_bucket}/p/a.txt", f"gs://{gcs_bucket}/z").status == 0
    assert gcs.read(gcs_bucket, "z") == b"one"
    assert not [entry for entry in gcs.log if "alt=media" in entry.query]


def test_a_large_file_goes_alone_and_comes_in_slices(
    gcs: EmulatorHandle, gcs_bucket: str, here: Path
) -> None:
    data = os.urandom(1 << 20) * 24
    (here / "big").write_bytes(data)
    os.utime("big", (1_000_000_000, 1_000_000_000))
    assert run("cp", "big", f"gs://{gcs_bucket}/").status == 0
    assert gcs.read(gcs_bucket, "big") == data
    assert gcs.unfinished_sessions == 0
    down = run("cp", f"gs://{gcs_bucket}/big", "back", "--slice-size", "1MiB", "--workers", "4")
    assert (down.status, (here / "back").read_bytes() == data) == (0, True)
    assert (here / "back").stat().st_mtime == 1_000_000_000
    assert len([entry for entry in gcs.log if "alt=media" in entry.query]) > 1


def test_an_upload_that_failed_goes_on_where_the_service_stands(
    gcs: EmulatorHandle, gcs_bucket: str, here: Path
) -> None:
    data = os.urandom(1 << 20) * 24
    (here / "big").write_bytes(data)
    gcs.arm_next("storage.objects.insert", "pass", "pass", "return-403-after-18432K")
    failed = run("cp", "big", f"gs://{gcs_bucket}/")
    assert failed.status == 1
    assert "The same command with --resume goes on." in failed.stderr
    gcs.log.clear()
    assert run("cp", "--resume", "big", f"gs://{gcs_bucket}/").status == 0
    assert gcs.read(gcs_bucket, "big") == data
    assert sum(entry.bytes_in for entry in gcs.log) <= 7 << 20
    assert left_of_runs(here) == []


def test_a_journal_that_cannot_be_written_any_more_is_a_warning(
    gcs: EmulatorHandle, gcs_bucket: str, here: Path
) -> None:
    make_tree(here / "tree", {f"{number}": b"data" for number in range(5)})
    gcs.arm_next("storage.objects.insert", "return-403")
    url = f"gs://{gcs_bucket}/p"
    assert run("cp", "-r", "--concurrency", "1", "tree", url).status == 1
    (journal,) = (here.parent / "state").rglob("journal.db")
    with closing(sqlite3.connect(journal)) as database, database:
        refusal = "SELECT RAISE(ABORT, 'disk is full'); END"
        database.execute(f"CREATE TRIGGER full BEFORE INSERT ON done BEGIN {refusal}")
    ran = run("cp", "-r", "--resume", "tree", url)
    assert ran.status == 0
    assert ran.stderr.count("What --resume needs cannot be kept") == 1
    assert "disk is full" in ran.stderr
    assert len(names(gcs, gcs_bucket)) == 5


def test_standard_input_and_output(gcs: EmulatorHandle, gcs_bucket: str) -> None:
    url = f"gs://{gcs_bucket}/log.txt"
    up = run("cp", "-", url, "--content-type", "text/x-log", "--gzip", stdin=b"hello\n" * 100)
    assert up.status == 0
    assert gcs.metadata(gcs_bucket, "log.txt")["contentType"] == "text/x-log"
    assert gzip.decompress(gcs.read(gcs_bucket, "log.txt")) == b"hello\n" * 100
    down = run("cp", url, "-")
    assert (down.status, down.stdout) == (0, "hello\n" * 100)


def test_options_of_uploads(gcs: EmulatorHandle, gcs_bucket: str, here: Path) -> None:
    make_tree(here / "tree", FILES)
    ran = run("cp", "-r", "--gzip", "--content-type", "a/b", "tree", f"gs://{gcs_bucket}/p")
    assert ran.status == 0
    for name, data in FILES.items():
        assert gcs.metadata(gcs_bucket, f"p/{name}")["contentType"] == "a/b"
        assert gzip.decompress(gcs.read(gcs_bucket, f"p/{name}")) == data


def test_what_is_there_is_left_alone(gcs: EmulatorHandle, gcs_bucket: str, here: Path) -> None:
    gcs.put(gcs_bucket, "p/a", b"old")
    make_tree(here, {"a": b"new", "out/a": b"mine"})
    assert "1 skipped" in run("cp", "-n", "a", f"gs://{gcs_bucket}/p/a").stderr
    assert gcs.read(gcs_bucket, "p/a") == b"old"
    assert "1 skipped" in run("cp", "-n", f"gs://{gcs_bucket}/p/a", "out").stderr
    assert (here / "out/a").read_bytes() == b"mine"
    refused = run("cp", "--if-generation-match", "0", "a", f"gs://{gcs_bucket}/p/a")
    assert (refused.status, "412" in refused.stderr) == (1, True)
    generation = gcs.metadata(gcs_bucket, "p/a")["generation"]
    taken = run("cp", "--if-generation-match", generation, "a", f"gs://{gcs_bucket}/p/a")
    assert (taken.status, gcs.read(gcs_bucket, "p/a")) == (0, b"new")


@pytest.mark.parametrize("name", ["../x", "/x", "a//b", "C:x", "a/../../x", "..\\x"])
def test_names_that_would_leave_the_target_are_refused(
    gcs: EmulatorHandle, gcs_bucket: str, here: Path, name: str
) -> None:
    gcs.put(gcs_bucket, name, b"evil")
    gcs.put(gcs_bucket, "good", b"good")
    ran = run("cp", "-r", f"gs://{gcs_bucket}", "out/in")
    assert ran.status == 1
    assert "cannot be a file" in ran.stderr
    assert tree(here) == {"out/in/good": b"good"}
    assert run("sync", f"gs://{gcs_bucket}", "synced/in").status == 1
    assert tree(here) == {"out/in/good": b"good", "synced/in/good": b"good"}
    assert set(here.parent.iterdir()) <= {here, here.parent / "state", here.parent / "config"}


def test_two_sources_of_one_name_do_not_overwrite_each_other(
    gcs: EmulatorHandle, gcs_bucket: str, here: Path
) -> None:
    gcs.put(gcs_bucket, "p/a", b"first")
    gcs.put(gcs_bucket, "q/a", b"second")
    ran = run("cp", f"gs://{gcs_bucket}/p/a", f"gs://{gcs_bucket}/q/a", "out")
    assert (ran.status, tree(here)) == (1, {"out/a": b"first"})
    assert f"gs://{gcs_bucket}/q/a: another source" in ran.stderr


def test_manifests(gcs: EmulatorHandle, gcs_bucket: str, here: Path) -> None:
    make_tree(here / "tree", {"a": b"one", "b": b"two"})
    gcs.arm_next("storage.objects.insert", "return-403")
    url = f"gs://{gcs_bucket}/p/"
    ran = run("cp", "-r", "tree/.", url, "--manifest", "m.csv", "--concurrency", "1")
    assert ran.status == 1
    with Path("m.csv").open(newline="") as file:
        first, second = csv.DictReader(file)
    assert (first["source"], first["result"], "403" in first["reason"]) == (
        *("tree/a", "failed", True),
    )
    checksum = gcs.metadata(gcs_bucket, "p/b")["crc32c"]
    assert [second[name] for name in ("target", "result", "bytes", "checksum")] == [
        *(f"{url}b", "done", "3", f"crc32c={checksum}"),
    ]
    assert second["time"].endswith("Z")
    again = run("cp", "-r", "tree/.", url, "--manifest", "m.csv", "--concurrency", "1", "--resume")
    assert again.status == 0
    assert len(Path("m.csv").read_text().splitlines()) == 5
    assert run("cp", "tree/a", url, "--manifest", "m.jsonl").status == 0
    (row,) = map(json.loads, Path("m.jsonl").read_text().splitlines())
    assert (row["source"], row["result"], row["bytes"]) == ("tree/a", "done", 3)


def test_events(gcs_bucket: str, here: Path) -> None:
    make_tree(here / "tree", {"a": b"one", "b": b"two"})
    ran = run("cp", "-r", "tree", f"gs://{gcs_bucket}/p", "--json")
    kinds = [event["event"] for event in ran.events]
    assert kinds[-2:] == ["progress", "summary"]
    # How far it is is told after a while, too, where the two take one.
    results = [event for event in ran.events if event["event"] == "result"]
    assert set(kinds[:-2]) <= {"result", "progress"}
    assert [each["checksum"].partition("=")[0] for each in results] == ["crc32c", "crc32c"]
    assert {name: ran.events[-1][name] for name in ("done", "skipped", "failed", "bytes")} == {
        "done": 2,
        "skipped": 0,
        "failed": 0,
        "bytes": 6,
    }


@pytest.mark.parametrize(
    "arguments",
    [
        ["cp", "a"],
        ["cp", "a", "b"],
        ["cp", "-", "gs://bucket/"],
        ["cp", "-", "a", "gs://bucket/b"],
        ["cp", "a", "gs://bucket/*"],
        ["cp", "a", "gs://bucket/b", "gs://bucket/c"],
        ["cp", "a", "gs://buck*/b"],
        ["cp", "s3://a/b", "c"],
        ["cp", "--gzip", "gs://bucket/a", "b"],
        ["cp", "--parts", "gs://bucket/a", "gs://bucket/b"],
        ["cp", "-r", "--if-generation-match", "5", "a", "gs://bucket/b"],
        ["sync", "a", "b"],
        ["sync", "gs://bucket/a", "gs://bucket/a/b"],
        ["sync", "--checksum", "--size-only", "a", "gs://bucket"],
        ["mv", "gs://bucket/a", "gs://bucket/a"],
        ["mv", "-r", "gs://bucket/p", "gs://bucket/p/q/"],
    ],
)
def test_what_cannot_be_meant_is_2(gcs: EmulatorHandle, arguments: list[str]) -> None:
    gcs.put("bucket", "a", b"one")
    gcs.put("bucket", "p/a", b"one")
    ran = run(*arguments)
    assert (ran.status, "Error: " in ran.stderr) == (2, True)
    assert names(gcs, "bucket") == ["a", "p/a"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["cp", "nothing", "gs://bucket/"], "nothing: there is no such file"),
        (["cp", "*.nothing", "gs://bucket/"], "*.nothing: no file matches"),
        (["cp", "folder", "gs://bucket/"], "-r takes it"),
        (["cp", "gs://bucket/nothing", "x"], "no such object"),
        (["cp", "gs://bucket/p", "x"], "-r takes it"),
        (["cp", "gs://bucket/n*", "x"], "no object matches"),
        (["cp", "-r", "gs://bucket/nothing", "x"], "no such object"),
        (["cp", "-r", "gs://bucket/.", "x"], "write 'gs://bucket/*'"),
        (["cp", "-r", "gs://bucket/p/.", "x"], "write 'gs://bucket/p/*'"),
    ],
)
def test_what_is_not_there_is_1(
    gcs: EmulatorHandle, here: Path, arguments: list[str], sentence: str
) -> None:
    gcs.put("bucket", "p/a", b"one")
    make_tree(here, {"folder/a": b"one"})
    ran = run(*arguments)
    assert (ran.status, sentence in ran.stderr) == (1, True)
    assert "Traceback" not in ran.stderr
    assert left_of_runs(here) == []
