"""Odd but right files of each format: the same picture as Pillow makes of the whole file."""

import io
import struct
import zlib
from collections.abc import Callable
from functools import partial

import pytest
from parsing_samples import LARGE, by_libvips, opened, sample, saved, scene
from PIL import Image, ImageOps

from storage_stream.media import StreamParser, TruncatedImage
from storage_stream.media.parsing.tiff_extent import is_tiff_cut


def in_scans() -> bytes:
    """A baseline JPEG of a scan for each colour, made of three grey ones."""
    planes = [saved(plane, "JPEG", quality=90) for plane in scene().convert("YCbCr").split()]
    frame = planes[0].index(b"\xff\xc0")
    scan = planes[0].index(b"\xff\xda")
    components = b"".join(bytes((number, 0x11, 0)) for number in (1, 2, 3))
    head = planes[0][:frame] + b"\xff\xc0\0\x11" + planes[0][frame + 4 : frame + 9] + b"\3"
    data = head + components + planes[0][frame + 13 : scan]
    for number, plane in enumerate(planes, 1):
        start = plane.index(b"\xff\xda")
        data += b"\xff\xda\0\x08\1" + bytes((number, 0)) + plane[start + 7 : -2]
    return data + b"\xff\xd9"


def patched(name: str, at: int, data: bytes) -> bytes:
    whole = bytearray(sample(name))
    whole[at : at + len(data)] = data
    return bytes(whole)


def gif_on_a_larger_screen() -> bytes:
    data = bytearray(patched("gif", 6, struct.pack("<HH", LARGE[0] + 40, LARGE[1] + 30)))
    at = data.index(b"\x2c\0\0\0\0" + struct.pack("<HH", *LARGE))
    data[at + 1 : at + 5] = struct.pack("<HH", 25, 20)
    return bytes(data)


def gif_beyond_its_screen() -> bytes:
    return patched("gif", 6, struct.pack("<HH", 20, 20))


def transparent() -> Image.Image:
    image = scene().convert("P")
    image.info["transparency"] = 7
    return image


def tga_with_extension(attributes: int) -> bytes:
    body = sample("tga-rgba")[:-26]
    extension = bytearray(495)
    extension[494] = attributes
    footer = struct.pack("<II", len(body), 0) + b"TRUEVISION-XFILE.\x00"
    return body + bytes(extension) + footer


def os2_bitmap() -> bytes:
    row = LARGE[0] * 3
    padding = bytes(-row % 4)
    pixels = ImageOps.flip(scene()).tobytes("raw", "BGR")
    rows = b"".join(pixels[at : at + row] + padding for at in range(0, len(pixels), row))
    core = struct.pack("<IHHHH", 12, *LARGE, 1, 24)
    return b"BM" + struct.pack("<IHHI", 26 + len(rows), 0, 0, 26) + core + rows


def bitmap_of_masks() -> bytes:
    colours = ImageOps.flip(scene()).tobytes()
    pixels = b"".join(
        struct.pack("<H", red >> 3 << 11 | green >> 2 << 5 | blue >> 3)
        for red, green, blue in zip(colours[::3], colours[1::3], colours[2::3], strict=True)
    )
    row = LARGE[0] * 2
    padding = bytes(-row % 4)
    rows = b"".join(pixels[at : at + row] + padding for at in range(0, len(pixels), row))
    head = struct.pack("<IIIHHIIIIII", 40, *LARGE, 1, 16, 3, len(rows), 0, 0, 0, 0)
    masks = struct.pack("<III", 0xF800, 0x7E0, 0x1F)
    return b"BM" + struct.pack("<IHHI", 66 + len(rows), 0, 0, 66) + head + masks + rows


def png_in_small_chunks() -> bytes:
    """With 99 bytes of its pixels in a chunk, and empty ones between them."""
    data, at, pixels = sample("png"), 33, b""
    while data[at + 4 : at + 8] == b"IDAT":
        length = int.from_bytes(data[at : at + 4], "big")
        pixels += data[at + 8 : at + 8 + length]
        at += 12 + length
    bodies = [pixels[start : start + 99] for start in range(0, len(pixels), 99)]
    bodies[5:5] = [b"", b""]
    chunks = (
        struct.pack(">I", len(body))
        + b"IDAT"
        + body
        + struct.pack(">I", zlib.crc32(b"IDAT" + body))
        for body in bodies
    )
    return data[:33] + b"".join(chunks) + data[at:]


