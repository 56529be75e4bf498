"""A folder comes in the order of a list of objects, whatever is in it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage_stream._transfer.local_tree import LocalEntry, local_entries, walk


def names(root: Path, **how: bool) -> list[str]:
    return [entry.name for entry in walk(str(root), **how)]


def _made(root: Path, *files: str) -> Path:
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())
    return root


def test_it_is_sorted_by_the_bytes_of_whole_names(tmp_path: Path) -> None:
    files = ["a/b", "a!", "a.txt", "a0", "a/b!c", "b/x/y", "b/x.z", "é", "z", "😀", "\uffee"]
    assert names(_made(tmp_path, *files)) == sorted(files, key=str.encode)


_STEP = st.text(st.sampled_from("ab!.0é😀\uffee-"), min_size=1, max_size=3).filter(
    lambda text: text not in {".", ".."}
)


@given(st.lists(st.lists(_STEP, min_size=1, max_size=3).map("/".join), max_size=20))
@settings(max_examples=40, deadline=None)
def test_whatever_the_names(tmp_path_factory: pytest.TempPathFactory, files: list[str]) -> None:
    root = tmp_path_factory.mktemp("tree")
    made: set[str] = set()
    for name in files:
        try:
            _made(root, name)
        except OSError:
            continue  # a folder is a file already, or the other way round
        made.add(name)
    assert names(root) == sorted(made, key=str.encode)


def test_empty_folders_come_as_folders(tmp_path: Path) -> None:
    (tmp_path / "a" / "empty").mkdir(parents=True)
    _made(tmp_path, "a/full/x")
    found = list(walk(str(tmp_path)))
    assert [(entry.name, entry.is_folder) for entry in found] == [
        ("a/empty/", True),
        ("a/full/x", False),
    ]


def test_links_are_skipped_and_told(tmp_path: Path) -> None:
    _made(tmp_path, "real/x")
    (tmp_path / "folder").symlink_to("real")
    (tmp_path / "file").symlink_to("real/x")
    (tmp_path / "lost").symlink_to("nowhere")
    found = {entry.name: entry for entry in walk(str(tmp_path))}
    assert found.keys() == {"real/x", "folder", "file", "lost"}
    assert {found[name].skipped for name in ("folder", "file", "lost")} == {"a symbolic link"}


def test_links_are_followed_where_that_is_asked_for(tmp_path: Path) -> None:
    _made(tmp_path, "real/x")
    (tmp_path / "folder").symlink_to("real")
    (tmp_path / "lost").symlink_to("nowhere")
    (tmp_path / "real" / "loop").symlink_to("..")
    found = {entry.name: entry for entry in walk(str(tmp_path), follow_symlinks=True)}
    assert {name for name, entry in found.items() if entry.is_usable} == {"real/x", "folder/x"}
    assert "leads back" in str(found["real/loop/"].error)
    assert "leads back" in str(found["folder/loop/"].error)
    assert isinstance(found["lost"].error, FileNotFoundError)


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    _made(tmp_path, ".name.0123456789ab.part")
    found = list(walk(str(tmp_path)))
    assert [entry.skipped for entry in found] == [
        "an unfinished download",
        "neither a file nor a folder",
    ]


def test_a_name_that_is_no_utf_8_is_an_error_of_its_own(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")).write_bytes(b"")
    _made(tmp_path, "z")
    bad, good = walk(str(tmp_path))
    assert not bad.is_usable
    assert good.name == "z"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_folder_that_cannot_be_read_is_an_error_of_its_own(tmp_path: Path) -> None:
    _made(tmp_path, "a/x", "b")
    (tmp_path / "a").chmod(0)
    try:
        bad, good = walk(str(tmp_path))
    finally:
        (tmp_path / "a").chmod(0o700)
    assert (bad.name, type(bad.error)) == ("a/", PermissionError)
    assert good.name == "b"


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert names(tmp_path / "none", missing_ok=True) == []
    with pytest.raises(FileNotFoundError):
        names(tmp_path / "none")
    with pytest.raises(NotADirectoryError):
        names(_made(tmp_path, "file") / "file", missing_ok=True)


def test_a_path_with_more_steps_than_python_has_frames(tmp_path: Path) -> None:
    depth, here = sys.getrecursionlimit() + 50, os.open(tmp_path, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    try:
        (only,) = walk(str(tmp_path))
    finally:
        # pytest's own way to tidy up is recursive, and would fail in every later run.
        subprocess.run(["rm", "-rf", tmp_path / "d"], check=True)  # noqa: S603, S607 - our own folder
    assert only.name == "d/" * depth


async def test_it_comes_in_batches_off_the_loop(tmp_path: Path) -> None:
    files = [f"{number:03}" for number in range(600)]
    _made(tmp_path, *files)
    found: list[LocalEntry] = [entry async for entry in local_entries(str(tmp_path))]
    assert [entry.name for entry in found] == files
    assert {entry.size for entry in found} == {3}
