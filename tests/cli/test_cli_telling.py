"""What commands tell of what they did not do, and how to go on."""

import json
import os
from pathlib import Path

import pytest
from cli_running import left_of_runs, make_tree, names, run

from storage_stream.testing.emulator_handle import EmulatorHandle

pytestmark = pytest.mark.usefixtures("here")


def test_a_source_that_is_not_there_is_counted_and_listed(gcs_bucket: str, here: Path) -> None:
    make_tree(here / "tree", {"a": b"1"})
    words = ["cp", "-r", "--manifest", "done.jsonl", "tree", "nothere", f"gs://{gcs_bucket}/p"]
    ran = run(*words)
    assert (ran.status, "; 1 failed." in ran.stderr) == (1, True)
    rows = [json.loads(line) for line in (here / "done.jsonl").read_text().splitlines()]
    assert sorted((row["source"], row["result"]) for row in rows) == [
        ("nothere", "failed"),
        ("tree/a", "done"),
    ]
    assert run(*words, "--json").events[-1]["failed"] == 1


def test_links_that_are_left_out_are_told_with_what_takes_them(gcs_bucket: str, here: Path) -> None:
    make_tree(here / "tree", {"a": b"1"})
    (here / "tree/link").symlink_to("a")
    told = run("cp", "-r", "tree", f"gs://{gcs_bucket}/p").stderr
    assert "; 1 skipped, as they are links (--follow-symlinks takes" in told


def test_nobody_is_told_to_go_on_with_what_fails_for_good(
    gcs: EmulatorHandle, gcs_bucket: str, here: Path
) -> None:
    make_tree(here, {"a": b"1"})
    gcs.put(gcs_bucket, "a", b"1")
    ran = run("cp", "--if-generation-match", "0", "a", f"gs://{gcs_bucket}/a")
    assert (ran.status, "resume" in ran.stderr, left_of_runs(here)) == (1, False, [])
    gcs.arm_next("storage.objects.insert", "return-503")
    ran = run("cp", "--retries", "0", "a", f"gs://{gcs_bucket}/b")
    assert (ran.status, "--resume" in ran.stderr, len(left_of_runs(here))) == (1, True, 1)


@pytest.mark.parametrize("source", ["tree", "gs://from/tree"])
def test_what_was_done_and_is_gone_since_is_done_again(
    gcs: EmulatorHandle, gcs_bucket: str, here: Path, source: str
) -> None:
    files = {name: name.encode() for name in "abcd"}
    make_tree(here / "tree", files)
    for name, data in files.items():
        gcs.put("from", f"tree/{name}", data)
    operation = "storage.objects.insert" if source == "tree" else "storage.objects.rewrite"
    gcs.arm_next(operation, "pass", "pass", "pass", "return-403")
    words = ["-r", "--concurrency", "1", source, f"gs://{gcs_bucket}/p"]
    assert run("cp", *words).status == 1
    one, other, _ = names(gcs, gcs_bucket)
    run("rm", f"gs://{gcs_bucket}/{one}")
    gcs.put(gcs_bucket, other, b"!")
    gcs.log.clear()
    ran = run("cp", "--resume", *words)
    assert (ran.status, "; 1 done before" in ran.stderr) == (0, True)
    assert {name: gcs.read(gcs_bucket, f"p/{name}") for name in files} == files
    assert len(gcs.log.select(operation=operation)) == 3


def test_what_a_killed_download_left_goes_when_another_goes_on(
    gcs: EmulatorHandle, gcs_bucket: str, here: Path
) -> None:
    for name in "ab":
        gcs.put(gcs_bucket, f"p/{name}", b"1")
    left, foreign, fresh = (
        here / "out" / f".{name}.part"
        for name in ("a.0123456789ab", "c.0123456789ab", "b." + "f" * 12)
    )
    make_tree(here / "out", {path.name: b"half" for path in (left, foreign, fresh)})
    for path in (left, foreign):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    os.utime(fresh, (4_000_000_000, 4_000_000_000))  # somebody writes it
    words = ["-r", f"gs://{gcs_bucket}/p/*", "out/"]
    assert run("cp", *words).status == 0
    assert left.exists()  # it may be that of another command
    assert run("cp", "--resume", *words).status == 0
    assert [path.exists() for path in (left, foreign, fresh)] == [False, True, True]


