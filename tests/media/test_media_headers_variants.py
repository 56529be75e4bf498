"""Kinds of headers that neither Pillow nor libvips writes, and cameras and other programs do."""

import io
import struct
from collections.abc import Callable

import pytest
import pyvips
from header_samples import HEIGHT, WIDTH, chunk, exif, sample, with_chunks
from PIL import Image

from storage_stream.media.headers import ImageInfo
from storage_stream.media.probing import probe_file

KIB = 1024


def probed(data: bytes) -> ImageInfo:
    return probe_file(lambda start, length: data[start : start + length], size=len(data))


def as_pillow(data: bytes) -> tuple[str | None, int, int]:
    with Image.open(io.BytesIO(data)) as image:
        return (image.format, *image.size)


def ours(info: ImageInfo) -> tuple[str, int, int]:
    return info.format, info.width, info.height


# -- JPEG ------------------------------------------------------------------------------------


def jpeg_with(*parts: bytes) -> bytes:
    data = sample("jpeg-RGB")
    return data[:2] + b"".join(parts) + data[2:]


def segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def exif_block(order: str, orientation: int, *, kind: int = 3) -> bytes:
    value = struct.pack(order + ("HH" if kind == 3 else "I"), *([orientation, 0][: 5 - kind]))
    head = b"II*\0" if order == "<" else b"MM\0*"
    return b"".join(
        [head, struct.pack(order + "IHHHI", 8, 1, 0x0112, kind, 1), value, struct.pack("I", 0)]
    )


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("orientation", [1, 3, 8])
def test_exif_in_both_byte_orders(order: str, orientation: int) -> None:
    block = segment(0xE1, b"Exif\0\0" + exif_block(order, orientation))
    assert probed(jpeg_with(block)).orientation == orientation


def test_an_orientation_in_a_long_is_read_and_one_out_of_range_is_none() -> None:
    for orientation, expected in ((6, 6), (0, 1), (9, 1), (2**31, 1)):
        block = segment(0xE1, b"Exif\0\0" + exif_block("<", orientation, kind=4))
        assert probed(jpeg_with(block)).orientation == expected


def test_the_first_exif_block_counts() -> None:
    xmp = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>")
    first, second = (segment(0xE1, b"Exif\0\0" + exif_block("<", way)) for way in (6, 3))
    assert probed(jpeg_with(xmp, first, second)).orientation == 6


@pytest.mark.parametrize("filler", [b"\xff" * 5, b"\0\0\0", b"\xff\x00", b"\xff\xd0", b"\xff\x01"])
def test_garbage_between_segments_is_skipped(filler: bytes) -> None:
    data = sample("jpeg-exif6")
    at = 4 + int.from_bytes(data[4:6])  # behind the first segment
    assert probed(data[:at] + filler + data[at:]).orientation == 6


@pytest.mark.parametrize(("marker", "progressive"), [(0xC1, False), (0xC3, False), (0xC6, True)])
def test_other_kinds_of_frames(marker: int, *, progressive: bool) -> None:
    data = b"\xff\xd8" + segment(marker, struct.pack(">BHHB", 12, 20, 30, 1) + b"\1\x11\0")
    info = probed(data)
    assert (info.width, info.height, info.bits) == (30, 20, 12)
    assert info.progressive is progressive


# -- PNG -------------------------------------------------------------------------------------


def test_an_animation_of_one_frame_does_not_move() -> None:
    control = chunk(b"acTL", struct.pack(">II", 1, 0))
    info = probed(with_chunks(sample("png-RGB"), control))
    assert (info.frames, info.animated) == (1, False)


def test_exif_behind_the_data_is_not_looked_for() -> None:
    data = sample("png-RGB")
    info = probed(data[:-12] + chunk(b"eXIf", exif(6)[6:]) + data[-12:])
    assert (info.orientation, info.requests) == (1, 1)


# -- GIF -------------------------------------------------------------------------------------


def test_a_frame_larger_than_the_screen_makes_it_larger() -> None:
    data = bytearray(sample("gif-P"))
    data[6:10] = struct.pack("<HH", 5, 400)
    assert ours(probed(bytes(data))) == ("GIF", WIDTH, 400)


# -- WebP ------------------------------------------------------------------------------------


