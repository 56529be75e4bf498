"""What is kept until a picture is whole."""

import io

import pytest

from storage_stream.media import SpoolTooSmall
from storage_stream.media.spool import Spool


def test_what_was_written_is_given_as_often_as_it_is_asked_for() -> None:
    spool = Spool(None, "limit")
    spool.append(b"abc")
    assert spool.file.read(2) == b"ab"
    spool.append(memoryview(b"def"))  # behind the others, although it was read
    assert b"".join(spool.pieces()) == spool.file.read() == b"abcdef"
    assert spool.size == 6
    spool.close()


def test_a_saver_goes_back_and_changes_bytes() -> None:
    spool = Spool(6, "limit")
    assert spool.write(b"abcdef") == 6
    assert spool.seek(-4, io.SEEK_CUR) == 2
    assert spool.write(b"CD") == 2
    assert spool.read(9) == b"ef"
    assert spool.size == 6
    assert spool.file.read() == b"abCDef"
    spool.close()


def test_the_limit_is_named_and_nothing_more_is_kept() -> None:
    spool = Spool(4, "spool_limit", subject="gs://bucket/a.tif")
    spool.append(b"abcd")
    for write in (spool.append, spool.write):
        with pytest.raises(SpoolTooSmall, match=r"gs://bucket/a\.tif: .*spool_limit=4 bytes"):
            write(b"e")
    assert (spool.size, spool.file.read()) == (4, b"abcd")
    spool.close()


def has_file(spool: Spool) -> bool:
    name: object = spool.file.name  # None is tempfile's word for memory
    return name is not None


@pytest.mark.parametrize("memory_bytes", [0, 2])
def test_more_than_the_memory_goes_to_a_file(memory_bytes: int) -> None:
    spool = Spool(None, "limit", memory_bytes=memory_bytes)
    spool.append(b"a")
    assert not has_file(spool)
    spool.append(b"bc")
    assert has_file(spool)
    assert spool.file.read() == b"abc"
    spool.close()
    with pytest.raises(ValueError, match="closed"):
        spool.append(b"d")