VARIANTS: dict[str, tuple[Callable[[], bytes], bool]] = {
    "jpeg, a scan for each colour": (in_scans, False),
    "jpeg, optimized": (partial(saved, scene(), "JPEG", optimize=True), True),
    "jpeg, one pixel": (partial(saved, scene((1, 1)), "JPEG"), True),
    "jpeg, one column": (partial(saved, scene((1, 300)).convert("L"), "JPEG"), True),
    "jpeg, one row": (partial(saved, scene((300, 1)), "JPEG"), True),
    "jpeg, RGB": (partial(saved, scene(), "JPEG", keep_rgb=True), True),
    "png, small chunks": (png_in_small_chunks, True),
    "png, one pixel": (partial(saved, scene((1, 1)), "PNG"), True),
    "png, interlaced, one pixel": (
        lambda: by_libvips(scene((1, 1)), ".png", interlace=True), False
    ),
    "png, interlaced, five by three": (
        lambda: by_libvips(scene((5, 3)), ".png", interlace=True), False
    ),
    "png, transparent colour": (partial(saved, transparent(), "PNG", transparency=7), True),
    "gif, transparent colour": (
        partial(saved, transparent(), "GIF", transparency=7, interlace=0), True
    ),
    "gif, on a larger screen": (gif_on_a_larger_screen, True),
    "gif, beyond its screen": (gif_beyond_its_screen, True),
    "gif, comment": (partial(saved, scene(), "GIF", comment=b"a;,!" * 90, interlace=0), True),
    "bmp, from the top": (lambda: patched("bmp", 22, struct.pack("<i", -LARGE[1])), True),
    "bmp, OS/2": (os2_bitmap, True),
    "bmp, colour masks": (bitmap_of_masks, True),
    "bmp, with alpha": (partial(saved, scene().convert("RGBA"), "BMP"), True),
    "bmp, pixels inside the palette": (
        lambda: patched("bmp-palette", 10, struct.pack("<I", 400)), False
    ),
    "ppm, comments": (
        lambda: b"P6 # a\n# b\n%d\t%d # c\r255\n" % LARGE + scene().tobytes(), True
    ),
    "ppm, 16 bits": (lambda: b"P6 20 10 65535\n" + bytes(range(256)) * 4 + bytes(176), False),
    "pgm, 16 bits": (lambda: b"P5 20 10 65535\n" + bytes(range(200)) * 2, True),
    "tga, from the top": (partial(saved, scene(), "TGA", orientation=1), True),
    "tga, mirrored": (lambda: patched("tga", 17, b"\x10"), False),
    "tga, opaque by its extension": (lambda: tga_with_extension(0), True),
    "tga, transparent by its extension": (lambda: tga_with_extension(3), True),
    "tga, with words": (partial(saved, scene(), "TGA", id_section=b"words"), True),
    "tiff, BigTIFF": (lambda: by_libvips(scene(), ".tif", bigtiff=True), False),
    "tiff, strips": (
        lambda: by_libvips(scene(), ".tif", compression="lzw", predictor="horizontal"), False
    ),
    "webp, lossless": (partial(saved, scene(), "WEBP", lossless=True), False),
    "webp, with alpha": (partial(saved, scene().convert("RGBA"), "WEBP"), False),
}  # fmt: skip


def parsed(data: bytes, size: int) -> tuple[Image.Image, StreamParser]:
    parser = StreamParser()
    for start in range(0, len(data), size):
        parser.feed(data[start : start + size])
    return parser.close(), parser


@pytest.mark.parametrize("name", VARIANTS)
@pytest.mark.parametrize("size", [1024, 10**6])
def test_it_is_the_same_picture(name: str, size: int) -> None:
    make, is_incremental = VARIANTS[name]
    data = make()
    image, parser = parsed(data, size)
    expected = opened(data)
    assert (image.mode, image.size) == (expected.mode, expected.size)
    assert image.tobytes() == expected.tobytes()
    assert image.info == expected.info
    assert parser.incremental == is_incremental
    assert parser.info is not None
    assert (parser.info.width, parser.info.height) in {image.size, (20, 20)}


@pytest.mark.parametrize("name", VARIANTS)
def test_half_of_it_is_cut(name: str) -> None:
    data = VARIANTS[name][0]()
    if len(data) < 200 or name == "bmp, pixels inside the palette":
        pytest.skip("so small that half of it is no header, or all of it")
    parser = StreamParser()
    parser.feed(data[: len(data) // 2])
    with pytest.raises(TruncatedImage):
        parser.close()


def test_an_extension_of_a_tga_can_make_it_opaque() -> None:
    image, _ = parsed(patched_alpha(tga_with_extension(0)), 5000)
    assert image.getchannel("A").getextrema() == (255, 255)
    image, _ = parsed(patched_alpha(tga_with_extension(3)), 5000)
    assert image.getchannel("A").getextrema() == (9, 255)


def patched_alpha(data: bytes) -> bytes:
    """With a pixel that lets something through."""
    return data[:21] + b"\x09" + data[22:]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("is_big", [False, True])
def test_a_tiff_is_measured_in_either_order(order: str, *, is_big: bool) -> None:
    offset, count, mark = ("Q", "Q", 43) if is_big else ("I", "H", 42)
    size = 16 if is_big else 8
    entry = struct.Struct(f"{order}HH{offset}{offset}")
    directory = struct.pack(order + count, 2)
    end = size + len(directory) + 2 * entry.size + struct.calcsize(order + offset)
    directory += entry.pack(273, 16 if is_big else 4, 1, end) + entry.pack(
        279, 16 if is_big else 4, 1, 50
    )
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "H", mark)
    head += struct.pack(order + "HHQ", 8, 0, size) if is_big else struct.pack(order + "I", size)
    data = head + directory + struct.pack(order + offset, 0) + bytes(50)
    assert not is_tiff_cut(io.BytesIO(data), len(data))
    for length in (len(data) - 1, end - 1, size + 3, size - 1, 3):
        assert is_tiff_cut(io.BytesIO(data[:length]), length)


def test_the_tags_of_a_tiff_are_there() -> None:
    image, _ = parsed(saved(scene(), "TIFF", tiffinfo={271: "maker", 305: "program"}), 5000)
    assert (image.getexif()[271], image.getexif()[305]) == ("maker", "program")


def test_a_turned_tiff_is_turned_as_pillow_does() -> None:
    data = saved(scene(), "TIFF", tiffinfo={274: 6})
    image, parser = parsed(data, 5000)
    assert image.tobytes() == opened(data).tobytes()
    assert image.size == opened(data).size
    assert parser.info is not None
    assert parser.info.oriented_size == LARGE[::-1]
    assert ImageOps.exif_transpose(image).size == LARGE[::-1]