def test_where_no_journal_can_be_kept_it_copies_all_the_same(
    gcs: EmulatorHandle, gcs_bucket: str, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_tree(here, {"tree/a": b"1", "file": b""})
    monkeypatch.setenv("XDG_STATE_HOME", str(here / "file"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(here / "file"))
    ran = run("cp", "-r", "tree", f"gs://{gcs_bucket}/p")
    assert (ran.status, names(gcs, gcs_bucket)) == (0, ["p/a"])
    assert ran.stderr.startswith("Warning: What --resume needs cannot be kept (")
    assert "XDG_STATE_HOME" in ran.stderr


def test_a_newline_in_a_name_makes_no_second_line(gcs_bucket: str, here: Path) -> None:
    make_tree(here / "tree", {"new\nline": b"1"})
    ran = run("cp", "-r", "tree", f"gs://{gcs_bucket}/p")
    assert ran.status == 1
    (error,) = (line for line in ran.stderr.splitlines() if "new" in line)
    assert error.startswith("Error: tree/new\\nline: ")


def test_a_folder_s_own_dot_is_in_no_name(gcs_bucket: str, here: Path) -> None:
    make_tree(here / "tree", {"a": b"1"})
    told = run("cp", "-r", "--json", "tree/.", f"gs://{gcs_bucket}/p").events
    assert [each["source"] for each in told if each["event"] == "result"] == ["tree/a"]


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (["rm", "-r", "gs://"], 2, "gs:// names no bucket."),
        (["rm", "-r", "gs://*"], 2, "in every bucket of such a name? Nobody is there to ask"),
        (["rm", "gs://*/a"], 2, "in every bucket of such a name? Nobody is there to ask"),
        (
            ["cat", "gs://kept/a#12"],
            1,
            "#12 is read as a generation; in a name write gs://kept/a[#]",
        ),
        (["rb", "gs://nothere"], 1, "`storage-stream lb` shows which buckets there are."),
        (["bench", "--size", "0", "gs://kept"], 2, "--size: at least one byte."),
        (["cp", "--if-generation-match", "x", "a", "gs://kept/b"], 2, "'x' is no generation"),
        (
            ["ls", "--emulator-host", "http://127.0.0.1:9", "--retries", "0", "gs://kept"],
            1,
            "Is the emulator running? `storage-stream emulator` starts one.",
        ),
    ],
)
def test_mistakes_are_told_with_what_to_do(
    gcs: EmulatorHandle, words: list[str], status: int, sentence: str
) -> None:
    gcs.put("kept", "a", b"1")
    ran = run(*words)
    assert (ran.status, sentence in ran.stderr) == (status, True), ran.stderr
    assert names(gcs, "kept") == ["a"]


def test_a_signed_url_is_not_printed_back() -> None:
    ran = run("cp", "https://me:pw@host/a?X-Goog-Signature=secret", "here")
    assert ran.status == 2
    assert "'https://host/a?…' is no place" in ran.stderr
    assert "secret" not in ran.stderr
    assert "pw" not in ran.stderr


@pytest.mark.parametrize("words", [["cat"], ["sign"], ["head"], ["hash"], ["stat"], ["ls"]])
def test_names_that_look_like_patterns(gcs: EmulatorHandle, words: list[str]) -> None:
    gcs.put("wild", "e[31m", b"1")
    gcs.put("wild", "e*", b"2")
    ran = run(*words, "gs://wild/e*", *(["--method", "GET"] if words == ["sign"] else []))
    assert "no character" not in ran.stderr
    assert "needs its ]" not in ran.stderr


def test_what_is_named_twice_is_deleted_once(gcs: EmulatorHandle, gcs_bucket: str) -> None:
    for order in (["gs://{}/**", "gs://{}/a"], ["gs://{}/a", "gs://{}/**"]):
        gcs.put(gcs_bucket, "a", b"1")
        gcs.put(gcs_bucket, "b", b"1")
        ran = run("rm", *(each.format(gcs_bucket) for each in order))
        assert (ran.status, ran.stderr) == (0, "Deleted 2 objects.\n")


def test_several_buckets_are_emptied_only_with_yes(gcs: EmulatorHandle) -> None:
    for bucket in ("logs-1", "logs-2"):
        gcs.put(bucket, "a", b"1")
    assert run("rm", "-r", "--dry-run", "gs://logs-*").status == 0
    assert run("rm", "-r", "--yes", "gs://logs-*").status == 0
    assert names(gcs, "logs-1") == names(gcs, "logs-2") == []
