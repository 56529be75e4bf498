"""The room for a part: taken before the first byte comes, or refused."""

import errno
import os
from pathlib import Path

import pytest

from storage_stream._transfer.download_journal import DownloadIdentity, DownloadJournal
from storage_stream._transfer.files import Place
from storage_stream._transfer.part_file import PartFile

SIZE = 16 * 1024 * 1024

pytestmark = pytest.mark.skipif(not hasattr(os, "statvfs"), reason="nobody tells what is free")


def test_room_is_had_and_what_is_in_it_stays(tmp_path: Path) -> None:
    part = PartFile.make(Place.of(tmp_path / "file"), keep=False)
    try:
        os.pwrite(part.descriptor, b"kept", 5)
        part.reserve(SIZE)
        part.reserve(SIZE)
        assert os.fstat(part.descriptor).st_size == SIZE
        assert os.pread(part.descriptor, 10, 0) == bytes(5) + b"kept" + bytes(1)
    finally:
        part.remove()


def test_more_than_is_free_is_refused_and_takes_nothing(tmp_path: Path) -> None:
    system = os.statvfs(tmp_path)
    part = PartFile.make(Place.of(tmp_path / "file"), keep=False)
    try:
        with pytest.raises(OSError, match=r"space|large") as caught:
            part.reserve(2 * system.f_bavail * system.f_frsize)
        assert caught.value.errno in {errno.ENOSPC, errno.EFBIG}
        assert os.fstat(part.descriptor).st_blocks == 0
    finally:
        part.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_journal_is_not_written_through_a_link(tmp_path: Path) -> None:
    place = Place.of(tmp_path / "file")
    other = tmp_path / "other"
    other.write_bytes(b"precious")
    place.kept_journal.with_suffix(".new").symlink_to(other)
    part = PartFile.make(place, keep=True)
    try:
        part.save(DownloadJournal(DownloadIdentity("gs://b/o", 0, None, raw=False), 1, 0, 9, ()))
        assert part.journal() is not None
    finally:
        part.remove()
    assert other.read_bytes() == b"precious"
    assert list(tmp_path.iterdir()) == [other]