def test_exif_with_the_prefix_of_jpeg() -> None:
    data = sample("webp-exif6")
    at = data.rindex(b"EXIF")
    block = b"Exif\0\0" + exif_block("<", 6)
    info = probed(
        struct.pack("<4sI", b"RIFF", at + len(block))
        + data[8:at]
        + struct.pack("<4sI", b"EXIF", len(block))
        + block
    )
    assert info.orientation == 6


# -- TIFF ------------------------------------------------------------------------------------


def tiff(order: str, *, big: bool, width_kind: int = 3) -> bytes:
    """Grey, 5 x 4, in any byte order, its directory behind its pixels."""
    pixels = bytes(20)
    mark = b"II" if order == "<" else b"MM"
    start = 16 if big else 8
    entries = [
        *((256, width_kind, 5), (257, 3, 4), (258, 3, 8), (259, 3, 1), (262, 3, 1)),
        *((273, 4, start), (274, 3, 6), (277, 3, 1), (278, 3, 4), (279, 4, 20)),
    ]
    count, slot = ("Q", 8) if big else ("I", 4)
    body = b""
    for tag, kind, value in entries:
        packed = struct.pack(order + ("H" if kind == 3 else "I"), value).ljust(slot, b"\0")
        body += struct.pack(order + "HH" + count, tag, kind, 1) + packed
    at = start + len(pixels)
    if big:
        head = mark + struct.pack(order + "HHHQ", 43, 8, 0, at)
        directory = struct.pack(order + "Q", len(entries)) + body + bytes(8)
    else:
        head = mark + struct.pack(order + "HI", 42, at)
        directory = struct.pack(order + "H", len(entries)) + body + bytes(4)
    return head + pixels + directory


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("width_kind", [3, 4])
def test_tiff_in_both_byte_orders(order: str, *, big: bool, width_kind: int) -> None:
    data = tiff(order, big=big, width_kind=width_kind)
    info = probed(data)
    image = pyvips.Image.new_from_buffer(data, "")
    assert (info.width, info.height) == (image.width, image.height) == (5, 4)
    assert (info.orientation, info.mode, info.bits, info.pages) == (6, "L", 8, 1)


def test_the_offsets_of_thousands_of_tiles_are_not_fetched() -> None:
    image = pyvips.Image.black(2000, 2000, bands=3).copy(interpretation="srgb")
    for pyramid in (False, True):
        options = {"tile": True, "tile_width": 16, "tile_height": 16, "pyramid": pyramid}
        info = probed(image.write_to_buffer(".tif", **options))
        assert (info.width, info.mode, info.tiled) == (2000, "RGB", True)
        assert info.requests <= 2
        assert info.bytes_read <= 24 * KIB


# -- BMP -------------------------------------------------------------------------------------


def bmp(header: bytes) -> bytes:
    start = 14 + len(header)
    return b"BM" + struct.pack("<IHHI", start + 400, 0, 0, start) + header + bytes(400)


BITMAPS: dict[str, Callable[[], bytes]] = {
    "core": lambda: bmp(struct.pack("<IHHHH", 12, 9, 7, 1, 24)),
    "from the top": lambda: bmp(struct.pack("<IiiHH6I", 40, 9, -7, 1, 24, *bytes(6))),
    "OS/2": lambda: bmp(struct.pack("<IiiHH", 64, 9, 7, 1, 24) + bytes(48)),
    "5 6 5": lambda: bmp(
        struct.pack("<IiiHH6I", 40, 9, 7, 1, 16, 3, *bytes(5))
        + struct.pack("<III", 0xF800, 0x7E0, 0x1F)
    ),
    "V5": lambda: bmp(
        struct.pack("<IiiHH6I", 124, 9, 7, 1, 32, 3, *bytes(5))
        + struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
        + bytes(68)
    ),
}


@pytest.mark.parametrize("name", BITMAPS)
def test_bitmaps_of_all_ages(name: str) -> None:
    data = BITMAPS[name]()
    info = probed(data)
    assert ours(info) == as_pillow(data) == ("BMP", 9, 7)
    assert info.mode == ("RGBA" if name == "V5" else "RGB")


# -- boxes -----------------------------------------------------------------------------------


