"""Wildcards in the names of buckets: for sources and lists, not for targets."""

from pathlib import Path

import pytest
from cli_running import make_tree, names, run, tree

from storage_stream.testing.emulator_handle import EmulatorHandle

pytestmark = pytest.mark.usefixtures("here")

FILES = {"a.txt": b"one", "sub/b.jpg": b"two", "sub/deep/c": b"three"}


def test_wildcards_in_the_buckets_names_of_sources(gcs: EmulatorHandle, here: Path) -> None:
    for bucket in ("logs-1", "logs-2", "other"):
        gcs.create_bucket(bucket)
        gcs.put(bucket, f"day/{bucket}", bucket.encode())
    assert run("cp", "gs://logs-*/day/*", "flat").status == 0
    assert tree(here / "flat") == {"logs-1": b"logs-1", "logs-2": b"logs-2"}
    assert run("cp", "-r", "gs://logs-?/day", "deep").status == 0
    assert sorted(tree(here / "deep")) == ["day/logs-1", "day/logs-2"]
    assert run("cp", "-r", "gs://logs-*", "whole").status == 0
    assert sorted(tree(here / "whole")) == ["logs-1/day/logs-1", "logs-2/day/logs-2"]
    assert run("mv", "gs://logs-*/day/*", "gs://other/moved/").status == 0
    assert names(gcs, "other") == ["day/other", "moved/logs-1", "moved/logs-2"]
    assert names(gcs, "logs-1") == names(gcs, "logs-2") == []


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (["cp", "gs://log*/none", "x"], 1, "gs://log*/none: no object matches"),
        (["cp", "gs://no*/x", "x"], 1, "gs://no*/x: no bucket matches"),
        (["cp", "gs://log*", "x"], 1, "-r takes them with all that is in them"),
        (["cp", "x", "gs://log*/y"], 2, "a target is one place, without wildcards"),
        (["sync", "x", "gs://log*/y"], 2, "sync takes one folder"),
        (["stat", "gs://no*"], 1, "no bucket's name matches"),
        (["ls", "gs://no*"], 1, "no bucket's name matches"),
    ],
)
def test_wildcards_that_mean_nothing_or_cannot_be_meant(
    gcs: EmulatorHandle, words: list[str], status: int, sentence: str
) -> None:
    gcs.create_bucket("logs-1")
    ran = run(*words)
    assert (ran.status, sentence in ran.stderr) == (status, True), ran.stderr


def test_a_quoted_wildcard_makes_a_folder_of_its_target(
    gcs: EmulatorHandle, gcs_bucket: str, here: Path
) -> None:
    make_tree(here, {"src/only.txt": b"1"})
    assert run("cp", "src/*.txt", f"gs://{gcs_bucket}/new").status == 0
    assert names(gcs, gcs_bucket) == ["new/only.txt"]
