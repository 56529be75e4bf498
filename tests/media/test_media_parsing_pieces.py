"""The borders of pieces: anywhere in a file, also where the parser itself would not cut."""

import io
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parsing_samples import ALL, SMALL, opened, sample

from storage_stream.media import DamagedImage, StreamParser, UnidentifiedImage
from storage_stream.media.parsing.decoder import Started
from storage_stream.media.parsing.decoding_limits import Limits
from storage_stream.media.parsing.gif import GifBlocks
from storage_stream.media.parsing.jpeg_markers import JpegHeader, JpegScan
from storage_stream.media.parsing.png_chunks import PngChunks
from storage_stream.media.parsing.ppm_header import is_ppm_cut
from storage_stream.media.parsing.starting import FIRST_BYTES, header_of
from storage_stream.media.parsing.wholeness import is_cut

LIMITS = Limits(max_pixels=10**6, max_header_bytes=10**6, max_spool_bytes=10**6)
BODY = b"\x12\xff\x00\x34\xff\xd0\x56\xff\xff"  # a stuffed byte, a restart, fill before a marker


def started(data: bytes) -> tuple[Started, int]:
    """The decoder of a file whose header came byte by byte, and how many bytes that took."""
    header = header_of(data[:FIRST_BYTES])
    for end in range(len(data) + 1):
        found = header(bytearray(data[:end]), LIMITS)
        if found is not None:
            return found, end
    raise AssertionError("no header")


@pytest.mark.parametrize("name", ALL)
def test_a_decoder_takes_single_bytes(name: str) -> None:
    data = sample(name, SMALL)
    found, _ = started(data)
    view = memoryview(data)
    for at in range(found.offset, len(data)):
        found.decoder.feed(view[at : at + 1])
    found.decoder.end()
    assert found.decoder.is_whole
    assert found.decoder.image is not None
    assert found.decoder.image.tobytes() == opened(data).tobytes()
    found.decoder.close()


@given(st.sampled_from(ALL), st.lists(st.integers(1, 3000), max_size=8))
@settings(max_examples=60, deadline=None)
def test_any_pieces_make_the_same_picture(name: str, sizes: list[int]) -> None:
    data = sample(name, SMALL)
    parser, at = StreamParser(), 0
    for size in (*sizes, len(data)):
        parser.feed(data[at : at + size])
        at += size
    assert parser.close().tobytes() == opened(data).tobytes()


# -- JPEG ------------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 5), max_size=30))
def test_the_end_of_a_jpeg_is_found_across_pieces(sizes: list[int]) -> None:
    scan = b"\xff\xda\0\4\xff\xd9"  # its own segment looks like an end
    data = BODY + b"\xff\xc4\0\5\xff\xd9\1" + scan[:2] + b"\0\4\xff\xd9" + BODY + b"\xff\xd9"
    walker, at, end = JpegScan(), 0, None
    for size in (*sizes, len(data)):
        end = walker.end_in(memoryview(data + b"behind")[at : at + size])
        if end is not None:
            break
        at += size
    assert end is not None
    assert at + end == len(data)


def test_a_jpeg_without_an_end_has_none() -> None:
    walker = JpegScan()
    for piece in (BODY, b"\xff", b"\xda", b"\0", b"\x64" + bytes(96) + b"\xff", b"\xd9"):
        assert walker.end_in(memoryview(piece)) is None  # a hundred bytes are the segment's
    assert walker.end_in(memoryview(b"\xff\xd9")) == 2


def test_junk_between_the_segments_of_a_jpeg_is_stepped_over() -> None:
    data = sample("jpeg")
    junk = data[:20] + b"junk\xff\x00\xff\xff" + data[20:]  # behind the first segment
    header = JpegHeader()
    assert not header.find(bytearray(junk[:27]))
    assert header.find(bytearray(junk))
    parser = StreamParser()
    parser.feed(junk)
    assert parser.close().tobytes() == opened(junk).tobytes()


@pytest.mark.parametrize(
    "data", [b"\xff\xd8\xff\xd9", b"\xff\xd8\xff\xda\0\2", b"\xff\xd8\xff\xc0\0\2\xff\xda\0\2"]
)
def test_a_jpeg_header_without_a_frame_is_none(data: bytes) -> None:
    with pytest.raises(UnidentifiedImage):
        JpegHeader().find(bytearray(data + bytes(10)))


# -- GIF -------------------------------------------------------------------------------------

