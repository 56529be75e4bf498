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
    assert run("mv", "-r", f"gs://{gcs_bucket}/p", "out").status == 1
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


# -- sync -------------------------------------------------------------------------------------
