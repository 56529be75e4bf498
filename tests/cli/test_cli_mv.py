"""`mv` against the emulator: nothing goes before its copy is there."""

from pathlib import Path

import pytest
from cli_running import make_tree, names, run, tree

from storage_stream.testing.emulator_handle import EmulatorHandle

pytestmark = pytest.mark.usefixtures("here")

FILES = {"a.txt": b"one", "sub/b.jpg": b"two", "sub/deep/c": b"three"}


def test_a_move_there_across_and_back(gcs: EmulatorHandle, gcs_bucket: str, here: Path) -> None:
    make_tree(here / "tree", FILES)
    url = f"gs://{gcs_bucket}"
    assert run("mv", "-r", "tree", f"{url}/p").status == 0
    assert list(here.iterdir()) == []
    assert run("mv", "-r", f"{url}/p", f"{url}/q").status == 0
    assert names(gcs, gcs_bucket) == [f"q/{name}" for name in FILES]
    assert run("mv", "-r", f"{url}/q", "back").status == 0
    assert (tree(here / "back"), names(gcs, gcs_bucket)) == (FILES, [])


def test_a_source_whose_target_failed_stays(
    gcs: EmulatorHandle, gcs_bucket: str, here: Path
) -> None:
    make_tree(here / "tree", {"a": b"one", "b": b"two"})
    gcs.arm_next("storage.objects.insert", "return-403")
    ran = run("mv", "-r", "tree", f"gs://{gcs_bucket}/p", "--concurrency", "1")
    assert (ran.status, tree(here / "tree")) == (1, {"a": b"one"})
    assert run("mv", "-r", "--resume", "tree", f"gs://{gcs_bucket}/p").status == 0
    assert names(gcs, gcs_bucket) == ["p/a", "p/b"]
    assert list(here.iterdir()) == []


def test_a_source_that_could_not_be_deleted_is_deleted_on_going_on(
    gcs: EmulatorHandle, gcs_bucket: str, here: Path
) -> None:
    gcs.put(gcs_bucket, "p/a", b"one")
    gcs.arm_next("storage.objects.delete", "return-403")
    ran = run("mv", "-r", f"gs://{gcs_bucket}/p", "out")
    assert (ran.status, "Moved 0 objects" in ran.stderr, "; 1 failed" in ran.stderr) == (
        *(1, True, True),
    )
    assert names(gcs, gcs_bucket) == ["p/a"]
    gcs.log.clear()
    assert run("mv", "-r", "--resume", f"gs://{gcs_bucket}/p", "out").status == 0
    assert names(gcs, gcs_bucket) == []
    assert tree(here) == {"out/a": b"one"}
    assert not [entry for entry in gcs.log if "alt=media" in entry.query]


@pytest.mark.parametrize(
    ("pattern", "target", "expected"),
    [
        ("p/**", "p/q/", ["p/q/a", "p/q/b", "p/q/c"]),
        ("p/*", "p/q", ["p/q/a", "p/q/b", "p/q/c"]),
        ("**", "p/q", ["p/q/a", "p/q/b", "p/q/c"]),
        ("p**", "", ["a", "b", "c"]),
    ],
)
def test_what_is_moved_into_a_folder_that_the_pattern_means_is_moved_once(
    gcs: EmulatorHandle, gcs_bucket: str, pattern: str, target: str, expected: list[str]
) -> None:
    for name in ("p/a", "p/b", "p/q/c"):
        gcs.put(gcs_bucket, name, b"x")
    options = ["-r"] if pattern == "p/*" else []
    ran = run("mv", *options, f"gs://{gcs_bucket}/{pattern}", f"gs://{gcs_bucket}/{target}")
    assert (ran.status, names(gcs, gcs_bucket)) == (0, expected)


def test_links_are_not_moved(gcs: EmulatorHandle, gcs_bucket: str, here: Path) -> None:
    make_tree(here / "tree", {"a": b"one"})
    (here / "tree/link").symlink_to("a")
    assert run("mv", "-r", "tree", f"gs://{gcs_bucket}/p").status == 0
    assert (here / "tree/link").is_symlink()
    assert names(gcs, gcs_bucket) == ["p/a"]


def test_within_a_bucket_the_service_renames(gcs: EmulatorHandle, gcs_bucket: str) -> None:
    for name, data in FILES.items():
        gcs.put(gcs_bucket, f"p/{name}", data, contentType="text/x")
    gcs.log.clear()
    ran = run("mv", "-r", f"gs://{gcs_bucket}/p", f"gs://{gcs_bucket}/q", "--json")
    results = [each for each in ran.events if each["event"] == "result"]
    assert {each["action"] for each in results} == {"move"}
    assert sum(each["bytes"] for each in results) == sum(map(len, FILES.values()))
    moves = gcs.log.select(operation="storage.objects.move")
    assert len(moves) == len(FILES)
    assert all("ifSourceGenerationMatch=" in entry.query for entry in moves)
    assert {entry.operation for entry in gcs.log} == {
        *("storage.objects.list", "storage.objects.get", "storage.objects.move")
    }
    assert {each["contentType"] for each in gcs.objects(gcs_bucket)} == {"text/x"}


def test_a_rename_that_fails_is_named_and_the_others_are_done(
    gcs: EmulatorHandle, gcs_bucket: str
) -> None:
    for name, data in FILES.items():
        gcs.put(gcs_bucket, f"p/{name}", data)
    gcs.arm_next("storage.objects.move", "pass", "return-403")
    ran = run("mv", f"gs://{gcs_bucket}/p/**", f"gs://{gcs_bucket}/q/", "--concurrency", "1")
    assert ran.status == 1
    assert "Moved 2 objects" in ran.stderr
    assert f"gs://{gcs_bucket}/p/sub/b.jpg" in ran.stderr
    assert names(gcs, gcs_bucket) == ["p/sub/b.jpg", "q/a.txt", "q/c"]
    assert run("mv", f"gs://{gcs_bucket}/p/**", f"gs://{gcs_bucket}/q/", "--resume").status == 0
    assert names(gcs, gcs_bucket) == ["q/a.txt", "q/b.jpg", "q/c"]


def test_a_rename_whose_answer_was_lost_is_done(gcs: EmulatorHandle, gcs_bucket: str) -> None:
    gcs.put(gcs_bucket, "a", b"one")
    gcs.arm_next("storage.objects.move", "commit-then-drop")
    ran = run("mv", f"gs://{gcs_bucket}/a", f"gs://{gcs_bucket}/b")
    assert (ran.status, names(gcs, gcs_bucket)) == (0, ["b"])


def test_between_buckets_the_generation_that_was_copied_goes(
    gcs: EmulatorHandle, gcs_bucket: str
) -> None:
    gcs.create_bucket("other")
    generation = gcs.put(gcs_bucket, "a", b"one")["generation"]
    assert run("mv", f"gs://{gcs_bucket}/a", "gs://other/b").status == 0
    assert (names(gcs, gcs_bucket), gcs.read("other", "b")) == ([], b"one")
    (deletion,) = gcs.log.select(operation="storage.objects.delete")
    assert f"ifGenerationMatch={generation}" in deletion.query