BLOCKS = (
    b"\x21\xfe\x03abc\x02;;\x00"  # a comment with what looks like an end
    b"\x2c" + bytes(8) + b"\xc0" + bytes(6) + b"\x02\x03\x2c\x3b\x21\x01;\x00"  # interlaced
    b"\x21\xf9\x04" + bytes(4) + b"\x00\x00\x2c" + bytes(9) + b"\x02\x01\x00\x00\x3b"
)  # fmt: skip


@given(st.lists(st.integers(1, 5), max_size=40))
def test_the_blocks_of_a_gif_are_found_across_pieces(sizes: list[int]) -> None:
    blocks, at = GifBlocks(4), 0
    data = b"skip" + BLOCKS
    for size in (*sizes, len(data)):
        assert not blocks.is_ended or at >= len(data)
        blocks.feed(memoryview(data)[at : at + size])
        at += size
    assert blocks.data_start == data.index(b"\x02\x03\x2c") + 1
    assert blocks.data_end == data.index(b"\x01;\x00") + 2
    assert blocks.is_interlaced
    assert blocks.is_ended


# -- PNG -------------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 9), max_size=30))
def test_the_chunks_of_a_png_are_found_across_pieces(sizes: list[int]) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    data = chunk(b"IDAT", b"abc") + chunk(b"IDAT", b"") + chunk(b"IDAT", b"defgh")
    data += chunk(b"tEXt", b"text") + chunk(b"IEND", b"")
    chunks, at = PngChunks(), 0
    bodies: dict[bytes, bytes] = {}
    ends: list[bytes] = []
    for size in (*sizes, len(data)):
        for kind, part, is_last in chunks.parts(memoryview(data)[at : at + size]):
            bodies[kind] = bodies.get(kind, b"") + bytes(part)
            ends += [kind] * is_last
        at += size
    assert bodies == {b"IDAT": b"abcdefgh", b"tEXt": b"text", b"IEND": b""}
    assert ends == [b"IDAT", b"IDAT", b"IDAT", b"tEXt", b"IEND"]


def test_a_wrong_checksum_is_damage() -> None:
    data = bytearray(sample("png"))
    data[-14] ^= 1
    parser = StreamParser()
    with pytest.raises(DamagedImage, match="IDAT"):
        parser.feed(data)


# -- what tells the end of the others --------------------------------------------------------


def cut(name: str, data: bytes) -> bool:
    return is_cut(name, io.BytesIO(data), len(data))


def test_boxes_tell_where_a_file_ends() -> None:
    box = b"\0\0\0\x0cmdatabcd"
    long = b"\0\0\0\1mdat" + (20).to_bytes(8, "big") + b"abcd"
    rest = b"\0\0\0\0mdatabcd"
    for whole in (box, long, rest, b"\0\0\0\x08free" + box):
        assert not cut("AVIF", whole)
    for short in (box[:-1], long[:-1], b"\0\0\0\x08free", box + b"\0\0\0", b""):
        assert cut("AVIF", short)
    assert not cut("JPEG2000", b"\0\0\0\0jp2c\xff\x4f\xff\xd9")
    assert cut("JPEG2000", b"\0\0\0\0jp2c\xff\x4f\xff")
    assert cut("JPEG2000", b"\xff\x4f\xff\x51")


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        (b"P3 1 2 255\n1 2 3 4 5 6", 0),
        (b"P3 1 2 255\n1 2 3 4 # 5\n 5 6#", 0),
        (b"P3 1 2 255\n1 2 3 4 # 5\r5", 1),
        (b"P2 2 2 9\n1\n2\n3\n", 1),
        (b"P1 3 2\n101#01\n010", 0),
        (b"P1 3 2\n101#01\n01", 1),
        (b"P5 2 2 1000\n" + bytes(8), 0),
        (b"P5 2 2 1000\n" + bytes(7), 1),
        (b"P6 1 1 9\n" + bytes(2), 1),
    ],
)
def test_samples_of_a_ppm_are_counted(text: bytes, missing: int) -> None:
    assert is_ppm_cut(io.BytesIO(text), len(text)) == (missing > 0)


def test_numbers_that_go_on_in_the_next_piece_are_one() -> None:
    text = b"P2 100000 1 255\n" + b"123 " * 99_999 + b"12"
    assert not is_ppm_cut(io.BytesIO(text), len(text))
    text = text[:-3] + b"#" + b"9 " * 200_000
    assert is_ppm_cut(io.BytesIO(text), len(text))