def box(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I4s", len(data) + 8, kind) + data


@pytest.mark.parametrize("size", [100, 80_000])
def test_boxes_before_the_header_are_jumped_over(size: int) -> None:
    data = sample("avif-exif6")
    end = int.from_bytes(data[:4])
    info = probed(data[:end] + box(b"free", bytes(size)) + data[end:])
    assert (ours(info), info.orientation) == (("AVIF", WIDTH, HEIGHT), 6)
    assert info.requests <= 2
    data = sample("jp2-RGB")
    info = probed(data[:12] + box(b"uuid", bytes(size)) + data[12:])
    assert ours(info) == ("JPEG2000", WIDTH, HEIGHT)
    assert info.requests <= 2


def test_a_box_with_a_long_length() -> None:
    data = sample("avif-exif6")
    end = int.from_bytes(data[:4])
    free = struct.pack(">I4sQ", 1, b"free", 16 + 50) + bytes(50)
    assert probed(data[:end] + free + data[end:]).orientation == 6


@pytest.mark.parametrize(("brand", "expected"), [(b"heic", "HEIF"), (b"mif1", "HEIF")])
def test_heif_is_told_by_its_brands(brand: bytes, expected: str) -> None:
    data = sample("avif-exif6")
    end = int.from_bytes(data[:4])
    info = probed(box(b"ftyp", brand + b"\0\0\0\0" + brand + b"miaf") + data[end:])
    assert (info.format, info.mime, info.orientation) == (expected, "image/heif", 6)
    mixed = probed(box(b"ftyp", b"mif1\0\0\0\0mif1avif") + data[end:])
    assert mixed.format == "AVIF"


def heif(*transforms: bytes, wide: bool) -> bytes:
    """A still picture of 40 x 30; `wide` has longer numbers for items and for properties."""
    full = bytes(4)
    properties = [
        box(b"colr", b"nclx" + bytes(7)),
        box(b"ispe", full + struct.pack(">II", 20, 15)),  # of another item
        box(b"ispe", full + struct.pack(">II", 40, 30)),
        box(b"pixi", full + b"\x03\x0a\x0a\x0a"),
        box(b"auxC", full + b"urn:mpeg:hevc:2015:auxid:2\0"),
        *transforms,
    ]
    item, index = (">I", ">H") if wide else (">H", ">B")
    essential = 0x8000 if wide else 0x80
    mine = [3, 4, *range(6, 6 + len(transforms))]
    tables = struct.pack(item, 7) + b"\x01" + struct.pack(index, 2)
    tables += struct.pack(item, 70_000 if wide else 9) + bytes([len(mine)])
    tables += b"".join(struct.pack(index, essential | number) for number in mine)
    version = b"\x01\0\0\x01" if wide else full
    ipma = box(b"ipma", version + struct.pack(">I", 2) + tables)
    primary = struct.pack(">I", 70_000) if wide else struct.pack(">H", 9)
    pitm = box(b"pitm", (b"\x01\0\0\0" if wide else full) + primary)
    iprp = box(b"iprp", box(b"ipco", b"".join(properties)) + ipma)
    return box(b"ftyp", b"heic\0\0\0\0mif1heic") + box(b"meta", full + pitm + iprp)


@pytest.mark.parametrize("wide", [False, True])
def test_the_primary_item_counts(*, wide: bool) -> None:
    info = probed(heif(box(b"irot", b"\x03"), wide=wide))
    assert ours(info) == ("HEIF", 40, 30)
    assert (info.orientation, info.oriented_size) == (6, (30, 40))
    assert (info.bits, info.mode) == (10, "RGB")


def test_turns_and_mirrors_count_in_their_order() -> None:
    turn, mirror = box(b"irot", b"\x01"), box(b"imir", b"\x01")
    assert probed(heif(turn, mirror, wide=False)).orientation == 7
    assert probed(heif(mirror, turn, wide=False)).orientation == 5
    assert probed(heif(mirror, wide=False)).orientation == 2


def test_a_jp2_of_four_inks() -> None:
    data = sample("jp2-RGBA")
    at = data.index(b"colr")
    changed = data[: at + 7] + struct.pack(">I", 12) + data[at + 11 :]
    assert probed(changed).mode == "CMYK"


# -- words -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"P6\n# a comment\n9 7\n255\n", ("PPM", 9, 7)),
        (b"P5\t9#x\n 7 65535 ", ("PPM", 9, 7)),
        (b"P4\n9 7\n", ("PPM", 9, 7)),
        (b"P2 9\r\n7 15\n", ("PPM", 9, 7)),
        (b"Pf\n9 7\n-1.0\n", ("PPM", 9, 7)),
    ],
)
def test_words_as_anybody_writes_them(data: bytes, expected: tuple[str, int, int]) -> None:
    info = probed(data + bytes(900))
    assert ours(info) == as_pillow(data + bytes(900)) == expected
