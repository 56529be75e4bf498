"""Headers that lie, loop or never end: an `ImageInfo` or a typed error, within bounds."""

import struct
from collections.abc import Callable
from typing import NamedTuple

import pytest
from header_samples import SAMPLES, chunk, exif, sample, segments, with_chunks
from hypothesis import given, settings
from hypothesis import strategies as st

from storage_stream.media.errors import ImageTooLarge, MediaError, UnidentifiedImage
from storage_stream.media.headers import HeaderRanges, HeaderReader, ImageInfo
from storage_stream.media.limits import check_memory

KIB = 1024
MAX_REQUESTS = 48  # what the growth of ranges allows in a mebibyte


def drive(ranges: HeaderRanges, data: bytes, fetched: list[int]) -> None:
    while (wanted := ranges.next_range()) is not None:
        start, length = wanted
        piece = data[start : start + length]
        fetched.append(len(piece))
        ranges.receive(piece)


def by_ranges(data: bytes, max_bytes: int = 1 << 20) -> ImageInfo | MediaError:
    ranges = HeaderRanges(max_bytes=max_bytes)
    fetched: list[int] = []
    outcome: ImageInfo | MediaError
    try:
        drive(ranges, data, fetched)
        outcome = ranges.info
    except MediaError as error:
        outcome = error
    assert sum(fetched) <= max_bytes
    assert len(fetched) <= MAX_REQUESTS
    return outcome


def by_feeding(data: bytes, step: int, max_bytes: int = 1 << 20) -> ImageInfo | MediaError:
    reader = HeaderReader(max_bytes=max_bytes)
    try:
        for at in range(0, len(data), step):
            if info := reader.feed(data[at : at + step]):
                return info
        return reader.finish()
    except MediaError as error:
        with pytest.raises(type(error)):
            reader.feed(b"more")
        return error


def refused(data: bytes) -> str:
    """Why both drivers refuse it."""
    one, other = by_ranges(data), by_feeding(data, 4096)
    assert isinstance(one, UnidentifiedImage)
    assert isinstance(other, UnidentifiedImage)
    return str(one)


def sane(outcome: ImageInfo | MediaError) -> bool:
    if isinstance(outcome, MediaError):
        return True
    return outcome.width > 0 < outcome.height and 1 <= outcome.orientation <= 8


# -- mutations of real headers ---------------------------------------------------------------

SMALL = [name for name in SAMPLES if not name.startswith("webp-animated")]


class Mutant(NamedTuple):
    name: str
    data: bytes

    def __repr__(self) -> str:
        return f"a mutant of {self.name}, beginning {self.data[:200]!r}"


@st.composite
def mutated(draw: st.DrawFn) -> Mutant:
    """A real file of which bytes were changed, cut out, doubled or moved."""
    name = draw(st.sampled_from(SMALL))
    data = bytearray(sample(name))
    near = st.integers(0, min(len(data), 900))
    places = near | st.integers(0, len(data)) | st.integers(max(len(data) - 400, 0), len(data))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(places)
        kind = draw(st.sampled_from(["set", "number", "cut", "double", "end"]))
        size = draw(st.integers(1, 64))
        if kind == "set":
            data[at : at + size] = draw(st.binary(min_size=size, max_size=size))
        elif kind == "number":
            order = draw(st.sampled_from("<>"))
            value = draw(st.sampled_from([0, 1, 2, 8, 0x7FFFFFFF, 0xFFFFFFFF, at, len(data)]))
            data[at : at + 4] = struct.pack(f"{order}I", value)
        elif kind == "cut":
            del data[at : at + size]
        elif kind == "double":
            data[at:at] = data[at : at + size]
        else:
            del data[at:]
    return Mutant(name, bytes(data))


@settings(max_examples=100, deadline=None)
@given(mutated(), st.sampled_from([64, 20_000, 1 << 20]))
def test_whatever_is_changed_ranges_end_well(mutant: Mutant, max_bytes: int) -> None:
    assert sane(by_ranges(mutant.data, max_bytes))


@settings(max_examples=100, deadline=None)
@given(mutated(), st.sampled_from([1000, 8192, 1 << 20]))
def test_whatever_is_changed_feeding_ends_well(mutant: Mutant, step: int) -> None:
    fed = by_feeding(mutant.data, step)
    assert sane(fed)
    ranged = by_ranges(mutant.data)
    assert type(fed) is type(ranged)
    if isinstance(fed, ImageInfo) and isinstance(ranged, ImageInfo):
        # Where a WebP is damaged it depends on what is in hand which Exif is found, if any.
        ours = ("format", "width", "height", "mode") + ("orientation",) * (fed.format != "WEBP")
        assert [getattr(fed, name) for name in ours] == [getattr(ranged, name) for name in ours]


