"""The two drivers of the readers: what they hold, what they fetch, and what they say meanwhile."""

import struct
import tracemalloc

import pytest
from header_samples import HEIGHT, WIDTH, sample, segments

from storage_stream.media.errors import UnidentifiedImage
from storage_stream.media.headers import HeaderRanges, HeaderReader

KIB = 1024


def test_a_reader_says_what_it_waits_for() -> None:
    data = sample("jpeg-exif6")
    reader = HeaderReader()
    before = reader.need
    assert before is not None
    assert before.start == 0
    assert reader.feed(data[:100]) is None
    now = reader.need
    assert now is not None
    assert now.end > 100
    info = reader.feed(data[100:])
    assert info is not None
    assert reader.is_over
    assert reader.feed(b"more") is info
    assert reader.finish() is info


def test_nothing_fed_is_nothing() -> None:
    reader = HeaderReader()
    assert reader.feed(b"") is None
    with pytest.raises(UnidentifiedImage, match="empty"):
        reader.finish()


def test_any_buffer_can_be_fed() -> None:
    data = sample("png-RGB")
    for piece in (bytearray(data), memoryview(data)):
        assert HeaderReader().feed(piece) is not None


def test_a_webp_tells_its_size_before_its_orientation() -> None:
    data = sample("webp-exif6")
    reader = HeaderReader()
    assert reader.feed(data[:100]) is None
    assert reader.so_far is not None
    assert (reader.so_far.width, reader.so_far.height) == (WIDTH, HEIGHT)
    assert not reader.is_beyond
    info = reader.feed(data[100:])
    assert info is not None
    assert info.orientation == 6
    assert reader.so_far is info


@pytest.mark.parametrize("name", ["tiff-lzw", "webp-exif6"])
def test_a_header_behind_what_is_held_is_said_to_be_beyond(name: str) -> None:
    data = sample(name)
    reader = HeaderReader(max_bytes=16 * KIB)
    assert reader.feed(data[:100]) is None
    assert reader.is_beyond
    assert reader.is_over
    assert reader.need is not None
    assert reader.need.end > 16 * KIB
    assert reader.feed(data[100:]) is None
    with pytest.raises(UnidentifiedImage, match="in the first 16384 bytes"):
        reader.finish()


def test_a_lie_about_what_is_behind_the_end_is_found_there() -> None:
    data = sample("png-L")[:33] + b"\x7f\xff\xff\xffteXt" + bytes(100)
    reader = HeaderReader()
    assert reader.feed(data) is None
    assert reader.is_beyond
    assert reader.finish().width == WIDTH


def test_what_costs_nothing_only_is_never_beyond() -> None:
    data = bytearray(sample("tiff-L"))
    (count,) = struct.unpack_from("<H", data, 8)
    struct.pack_into("<I", data, 10 + 12 * count, 1 << 30)  # a second page, far away
    info = HeaderReader().feed(data)
    assert info is not None
    assert info.pages is None


def test_no_more_is_held_than_allowed() -> None:
    data = segments(sample("jpeg-RGB")[:2], 10_000, 200)
    reader = HeaderReader(max_bytes=64 * KIB)
    tracemalloc.start()
    try:
        for at in range(0, len(data), 64 * KIB):
            assert reader.feed(memoryview(data)[at : at + 64 * KIB]) is None
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert reader.is_beyond
    assert held < 10 * KIB
    assert peak < 200 * KIB


def test_ranges_grow_when_jumps_do_not_end() -> None:
    data = segments(sample("jpeg-exif6"), 30)  # 2 MB
    ranges = HeaderRanges()
    asked: list[tuple[int, int]] = []
    while (wanted := ranges.next_range()) is not None:
        asked.append(wanted)
        ranges.receive(data[wanted[0] :][: wanted[1]])
    assert (ranges.info.width, ranges.info.orientation) == (WIDTH, 6)
    lengths = [length for _, length in asked]
    assert lengths == sorted(lengths[:1]) + sorted(lengths[1:])
    assert len(asked) <= 32
    assert sum(lengths) <= 512 * KIB


def test_the_end_of_the_file_is_learned_or_told() -> None:
    data = sample("tiff-lzw")
    for size in (None, len(data)):
        ranges = HeaderRanges()
        if size is not None:
            ranges.know_size(size)
        while (wanted := ranges.next_range()) is not None:
            assert size is None or sum(wanted) <= size
            ranges.receive(data[wanted[0] : sum(wanted)])
        assert ranges.info.format == "TIFF"


def test_who_gives_more_than_was_asked_for_does_no_harm() -> None:
    data = sample("tiff-lzw")
    ranges = HeaderRanges()
    while (wanted := ranges.next_range()) is not None:
        ranges.receive(data[wanted[0] :])
    assert ranges.info.bytes_read <= 24 * KIB


def test_next_range_can_be_asked_twice() -> None:
    ranges = HeaderRanges()
    assert ranges.next_range() == ranges.next_range() == (0, 16 * KIB)
