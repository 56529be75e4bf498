"""Pictures that Pillow and libvips wrote, of every format and kind whose header we read."""

import functools
import io
import random
import struct
import zlib
from collections.abc import Callable
from functools import partial
from typing import Any

import pyvips
from PIL import Image

WIDTH, HEIGHT = 331, 217  # not equal, not even: what is exchanged or rounded shows

SAMPLES: dict[str, Callable[[], bytes]] = {}
"""By name, `format-kind`; each is made when it is asked for, and kept."""


def sample(name: str) -> bytes:
    return SAMPLES[name]()


def _add(name: str, make: Callable[[], bytes]) -> None:
    SAMPLES[name] = functools.cache(make)


def picture(mode: str = "RGB", size: tuple[int, int] = (WIDTH, HEIGHT)) -> Image.Image:
    """Noise on a ramp: it does not compress to nothing."""
    ramp = Image.linear_gradient("L").resize(size)
    noise = Image.frombytes("L", size, random.Random(7).randbytes(size[0] * size[1]))  # noqa: S311 - a picture
    layers = [Image.blend(ramp, noise, part) for part in (0.1, 0.2, 0.3)]
    image = Image.merge("RGB", layers).convert(mode)
    if mode in {"LA", "RGBA"}:
        image.putalpha(ramp)
    return image


def pil(kind: str, mode: str = "RGB", **save: Any) -> bytes:
    file = io.BytesIO()
    picture(mode).save(file, kind, **save)
    return file.getvalue()


def vips(suffix: str, bands: int = 3, **save: Any) -> bytes:
    image = pyvips.Image.new_from_memory(picture().tobytes(), WIDTH, HEIGHT, 3, "uchar")
    image = image[0] if bands == 1 else image.bandjoin(200) if bands == 4 else image
    image = image.copy(interpretation="b-w" if bands == 1 else "srgb")
    data: bytes = image.write_to_buffer(suffix, **save)
    return data


def exif(orientation: int) -> bytes:
    tags = Image.Exif()
    tags[0x0112] = orientation
    tags[0x010F] = "a maker of cameras"
    return tags.tobytes()


@functools.cache
def icc() -> bytes:
    file = io.BytesIO(vips(".jpg", profile="srgb"))
    profile: bytes = Image.open(file).info["icc_profile"]
    return profile


def frames(count: int, mode: str = "P") -> dict[str, Any]:
    more = [picture(mode).rotate(angle * 10) for angle in range(1, count)]
    return {"save_all": True, "append_images": more, "duration": 100}


def segments(jpeg: bytes, count: int, size: int = 65533, marker: int = 0xE2) -> bytes:
    """A JPEG with metadata before its frame header."""
    junk = bytes([0xFF, marker]) + struct.pack(">H", size + 2) + b"Z" * size
    return jpeg[:2] + junk * count + jpeg[2:]


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def with_chunks(png: bytes, *chunks: bytes) -> bytes:
    """A PNG with chunks behind its header."""
    return png[:33] + b"".join(chunks) + png[33:]


def _jpeg() -> None:
    for mode in ("L", "RGB", "CMYK"):
        _add(f"jpeg-{mode}", partial(pil, "JPEG", mode))
    _add("jpeg-progressive", lambda: pil("JPEG", progressive=True))
    _add("jpeg-icc", lambda: pil("JPEG", icc_profile=icc()))
    for way in range(1, 9):
        _add(f"jpeg-exif{way}", partial(pil, "JPEG", exif=exif(way)))
    _add("jpeg-vips", lambda: vips(".jpg", profile="srgb"))
    _add("jpeg-vips-progressive", lambda: vips(".jpg", interlace=True))
    _add("jpeg-exif-icc", lambda: pil("JPEG", exif=exif(6), icc_profile=icc(), progressive=True))
    _add("jpeg-big-icc", lambda: pil("JPEG", icc_profile=icc() * 30, exif=exif(5)))


def _png() -> None:
    for mode in ("1", "L", "P", "RGB", "LA", "RGBA", "I;16"):
        _add(f"png-{mode}", partial(pil, "PNG", mode))
    _add("png-interlaced", lambda: vips(".png", interlace=True))
    _add("png-vips", lambda: vips(".png", profile="srgb"))
    _add("png-16bit", lambda: vips(".png", bitdepth=16))
    _add("png-icc", lambda: pil("PNG", icc_profile=icc()))
    _add("png-apng", lambda: pil("PNG", "RGB", **frames(3, "RGB")))
    for way in (3, 6, 8):
        _add(f"png-exif{way}", partial(pil, "PNG", exif=exif(way)))


