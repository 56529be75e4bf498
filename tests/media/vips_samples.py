"""Pictures to read, made by libvips itself; each is larger than the blocks they are read in."""

import functools
from typing import Any

import pyvips

BLOCK = 64 * 1024
GET = "storage.objects.get"

WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    "jpeg": (".jpg", {"Q": 95}),
    "progressive": (".jpg", {"Q": 95, "interlace": True}),
    "png": (".png", {"compression": 1}),
    "strips": (".tif", {"compression": "deflate"}),
    "tiles": (".tif", {"tile": True, "compression": "jpeg", "Q": 95}),
    "webp": (".webp", {"Q": 95, "effort": 0}),
    "gif": (".gif", {"effort": 1}),
    "avif": (".avif", {"Q": 80, "effort": 0}),
}


@functools.cache
def picture(width: int = 900, height: int = 700) -> Any:
    """Noise in which each place has a colour of its own."""
    places = pyvips.Image.xyz(width, height)
    noise = pyvips.Image.gaussnoise(width, height, sigma=40, mean=128, seed=1)
    bands = noise.bandjoin([(places[0] * 0.3) + (noise * 0.3), (places[1] * 0.3) + (noise * 0.2)])
    return bands.cast("uchar").copy(interpretation="srgb").copy_memory()


@functools.cache
def sample(name: str) -> bytes:
    suffix, options = WAYS[name]
    return encoded(suffix, **options)


def encoded(suffix: str, **options: Any) -> bytes:
    data: bytes = picture().write_to_buffer(suffix, **options)
    return data


def announcing(jpeg: bytes, width: int, height: int) -> bytes:
    """A JPEG whose header says that it is so large."""
    size = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:size] + height.to_bytes(2) + width.to_bytes(2) + jpeg[size + 4 :]


@functools.cache
def local_thumbnail(name: str, width: int = 100) -> bytes:
    """What the same operation gives of the same bytes, read from memory by libvips itself."""
    return bytes(thumbnail_of(sample(name), width))


def thumbnail_of(data: bytes, width: int = 100) -> bytes:
    image = pyvips.Image.thumbnail_buffer(data, width)
    made: bytes = image.write_to_buffer(".png")
    return made


def average(source: Any) -> float:
    """For `Source.run`: reads all pixels."""
    image = pyvips.Image.new_from_source(source, "", access="sequential", fail_on="error")
    return float(image.avg())
