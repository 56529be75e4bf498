"""Where things go: a table of the rules, as `gcloud storage cp` has them."""

from pathlib import Path

import pytest

from storage_stream.cli.transfers.naming import Target, below, leaf_of
from storage_stream.cli.transfers.run_folder import RunFolder, resuming_command, state_folder
from storage_stream.cli.transfers.selection import Selection, matched_name
from storage_stream.cli.wildcards import Pattern


@pytest.mark.parametrize(
    ("path", "leaf"),
    [
        ("a", "a"),
        ("a/", "a"),
        ("a/b", "b"),
        ("a/b//", "b"),
        (".", ""),
        ("..", ""),
        ("a/..", ""),
        ("/", ""),
        ("", ""),
    ],
)
def test_the_last_step(path: str, leaf: str) -> None:
    assert leaf_of(path) == leaf


@pytest.mark.parametrize(
    ("path", "into", "file", "folder"),
    [
        # a new name
        ("p", False, "p", "p/"),
        ("p/q", False, "p/q", "p/q/"),
        # into a folder, with a slash or without
        ("p", True, "p/leaf", "p/leaf/"),
        ("p/", True, "p/leaf", "p/leaf/"),
        ("p/q/", True, "p/q/leaf", "p/q/leaf/"),
        # into the bucket
        ("", True, "leaf", "leaf/"),
    ],
)
def test_names_of_objects(path: str, into: bool, file: str, folder: str) -> None:  # noqa: FBT001 - a table
    target = Target("bucket", path, into)
    assert target.prefix + target.name_of("leaf") == file
    assert target.prefix_of("leaf") == folder


@pytest.mark.parametrize(
    ("path", "into", "file", "folder"),
    [
        ("out", False, "./out", "out"),
        ("a/out", False, "a/out", "a/out"),
        ("/out", False, "/out", "/out"),
        ("out", True, "out/leaf", "out/leaf"),
        ("out/", True, "out/leaf", "out/leaf"),
        (".", True, "./leaf", "./leaf"),
        ("/", True, "/leaf", "/leaf"),
    ],
)
def test_paths_of_files(path: str, into: bool, file: str, folder: str) -> None:  # noqa: FBT001 - a table
    target = Target(None, path, into)
    assert below(target.folder, target.name_of("leaf")) == file
    assert target.folder_of("leaf") == folder


def test_a_folder_without_a_name_gives_what_is_in_it() -> None:
    assert Target("bucket", "p", into=True).prefix_of(leaf_of("..")) == "p/"
    assert Target(None, "out", into=True).folder_of(leaf_of(".")) == "out"


@pytest.mark.parametrize(
    ("pattern", "name", "flat", "recursive"),
    [
        ("*.jpg", "a.jpg", "a.jpg", "a.jpg"),
        ("*.jpg", "p/a.jpg", None, None),
        ("p/*", "p/a.jpg", "a.jpg", "a.jpg"),
        ("p/*", "p/q/a.jpg", None, "q/a.jpg"),
        ("p*", "photos/q/a.jpg", None, "photos/q/a.jpg"),
        ("**", "p/q/a.jpg", "a.jpg", "a.jpg"),
        ("p/**.jpg", "p/q/a.jpg", "a.jpg", "a.jpg"),
        ("p/?", "p/ab", None, None),
        ("p/[ab]", "p/b", "b", "b"),
        # kept as they are, for the library to refuse
        ("*", "../x", None, "../x"),
        ("*", "/x", None, "/x"),
    ],
)
def test_what_matches_and_its_name(
    pattern: str, name: str, flat: str | None, recursive: str | None
) -> None:
    assert matched_name(Pattern(pattern), name, recursive=False) == flat
    assert matched_name(Pattern(pattern), name, recursive=True) == recursive


def test_names_are_left_out_and_taken_once() -> None:
    selection = Selection(["*.jpg", "p/*"], ["*private*"])
    assert [selection.takes(name) for name in ("a.jpg", "p/q/b", "c", "private.jpg")] == [
        *(True, True, False, False)
    ]
    assert [selection.is_new(name) for name in ("a", "b", "a")] == [True, True, False]


def test_a_run_is_found_again_by_its_words(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path, {"sources": ["a\udcff"]})
    assert folder.begin(resume=True) == {}
    folder.note(into=True)
    folder.note(upload={"b": 1})
    again = RunFolder(tmp_path, {"sources": ["a\udcff"]})
    assert again.begin(resume=True) == {"into": True, "upload": {"b": 1}}
    assert RunFolder(tmp_path, {"sources": ["b"]}).begin(resume=True) == {}
    assert again.path.stat().st_mode & 0o077 == 0
    assert (again.path / "run.json").stat().st_mode & 0o077 == 0
    assert again.begin(resume=False) == {}
    again.end()
    again.end()
    assert not again.exists


def test_a_damaged_note_is_no_note(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path, {})
    folder.begin(resume=False)
    (folder.path / "run.json").write_text("{")
    assert folder.begin(resume=True) == {}


def test_where_runs_are_noted(tmp_path: Path) -> None:
    assert state_folder({"XDG_STATE_HOME": "/s"}, tmp_path) == Path("/s/storage-stream/runs")
    for environment in ({}, {"XDG_STATE_HOME": "relative"}):
        expected = tmp_path / ".local/state/storage-stream/runs"
        assert state_folder(environment, tmp_path) == expected


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["cp", "-r", "a b", "gs://b"], "storage-stream cp --resume -r 'a b' gs://b"),
        (["--debug", "cp", "--resume", "a"], "storage-stream --debug cp --resume a"),
        ([], "storage-stream cp --resume"),
    ],
)
def test_how_to_go_on(arguments: list[str], command: str) -> None:
    assert resuming_command("cp", arguments) == command
