"""Pictures that mean harm, or that few programs write: read as what they are, or refused."""

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from images_house import House, difference, encoded, pattern
from PIL import Image

from storage_stream.images import ConversionTimeout, ConverterService, ImageService, UnreadableImage

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""What a picture is does not depend on the database."""
ENGINES = pytest.mark.parametrize("engine", ["auto", "pillow"])

THUMBNAIL: dict[str, Any] = {
    "versions": [
        {"version": "v", "format": "png", "operations": [{"name": "abs_scale", "params": 20}]},
        {"version": "r", "format": "jpeg", "operations": [{"name": "rotate", "params": 90}]},
    ]
}


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(size: tuple[int, int], extra: bytes = b"", pixels: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0)
    rest = chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + rest


def bomb(kind: bytes) -> bytes:
    """A chunk of text, or a profile, of 64 MiB in 64 KiB."""
    return chunk(kind, b"a\0\0" + zlib.compress(bytes(64 << 20), 9))


def announcing(data: bytes, marker: bytes, width: int, height: int) -> bytes:
    """A JPEG whose header says another size."""
    at = data.index(marker) + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


def many_frames(count: int) -> bytes:
    data = encoded(pattern(8, 8).quantize(4), "gif")
    at = data.index(b"\x2c")
    return data[:at] + data[at:-1] * count + b";"


async def convert(house: House, data: bytes, engine: Any, **options: Any) -> list[Any]:
    converters = ConverterService(house.database, house.files, engine=engine, **options)
    images = ImageService(house.database, house.files, converters)
    converter_id = await house.converter(THUMBNAIL)
    rows = await images.convert_from_file(await house.file(data), converter_id)
    return [await house.picture(row) for row in rows[1:]]


def waves16() -> Image.Image:
    return Image.fromarray(np.asarray(pattern(80, 60).convert("L")).astype("uint16") * 257)


READ: dict[str, bytes] = {
    "bmp": encoded(pattern(80, 60), "bmp"),
    "ppm": encoded(pattern(80, 60), "ppm"),
    "tga": encoded(pattern(80, 60), "tga"),
    "jpeg 2000": encoded(pattern(80, 60), "jpeg2000"),
    "webp": encoded(pattern(80, 60), "webp"),
    "one bit": encoded(pattern(80, 60).convert("1")),
    "16 bits": encoded(waves16()),
    "16 bits, tiff": encoded(waves16(), "tiff"),
    "grey and alpha": encoded(pattern(80, 60).convert("LA")),
    "cmyk": encoded(pattern(80, 60).convert("CMYK"), "jpeg"),
    "progressive": encoded(pattern(80, 60), "jpeg", progressive=True),
    "floats": encoded(pattern(80, 60).convert("F"), "tiff"),
    "with an archive behind it": encoded(pattern(80, 60)) + b"PK\x03\x04" + bytes(100),
}


@ON_SQLITE
@ENGINES
@pytest.mark.parametrize("kind", READ)
async def test_what_is_read(house: House, kind: str, engine: str) -> None:
    small, turned = await convert(house, READ[kind], engine)
    assert (small.size, turned.size) == ((20, 15), (60, 80))
    if kind != "cmyk":  # whose colours are a matter of profiles
        wanted = pattern(80, 60).resize((20, 15), Image.Resampling.LANCZOS)
        is_grey = small.mode in ("L", "LA") or kind in ("floats", "one bit")
        mode, most = ("L", 90 if kind == "one bit" else 16) if is_grey else ("RGB", 24)
        assert difference(small.convert(mode), wanted.convert(mode)) <= most


@ON_SQLITE
async def test_frames_and_text_that_are_not_wanted_cost_nothing(house: House) -> None:
    for data in (many_frames(100_000), png((8, 8), bomb(b"zTXt"), bytes(200))):
        small, _ = await convert(house, data, "vips")
        assert small.size == (20, 20)
        await house.converters.delete((await house.converters.list())["data"][0]["id"])


JPEG = encoded(pattern(80, 60), "jpeg")
REFUSED: dict[str, bytes] = {
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="9999" height="9999"/>',
    "mvg": b'push graphic-context\nimage over 0,0 0,0 "https://127.0.0.1/"\n',
    "pdf": b"%PDF-1.4\n1 0 obj<<>>endobj",
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\n",
    "numbers": b"2 2\n1 2\n3 4\n",
    "script in a gif": b"GIF89a/*\x01\0*/=1;<script>alert(1)</script>",
    "only a signature": b"\x89PNG\r\n\x1a\n",
    "no side": png((0, 10)),
    "no pixels": png((80, 60)),
    "a thousand million pixels": png((40_000, 25_000)),
    "a large progressive one": announcing(READ["progressive"], b"\xff\xc2", 12_000, 12_000),
    "cut in its header": JPEG[:200],
    "cut in its pixels": JPEG[:-200],
}


@ON_SQLITE
@ENGINES
@pytest.mark.parametrize("kind", REFUSED)
async def test_what_is_refused(house: House, kind: str, engine: str) -> None:
    with pytest.raises(UnreadableImage) as caught:
        await convert(house, REFUSED[kind], engine)
    assert "\n" not in str(caught.value)
    assert await house.counts() == (0, 1, 1)


@ON_SQLITE
async def test_a_format_that_an_engine_does_not_read(house: House) -> None:
    with pytest.raises(UnreadableImage, match="libvips does not read BMP here"):
        await convert(house, READ["bmp"], "vips")


@ON_SQLITE
async def test_a_timeout_in_the_middle_of_computing(house: House, tmp_path: Path) -> None:
    """A hundred operations on 20 megapixels would take minutes."""
    blurs = [{"name": "blur"}] * 100
    settings = {"versions": [{"version": "v", "format": "png", "operations": blurs}]}
    large = tmp_path / "large.jpg"
    pattern(64, 48).resize((5000, 4000)).save(large, "jpeg")
    row = await house.files.create("image1", "jpg")
    file_id = (await house.files.upload(row["id"], large))["id"]
    slow = ConverterService(house.database, house.files, max_processing_time=0.3)
    images = ImageService(house.database, house.files, slow)
    converter_id = await house.converter(settings)
    with pytest.raises(ConversionTimeout):
        await images.convert_from_file(file_id, converter_id)
    assert await house.counts() == (0, 1, 1)
    assert house.gcs.unfinished_sessions == 0


@ON_SQLITE
async def test_a_long_chain_takes_as_long_as_its_length(house: House) -> None:
    """And not twice as long with each step more."""
    blurs = [{"name": "blur"}] * 60
    settings = {"versions": [{"version": "v", "format": "png", "operations": blurs}]}
    converter_id = await house.converter(settings)
    rows = await house.images.convert_from_file(
        await house.file(encoded(pattern(80, 60))), converter_id
    )
    assert (await house.picture(rows[1])).size == (80, 60)
