"""Locks: one of several has the file, and what lost its name meanwhile is nobody's."""

import os
import sys
from pathlib import Path

import pytest

from storage_stream._transfer.file_lock import Lock, is_at, lock, open_locked

FLAGS = os.O_RDWR | os.O_CREAT
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")


def test_one_has_it_until_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    mine, outcome = open_locked(path, FLAGS)
    assert outcome is Lock.OURS
    other, refused = open_locked(path, FLAGS)
    assert refused is Lock.TAKEN
    os.close(other)
    os.close(mine)
    again, outcome = open_locked(path, FLAGS)
    assert outcome is Lock.OURS
    os.close(again)


def test_what_knows_no_locks_is_told_from_what_is_taken() -> None:
    reading, writing = os.pipe()
    os.close(writing)
    os.close(reading)
    assert lock(reading) is Lock.UNKNOWN


def test_a_file_that_lost_its_name(tmp_path: Path) -> None:
    path = tmp_path / "file"
    descriptor, _ = open_locked(path, FLAGS)
    assert is_at(path, descriptor)
    (tmp_path / "other").touch()
    (tmp_path / "other").replace(path)
    assert not is_at(path, descriptor)
    path.unlink()
    assert not is_at(path, descriptor)
    os.close(descriptor)


def test_what_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_locked(tmp_path / "none" / "file", FLAGS)