MAGICS = [
    *(b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR", b"GIF89a", b"RIFF\xff\0\0\0WEBPVP8X"),
    *(b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"II+\0\x08\0\0\0", b"BM", b"qoif", b"P6 ", b"Pf\n"),
    *(b"\0\0\0\x18ftypavif", b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51", b"\0\0\x02"),
]


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(MAGICS), st.binary(max_size=300), st.integers(1, 50))
def test_whatever_follows_a_magic_number(magic: bytes, data: bytes, times: int) -> None:
    assert sane(by_ranges(magic + data * times))
    assert sane(by_feeding(magic + data * times, 100))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_whatever_it_is(data: bytes) -> None:
    assert sane(by_ranges(data))


# -- each lie by itself ----------------------------------------------------------------------


def tiff(*entries: tuple[int, int, int, int], following: int = 0, at: int = 8) -> bytes:
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    head = struct.pack("<4sI", b"II*\0", at)
    return head + struct.pack("<H", len(entries)) + body + struct.pack("<I", following)


SIZE = ((256, 4, 1, 60000), (257, 4, 1, 60000))


def test_tiff_directories_in_a_circle() -> None:
    info = by_ranges(tiff(*SIZE, following=8))
    assert isinstance(info, ImageInfo)
    assert info.pages is None


def test_a_long_chain_of_tiff_directories_is_not_counted_for_ever() -> None:
    one = struct.pack("<H", 0)
    chain = b"".join(one + struct.pack("<I", 38 + 6 * (n + 1)) for n in range(6000))
    info = by_ranges(tiff(*SIZE, following=38) + chain)
    assert isinstance(info, ImageInfo)
    assert info.pages is None


@pytest.mark.parametrize("at", [0, 4, 2**31, 2**32 - 1])
def test_a_tiff_directory_that_is_nowhere(at: int) -> None:
    refused(tiff(*SIZE, at=at))


def test_a_tiff_directory_of_65535_tags() -> None:
    refused(b"II*\0\x08\0\0\0\xff\xff" + bytes(2000))
    many = [(256, 4, 1, 10), (257, 4, 1, 20), *((n, 4, 1, n) for n in range(300, 65000))]
    info = by_ranges(tiff(*many))
    assert isinstance(info, ImageInfo)
    assert info.bytes_read <= 32 * KIB


def test_a_big_tiff_of_more_tags_than_atoms() -> None:
    head = struct.pack("<4sHHQ", b"II+\0", 8, 0, 16)
    refused(head + b"\xff" * 8 + bytes(1000))
    refused(struct.pack("<4sHHQ", b"II+\0", 8, 0, 2**64 - 1))


def test_60000_by_60000_is_told_and_refused_for_its_memory() -> None:
    for data in (
        tiff(*SIZE),
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 1)),
        b"qoif" + struct.pack(">IIBB", 60000, 60000, 4, 0),
    ):
        info = by_ranges(data)
        assert isinstance(info, ImageInfo)
        assert info.pixels == 3_600_000_000
        with pytest.raises(ImageTooLarge):
            check_memory(info, random_access=True)


def test_a_png_whose_chunks_never_end() -> None:
    why = refused(with_chunks(sample("png-L")[:33], *[chunk(b"teXt", b"x" * 90)] * 20_000))
    assert "1048576 bytes" in why


def test_a_png_chunk_longer_than_the_file() -> None:
    info = by_ranges(sample("png-L")[:33] + b"\x7f\xff\xff\xffteXt" + bytes(100))
    assert isinstance(info, ImageInfo)
    assert info.requests == 1


def test_a_png_whose_header_has_another_checksum() -> None:
    data = bytearray(sample("png-L"))
    data[18] ^= 1
    assert "damaged" in refused(bytes(data))


def test_a_jpeg_whose_segments_never_end() -> None:
    refused(segments(sample("jpeg-RGB")[:4], 100_000, 0))
    refused(segments(sample("jpeg-RGB")[:4], 300))


