"""Pictures of every kind that the parser reads; made once, by Pillow and by libvips."""

import functools
import io
import random
from typing import Any

import pyvips
from PIL import Image

LARGE = (219, 163)
SMALL = (37, 29)  # for what is fed byte by byte


@functools.cache
def scene(size: tuple[int, int] = LARGE) -> Image.Image:
    """Shapes and noise, so that no row is like another and every format has work to do."""
    rng = random.Random(20)  # noqa: S311 - a picture, no secret
    noise = Image.frombytes("RGB", (size[0], size[1]), rng.randbytes(3 * size[0] * size[1]))
    slope = Image.linear_gradient("L").resize(size)
    tones = Image.merge(
        "RGB", [slope, slope.rotate(180), slope.transpose(Image.Transpose.ROTATE_90).resize(size)]
    )
    return Image.blend(tones, noise, 0.15)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@functools.cache
def opened(data: bytes) -> Image.Image:
    """As Pillow opens it, from the whole file."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def by_libvips(image: Image.Image, suffix: str, **options: Any) -> bytes:
    found = pyvips.Image.new_from_memory(image.tobytes(), *image.size, 3, "uchar")
    data: bytes = found.copy(interpretation="srgb").write_to_buffer(suffix, **options)
    return data


ROW_BY_ROW = (
    *("jpeg", "jpeg-grey", "jpeg-cmyk", "jpeg-restarts", "jpeg-420"),
    *("png", "png-grey", "png-palette", "png-1", "png-la", "png-rgba", "png-16", "png-rgb16"),
    *("png-animated", "png-animated-apart"),
    *("gif", "gif-animated", "bmp", "bmp-palette", "bmp-1", "ppm", "pgm", "pbm", "pfm"),
    *("tga", "tga-rle", "tga-rgba", "tga-palette", "tga-rle-grey"),
)
"""Formats whose rows are final as they arrive."""
WHOLE = (
    *("jpeg-progressive", "png-interlaced", "png-interlaced-2bit", "gif-interlaced"),
    *("webp", "avif", "jp2", "j2k", "qoi", "tiff", "tiff-deflate", "tiff-jpeg", "tiff-pyramid"),
    *("bmp-rle", "ppm-plain", "ppm-maxval"),
)
"""Formats that have a picture at their end."""
ALL = ROW_BY_ROW + WHOLE
NO_END_MARK = tuple(
    name for name in ALL if name.startswith(("bmp", "ppm", "pgm", "pbm", "pfm", "tga"))
)


TALL = (160, 1600)
"""Of so many rows that a decoder's delay of some does not count."""


@functools.cache
def sample(name: str, size: tuple[int, int] = LARGE) -> bytes:
    """A file of that kind."""
    image = scene(size)
    made = _PILLOW.get(name)
    if made is not None:
        mode, kind, options = made
        if mode == "I;16":
            return saved(
                image.convert("L").convert("I").point(lambda v: v * 257).convert("I;16"), kind
            )
        return saved(image.convert(mode), kind, **options)
    return _OTHERS[name](image)


_PILLOW: dict[str, tuple[str, str, dict[str, Any]]] = {
    "jpeg": ("RGB", "JPEG", {"quality": 90, "subsampling": 0}),
    "jpeg-420": ("RGB", "JPEG", {"quality": 80, "subsampling": 2}),
    "jpeg-grey": ("L", "JPEG", {}),
    "jpeg-cmyk": ("CMYK", "JPEG", {}),
    "jpeg-progressive": ("RGB", "JPEG", {"progressive": True, "quality": 90}),
    "png": ("RGB", "PNG", {}),
    "png-grey": ("L", "PNG", {}),
    "png-palette": ("P", "PNG", {}),
    "png-1": ("1", "PNG", {}),
    "png-la": ("LA", "PNG", {}),
    "png-rgba": ("RGBA", "PNG", {}),
    "png-16": ("I;16", "PNG", {}),
    "gif": ("RGB", "GIF", {"interlace": 0}),
    "gif-interlaced": ("RGB", "GIF", {"interlace": 1}),
    "bmp": ("RGB", "BMP", {}),
    "bmp-palette": ("P", "BMP", {}),
    "bmp-1": ("1", "BMP", {}),
    "ppm": ("RGB", "PPM", {}),
    "pgm": ("L", "PPM", {}),
    "pbm": ("1", "PPM", {}),
    "pfm": ("F", "PPM", {}),
    "tga": ("RGB", "TGA", {}),
    "tga-rle": ("RGB", "TGA", {"compression": "tga_rle"}),
    "tga-rgba": ("RGBA", "TGA", {}),
    "tga-palette": ("P", "TGA", {}),
    "webp": ("RGB", "WEBP", {}),
    "avif": ("RGB", "AVIF", {"speed": 10}),
    "jp2": ("RGB", "JPEG2000", {}),
    "j2k": ("RGB", "JPEG2000", {"no_jp2": True}),
    "qoi": ("RGB", "QOI", {}),
    "tiff": ("RGB", "TIFF", {}),
    "tiff-deflate": ("RGB", "TIFF", {"compression": "tiff_adobe_deflate"}),
    "tiff-jpeg": ("RGB", "TIFF", {"compression": "jpeg"}),
}  # fmt: skip