def _gif() -> None:
    _add("gif-P", lambda: pil("GIF", "P", interlace=0))
    _add("gif-interlaced", lambda: pil("GIF", "P", interlace=1))
    _add("gif-vips", lambda: vips(".gif"))
    _add("gif-animated", lambda: pil("GIF", "P", **frames(4), loop=0))
    _add("gif-animated-once", lambda: pil("GIF", "P", **frames(3)))
    _add("gif-comment", lambda: pil("GIF", "P", comment=b"c" * 2000))


def _turned_webp(way: int) -> bytes:
    return pil("WEBP", exif=exif(way), icc_profile=icc(), lossless=True)


def _webp() -> None:
    _add("webp-lossy", lambda: pil("WEBP", quality=80))
    _add("webp-lossless", lambda: pil("WEBP", lossless=True))
    _add("webp-alpha", lambda: pil("WEBP", "RGBA"))
    _add("webp-lossless-alpha", lambda: vips(".webp", 4, lossless=True))
    _add("webp-icc", lambda: pil("WEBP", icc_profile=icc(), lossless=True))
    _add("webp-vips", lambda: vips(".webp", profile="srgb"))
    _add("webp-animated", lambda: pil("WEBP", "RGB", **frames(4, "RGB"), lossless=True))
    _add("webp-xmp", lambda: pil("WEBP", exif=exif(7), xmp=b"<x/>" * 99, lossless=True))
    for way in (2, 6):
        _add(
            f"webp-exif{way}",
            partial(_turned_webp, way),
        )
    _add(
        "webp-animated-exif",
        lambda: pil("WEBP", "RGB", **frames(4, "RGB"), exif=exif(8), lossless=True),
    )


def _tiff() -> None:
    for mode in ("1", "L", "P", "RGB", "RGBA", "CMYK", "I;16", "F", "LAB", "LA"):
        _add(f"tiff-{mode}", partial(pil, "TIFF", mode))
    _add("tiff-lzw", lambda: pil("TIFF", compression="tiff_lzw"))
    _add("tiff-big", lambda: pil("TIFF", big_tiff=True))
    _add("tiff-icc", lambda: pil("TIFF", icc_profile=icc()))
    _add("tiff-pages", lambda: pil("TIFF", "L", **frames(3, "L")))
    for way in (1, 4, 7):
        _add(f"tiff-exif{way}", partial(pil, "TIFF", exif=exif(way)))
    tile = {"tile": True, "tile_width": 64, "tile_height": 64}
    _add("tiff-vips-strips", lambda: vips(".tif", compression="deflate"))
    _add("tiff-vips-tiles", lambda: vips(".tif", compression="jpeg", **tile))
    _add("tiff-vips-pyramid", lambda: vips(".tif", compression="jpeg", pyramid=True, **tile))
    _add("tiff-vips-bigtiff", lambda: vips(".tif", bigtiff=True, profile="srgb", **tile))
    _add("tiff-vips-pyramid-sub", lambda: vips(".tif", pyramid=True, subifd=True, **tile))


def _others() -> None:
    for mode in ("1", "L", "P", "RGB", "RGBA"):
        _add(f"bmp-{mode}", partial(pil, "BMP", mode))
    for mode in ("L", "LA", "RGB", "RGBA", "I;16"):
        _add(f"jp2-{mode}", partial(pil, "JPEG2000", mode))
    _add("j2k-RGB", lambda: pil("JPEG2000", no_jp2=True))
    for mode in ("1", "L", "RGB", "I;16"):
        _add(f"ppm-{mode}", partial(pil, "PPM", mode))
    for mode in ("L", "P", "RGB", "RGBA", "LA"):
        _add(f"tga-{mode}", partial(pil, "TGA", mode))
    _add("tga-rle", lambda: pil("TGA", compression="tga_rle"))
    for mode in ("RGB", "RGBA"):
        _add(f"qoi-{mode}", partial(pil, "QOI", mode))


def _avif() -> None:
    fast: dict[str, Any] = {"speed": 10, "quality": 40}
    for mode in ("RGB", "RGBA"):
        _add(f"avif-{mode}", partial(pil, "AVIF", mode, **fast))
    for way in range(1, 9):
        _add(f"avif-exif{way}", partial(pil, "AVIF", exif=exif(way), **fast))
    _add("avif-icc", lambda: pil("AVIF", icc_profile=icc(), **fast))
    _add("avif-animated", lambda: pil("AVIF", "RGB", **frames(3, "RGB"), **fast))
    _add("avif-vips", lambda: vips(".avif", effort=0, Q=30))


for _make in (_jpeg, _png, _gif, _webp, _tiff, _others, _avif):
    _make()