@pytest.mark.parametrize(
    "tail",
    [
        *(b"\xff\xe1\0\0", b"\xff\xe1\0\1", b"\xff\xd9", b"\xff\xda\0\x08"),
        *(b"\xff\xc0\0\x08\x08\0\1\0\1\2", b"\xff\xc0\0\x0b\x08\0\0\0\1\1\0\0\0"),
        *(bytes(100_000), b"\xff" * 100_000, b"\xff\xd0" * 600_000),
    ],
    ids=len,
)
def test_a_jpeg_without_a_frame(tail: bytes) -> None:
    refused(b"\xff\xd8\xff\xe0\0\2" + tail)


def test_exif_that_leads_nowhere_is_no_orientation() -> None:
    for broken in (b"XX*\0\x08\0\0\0", b"II*\0\xff\xff\xff\xff", b"II*\0\x08\0\0\0\xff\xff"):
        head = b"\xff\xe1" + struct.pack(">H", 8 + len(broken)) + b"Exif\0\0" + broken
        data = sample("jpeg-RGB")
        info = by_ranges(data[:2] + head + data[2:])
        assert isinstance(info, ImageInfo)
        assert info.orientation == 1
    info = by_ranges(with_chunks(sample("png-L"), chunk(b"eXIf", exif(9)[6:])))
    assert isinstance(info, ImageInfo)
    assert info.orientation == 1


def test_a_gif_whose_extensions_never_end() -> None:
    refused(b"GIF89a\1\0\1\0\0\0\0" + b"!\xfe\xff" + b"\xff" * 2_000_000)
    refused(b"GIF89a\1\0\1\0\0\0\0" + bytes(2_000_000))
    refused(b"GIF89a\1\0\1\0\0\0\0;")


def test_a_webp_without_its_orientation() -> None:
    data = sample("webp-exif6")
    for cut in (data[:-40].replace(b"EXIF", b"JUNK"), data[:30], data[:3000]):
        info = by_ranges(cut)
        assert isinstance(info, ImageInfo)
        assert info.orientation == 1
        assert info.requests <= 3


def webp(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"".join(
        kind + struct.pack("<I", len(data)) + data + bytes(len(data) & 1) for kind, data in chunks
    )
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def test_a_webp_of_many_frames_costs_no_request_for_each() -> None:
    flags = (b"VP8X", b"\x0a\0\0\0" + b"\x0f\0\0" * 2)
    frames = [(b"ANMF", b"\1" * 30_000)] * 50
    data = webp(flags, (b"ANIM", bytes(6)), *frames, (b"EXIF", exif(6)[6:]))
    info = by_ranges(data)
    assert isinstance(info, ImageInfo)
    assert (info.orientation, info.requests) == (6, 2)
    assert info.bytes_read <= 24 * KIB


def test_a_webp_profile_before_the_picture_costs_one_more() -> None:
    flags = (b"VP8X", b"\x28\0\0\0" + b"\x0f\0\0" * 2)
    for size in (100, 50_000):
        chunks = [(b"ICCP", b"p" * size), (b"ALPH", b"a" * 30_001), (b"VP8 ", b"v" * 70_000)]
        info = by_ranges(webp(flags, *chunks, (b"EXIF", exif(3)[6:]), (b"XMP ", b"x" * 3000)))
        assert isinstance(info, ImageInfo)
        assert (info.orientation, info.requests) == (3, 2)


def box(kind: bytes, data: bytes, size: int | None = None) -> bytes:
    return struct.pack(">I4s", len(data) + 8 if size is None else size, kind) + data


FTYP = box(b"ftyp", b"avif\0\0\0\0avifmif1")


@pytest.mark.parametrize(
    "data",
    [
        FTYP,
        FTYP + box(b"meta", bytes(4)),
        FTYP + box(b"meta", bytes(4), size=7),
        FTYP + box(b"meta", bytes(4), size=0) + bytes(100),
        FTYP + box(b"meta", bytes(4) + box(b"pitm", bytes(6)) + box(b"iprp", b"")),
        FTYP + box(b"meta", bytes(4) + box(b"free", b"", size=2**32 - 1)),
        FTYP + box(b"meta", bytes(4) + box(b"free", b"") * 300_000),
        FTYP + box(b"free", b"") * 300_000,
        FTYP + box(b"mdat", b"\xff" * 8, size=1),
        box(b"ftyp", b"heic\0\0\0\0", size=2**31),
        b"\0\0\0\x0cjP  \r\n\x87\n" + box(b"jp2h", b""),
        b"\0\0\0\x0cjP  \r\n\x87\n" + box(b"jp2h", box(b"ihdr", b"")),
        b"\0\0\0\x0cjP  \r\n\x87\n" + box(b"jp2c", bytes(100)),
    ],
    ids=lambda data: f"{len(data)} bytes",
)
def test_boxes_that_lie(data: bytes) -> None:
    refused(data)


@pytest.mark.parametrize(
    "data",
    [
        *(b"P6", b"P6 ", b"P6 0 5 255 ", b"P6 5 5 0 ", b"P6 5 5 65536 ", b"P6 99999999999 1 255 "),
        *(b"P6 #" + b"c" * 100_000, b"P5 -1 5 255 ", b"P4 1"),
        *(b"qoif\0\0\0\1\0\0\0\1\5\0", b"qoif\0\0", b"BM" + bytes(12) + b"\x28\0\0\0" + bytes(36)),
        *(b"\xff\x4f\xff\x51\0\x29" + bytes(40), b"\xff\x4f\xff\x51"),
    ],
    ids=repr,
)
def test_small_lies(data: bytes) -> None:
    refused(data)


@pytest.mark.parametrize(
    "data",
    [
        tiff((257, 4, 1, 60000)),
        tiff((256, 2, 1, 60000), (257, 4, 1, 5)),  # a text for a number
        tiff((256, 4, 9, 60000), (257, 4, 1, 5)),  # nine of them, elsewhere
        tiff((256, 4, 0, 60000), (257, 4, 1, 5)),
        b"II*\0\xff\xff\xff\xff",
        b"II+\0\4\0\0\0" + bytes(20),  # offsets of four bytes
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 5, 5, 3, 2, 0, 0, 0)),
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 5, 5, 8, 2, 0, 0, 2)),
        webp((b"JUNK", bytes(20))),
        webp((b"VP8 ", bytes(20))),
        webp((b"VP8L", bytes(20))),
        webp((b"VP8L", b"\x2f\0\0\0\x20" + bytes(9))),  # of a version to come
        webp((b"VP8X", bytes(9))),
    ],
    ids=lambda data: data[:40].hex(),
)
def test_headers_that_say_what_cannot_be(data: bytes) -> None:
    refused(data)