def _plain_ppm(image: Image.Image) -> bytes:
    numbers = " ".join(map(str, image.tobytes()))
    return b"P3\n# plain\n%d %d\n255\n" % image.size + numbers.encode() + b"\n"


def _ppm_to_100(image: Image.Image) -> bytes:
    return b"P6 %d %d 100\n" % image.size + bytes(value * 100 // 255 for value in image.tobytes())


def _bmp_rle(image: Image.Image) -> bytes:
    """As 8-bit runs, the way the format has them; nothing at hand writes such."""
    grey = image.convert("L").point(lambda value: value // 64 * 64)
    width, height = grey.size
    pixels = grey.tobytes()
    data = bytearray()
    for row in reversed(range(height)):
        for value in pixels[row * width : (row + 1) * width]:
            data += bytes((1, value))
        data += b"\0\0"
    data += b"\0\1"
    colours = b"".join(bytes((value, 0, value // 2, 0)) for value in range(256))
    offset = 14 + 40 + len(colours)
    head = b"BM" + (offset + len(data)).to_bytes(4, "little") + bytes(4)
    head += offset.to_bytes(4, "little") + (40).to_bytes(4, "little")
    head += width.to_bytes(4, "little") + height.to_bytes(4, "little") + b"\1\0\x08\0\1\0\0\0"
    return (
        head
        + len(data).to_bytes(4, "little")
        + bytes(8)
        + (256).to_bytes(4, "little")
        + bytes(4)
        + colours
        + bytes(data)
    )


_OTHERS = {
    "jpeg-restarts": lambda image: by_libvips(image, ".jpg", restart_interval=4),
    "png-rgb16": lambda image: _vips16(image, interlace=False),
    "png-interlaced": lambda image: by_libvips(image, ".png", interlace=True),
    "png-interlaced-2bit": lambda image: by_libvips(
        image.convert("L").convert("RGB"), ".png", interlace=True, bitdepth=2
    ),
    "gif-animated": lambda image: saved(
        image, "GIF", interlace=0, save_all=True, append_images=[image.rotate(90)]
    ),
    "png-animated": lambda image: saved(
        image, "PNG", save_all=True, append_images=[image.rotate(90)], duration=40
    ),
    "png-animated-apart": lambda image: saved(
        image, "PNG", save_all=True, append_images=[image.rotate(90)], default_image=True
    ),
    "tga-rle-grey": lambda image: saved(
        image.convert("L").point(lambda value: value // 64 * 64), "TGA", compression="tga_rle"
    ),
    "tiff-pyramid": lambda image: by_libvips(
        image, ".tif", tile=True, tile_width=64, tile_height=64, pyramid=True, compression="deflate"
    ),
    "bmp-rle": _bmp_rle,
    "ppm-plain": _plain_ppm,
    "ppm-maxval": _ppm_to_100,
}


def _vips16(image: Image.Image, **options: Any) -> bytes:
    found = pyvips.Image.new_from_memory(image.tobytes(), *image.size, 3, "uchar")
    data: bytes = (
        found.copy(interpretation="srgb").colourspace("rgb16").write_to_buffer(".png", **options)
    )
    return data
