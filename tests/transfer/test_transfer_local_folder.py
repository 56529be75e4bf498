"""A target folder: whole files, none outside, and what is taken away again."""

from __future__ import annotations

import os
import stat
from contextlib import nullcontext
from pathlib import Path

import pytest
from leaks import names_in

from storage_stream._transfer.file_lock import Lock, lock
from storage_stream._transfer.local_folder import LocalFolder
from storage_stream.errors import InvalidName


def test_a_file_with_its_folders_and_its_time(tmp_path: Path) -> None:
    folder = LocalFolder(str(tmp_path / "to" / "be made"))
    found = folder.write(("a", "b"), b"data", 1_000_000_000)
    path = tmp_path / "to" / "be made" / "a" / "b"
    assert path.read_bytes() == b"data"
    assert (found.st_size, found.st_mtime_ns) == (4, path.stat().st_mtime_ns)
    assert path.stat().st_mtime == 1_000_000_000
    assert names_in(path.parent) == ["b"]


def test_an_old_file_is_replaced_and_its_mode_kept(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "a").chmod(0o640)
    LocalFolder(str(tmp_path)).write(("a",), b"new", None)
    assert (tmp_path / "a").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_a_run_takes_the_place_of_its_own_unfinished_file(tmp_path: Path) -> None:
    first = LocalFolder(str(tmp_path), "run")
    unfinished = tmp_path / first._part_name("a")
    unfinished.write_bytes(b"hal")
    LocalFolder(str(tmp_path), "run").write(("a",), b"half", None)
    assert names_in(tmp_path) == ["a"]
    assert first._part_name("a") != LocalFolder(str(tmp_path), "other")._part_name("a")
    assert LocalFolder(str(tmp_path))._part_name("a") != LocalFolder(str(tmp_path))._part_name("a")


def test_names_that_differ_only_far_behind_have_parts_of_their_own(tmp_path: Path) -> None:
    folder = LocalFolder(str(tmp_path), "run")
    one, other = "x" * 240 + "1", "x" * 240 + "2"
    assert folder._part_name(one) != folder._part_name(other)
    folder.write((one,), b"1", None)
    folder.write((other,), b"2", None)
    assert names_in(tmp_path) == [one, other]


@pytest.mark.parametrize("run", ["", "run"])
def test_what_fails_leaves_nothing(tmp_path: Path, run: str) -> None:
    folder = LocalFolder(str(tmp_path), run)
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("/")
    (tmp_path / "file").write_bytes(b"")
    for parts, error in (
        (("folder",), IsADirectoryError),
        (("file", "x"), NotADirectoryError),
        (("link",), InvalidName),
        (("link", "x"), InvalidName),
        (("x" * 300,), OSError),
    ):
        with pytest.raises(error):
            folder.write(parts, b"data", None)
    assert names_in(tmp_path) == ["file", "folder", "link"]


def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    LocalFolder(str(tmp_path / "link")).write(("a",), b"data", None)
    assert names_in(tmp_path / "real") == ["a"]


def test_folders_that_become_empty_go(tmp_path: Path) -> None:
    folder = LocalFolder(str(tmp_path))
    folder.write(("a", "b", "c"), b"", None)
    folder.write(("a", "d"), b"", None)
    folder.remove(("a", "b", "c"), is_folder=False)
    assert names_in(tmp_path / "a") == ["d"]
    folder.remove(("a", "d"), is_folder=False)
    assert names_in(tmp_path) == []
    folder.write(("a", "d"), b"again", None)
    (tmp_path / "e").mkdir()
    folder.remove(("e",), is_folder=True)
    assert names_in(tmp_path) == ["a"]


def test_nothing_is_removed_behind_a_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x").write_bytes(b"")
    target = tmp_path / "target"
    target.mkdir()
    (target / "link").symlink_to(outside)
    with pytest.raises(InvalidName):
        LocalFolder(str(target)).remove(("link", "x"), is_folder=False)
    assert names_in(outside) == ["x"]


@pytest.mark.skipif(os.name == "nt", reason="needs links, pipes and locks")
@pytest.mark.parametrize("kind", ["link", "hard link", "pipe", "locked"])
def test_what_stands_where_the_unfinished_file_would_is_left_alone(
    tmp_path: Path, kind: str
) -> None:
    folder = LocalFolder(str(tmp_path / "to"), "run")
    folder.make_folder(())
    other, planted = tmp_path / "other", tmp_path / "to" / folder._part_name("a")
    other.write_bytes(b"precious")
    if kind == "pipe":
        os.mkfifo(planted)
    elif kind == "link":
        planted.symlink_to(other)
    else:
        planted.hardlink_to(other)
    with planted.open("r+b") if kind == "locked" else nullcontext() as file:
        if file is not None:
            other.unlink()  # nothing but the lock says that it is somebody's
            assert lock(file.fileno()) is Lock.OURS
        folder.write(("a",), b"data", None)
        assert file is None or file.read() == b"precious"
    assert kind == "locked" or other.read_bytes() == b"precious"
    assert (tmp_path / "to" / "a").read_bytes() == b"data"
    assert not (tmp_path / "to" / "a").is_symlink()
    assert sorted(names_in(tmp_path / "to")) == sorted([planted.name, "a"])


@pytest.mark.skipif(os.name == "nt", reason="needs locks")
def test_two_of_a_run_that_are_one_file_do_not_mix(tmp_path: Path) -> None:
    folder = LocalFolder(str(tmp_path), "run")
    with folder._part(("a",)) as (part, first), folder._part(("a",)) as (other, second):
        assert part != other
        os.write(first, b"long and first")
        os.write(second, b"short")
        assert Path(other).read_bytes() == b"short"
        os.replace(part, tmp_path / "a")  # noqa: PTH105 - as the folder does
        os.replace(other, tmp_path / "a")  # noqa: PTH105 - the same
    assert names_in(tmp_path) == ["a"]
    assert (tmp_path / "a").read_bytes() == b"short"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidName, match="device or a pipe"):
        LocalFolder(str(tmp_path)).write(("pipe",), b"1", None)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