def test_gifs_that_break_off_behind_their_first_frame() -> None:
    one = b"GIF89a\5\0\5\0\0\0\0" + b",\0\0\0\0\5\0\5\0\0" + b"\2" + b"\1\0" + b"\0"
    for tail, frames in ((b";", 1), (b"\0\0;", 1), (b",\0\0", None), (b"what", None)):
        info = by_ranges(one + tail)
        assert isinstance(info, ImageInfo)
        assert info.frames == frames
    info = by_ranges(one + one[13:] * 2 + b",")
    assert isinstance(info, ImageInfo)
    assert (info.frames, info.animated) == (None, True)


def test_words_that_look_like_a_chunk_in_the_tail_of_a_webp() -> None:
    flags = (b"VP8X", b"\x0a\0\0\0" + b"\x0f\0\0" * 2)
    frame = (b"ANMF", b"\1" * 30_000 + b"EXIF\x05\0\0\0EXIFEXIF")
    info = by_ranges(webp(flags, frame, frame, (b"EXIF", exif(6)[6:]), (b"XMP ", b"EXIF")))
    assert isinstance(info, ImageInfo)
    assert (info.orientation, info.requests) == (6, 2)


def test_zeros_are_refused_at_once() -> None:
    reader = HeaderReader()
    with pytest.raises(UnidentifiedImage):
        reader.feed(bytes(1024))
    with pytest.raises(UnidentifiedImage):
        reader.finish()


@pytest.mark.parametrize(
    "make", [lambda: HeaderRanges(max_bytes=10), lambda: HeaderRanges(first=5, max_bytes=30)]
)
def test_the_smallest_limits_hold(make: Callable[[], HeaderRanges]) -> None:
    ranges = make()
    with pytest.raises(UnidentifiedImage, match="no header within"):
        drive(ranges, sample("jpeg-RGB"), [])
    with pytest.raises(UnidentifiedImage, match="was not read"):
        _ = ranges.info


def test_a_header_of_too_many_steps() -> None:
    data = b"GIF89a\1\0\1\0\0\0\0" + b"!\xfe" + b"\1\0" * 9 + b"!\xfe" + b"\1x" * 30_000
    assert "steps" in refused(data.replace(b"\1\0", b"\1y"))
