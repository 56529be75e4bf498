"""What is no picture, or too large, costs an error and not the machine."""

import contextlib
import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from parsing_samples import ALL, LARGE, opened, sample
from PIL import Image

from storage_stream.errors import InvalidArgument
from storage_stream.media import (
    DamagedImage,
    ImageTooLarge,
    ParserClosed,
    SpoolTooSmall,
    StreamParser,
    TruncatedImage,
    UnidentifiedImage,
)
from storage_stream.media.parsing.tiff_extent import is_tiff_cut

SIDE = 60_000
MIB = 1 << 20


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def huge(name: str) -> bytes:
    """A small file that announces 3600 megapixels, and the beginning of their data."""
    return {
        "PNG": lambda: (
            b"\x89PNG\r\n\x1a\n"
            + chunk(b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(bytes(1000)))
        ),
        "JPEG": lambda: patched("jpeg", b"\xff\xc0", 5, ">HH"),
        "progressive": lambda: patched("jpeg-progressive", b"\xff\xc2", 5, ">HH"),
        "GIF": lambda: b"GIF89a" + struct.pack("<HH", SIDE, SIDE) + sample("gif")[10:],
        "BMP": lambda: sample("bmp")[:18] + struct.pack("<II", SIDE, SIDE) + sample("bmp")[26:],
        "PPM": lambda: b"P6 60000 60000 255\n" + bytes(2000),
        "TGA": lambda: sample("tga")[:12] + struct.pack("<HH", SIDE, SIDE) + sample("tga")[16:],
        "QOI": lambda: b"qoif" + struct.pack(">II", SIDE, SIDE) + sample("qoi")[12:],
        "TIFF": huge_tiff,
    }[name]()


def patched(name: str, marker: bytes, offset: int, shape: str) -> bytes:
    data = bytearray(sample(name))
    at = data.index(marker) + offset
    data[at : at + 4] = struct.pack(shape, SIDE, SIDE)
    return bytes(data)


def huge_tiff() -> bytes:
    tags = [(256, 4, SIDE), (257, 4, SIDE), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 8),
            (277, 3, 1), (278, 4, SIDE), (279, 4, 8)]  # fmt: skip
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return b"II*\0" + struct.pack("<I", 16) + bytes(8) + struct.pack("<H", 9) + entries + bytes(4)


HUGE = ["PNG", "JPEG", "progressive", "GIF", "BMP", "PPM", "TGA", "QOI", "TIFF"]


@pytest.mark.parametrize("name", HUGE)
def test_too_many_pixels_are_refused(name: str) -> None:
    parser = StreamParser()
    with pytest.raises(ImageTooLarge) as caught:  # noqa: PT012 - a TIFF tells at its end
        parser.feed(huge(name))
        parser.close()
    assert (caught.value.width, caught.value.height) == (SIDE, SIDE)
    assert caught.value.max_pixels == 256_000_000
    assert parser.image is None


@pytest.mark.parametrize("name", ALL)
def test_the_limit_is_the_caller_s(name: str) -> None:
    data = sample(name)
    pixels = LARGE[0] * LARGE[1]
    parser = StreamParser(max_pixels=pixels)
    parser.feed(data)
    assert parser.close().size == LARGE
    parser = StreamParser(max_pixels=pixels - 1)
    with pytest.raises(ImageTooLarge):  # noqa: PT012 - a TIFF tells at its end
        parser.feed(data)
        parser.close()


def test_more_pixels_than_pillow_warns_of_are_no_warning() -> None:
    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = 100
    try:
        for name in ("jpeg", "png", "gif", "bmp", "jp2", "qoi"):
            parser = StreamParser()
            parser.feed(sample(name))
            assert parser.close().size == LARGE
        parser = StreamParser()
        parser.feed(sample("webp"))
        with pytest.raises(ImageTooLarge, match="MAX_IMAGE_PIXELS"):  # Pillow's plugin asks it
            parser.close()
        assert Image.MAX_IMAGE_PIXELS == 100
    finally:
        Image.MAX_IMAGE_PIXELS = before


@pytest.mark.parametrize("data", [bytes(MIB), b"<html>" * 1000, b"%PDF-1.7" + bytes(2000)])
def test_what_is_no_picture_is_told_at_once(data: bytes) -> None:
    parser = StreamParser()
    with pytest.raises(UnidentifiedImage):  # noqa: PT012 - some piece is one too many
        for start in range(0, 100 * len(data), 8192):
            parser.feed(data[start % len(data) :][:8192])
    assert parser.bytes_fed <= 1.1 * MIB
    with pytest.raises(ParserClosed):
        parser.feed(b"")


def test_a_header_without_an_end_is_refused() -> None:
    parser = StreamParser()
    segment = b"\xff\xe2\xff\xff" + bytes(65533)
    with pytest.raises(UnidentifiedImage):  # noqa: PT012 - some segment is one too many
        parser.feed(b"\xff\xd8\xff\xe0\0\2")
        for _ in range(100):
            parser.feed(segment)
    assert parser.bytes_fed <= 1.1 * MIB
    parser = StreamParser(max_header=8 * MIB)
    parser.feed(b"\xff\xd8" + segment * 30 + sample("jpeg")[2:])
    assert parser.close().size == LARGE


def test_nothing_is_no_picture() -> None:
    with pytest.raises(UnidentifiedImage, match="empty"):
        StreamParser().close()


@pytest.mark.parametrize("name", ["webp", "tiff", "jpeg-progressive"])
def test_what_is_kept_has_a_limit(name: str) -> None:
    parser = StreamParser(max_bytes=5000)
    with pytest.raises(SpoolTooSmall):
        parser.feed(sample(name))


def test_what_is_kept_goes_to_a_file_and_leaves_nothing(tmp_path: Path) -> None:
    data = sample("tiff")
    data += bytes(9 * MIB - len(data))  # more than is kept in memory
    program = f"""
import os, tempfile
tempfile.tempdir = {str(tmp_path)!r}
from storage_stream.media import StreamParser
with open({str(tmp_path / "large.tif")!r}, "rb") as file:
    data = file.read()
parser = StreamParser()
parser.feed(data)
open_files = [os.readlink(f"/proc/self/fd/{{fd}}") for fd in os.listdir("/proc/self/fd")
              if os.path.exists(f"/proc/self/fd/{{fd}}")
              or os.path.islink(f"/proc/self/fd/{{fd}}")]
print(sum({str(tmp_path)!r} in name for name in open_files), parser.close().size)
"""
    (tmp_path / "large.tif").write_bytes(data)
    assert run(program) == f"1 {LARGE}\n"
    assert [path.name for path in tmp_path.iterdir()] == ["large.tif"]


def run(program: str) -> str:
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's figures")
def test_refusing_takes_no_memory(tmp_path: Path) -> None:
    for name in HUGE:
        (tmp_path / name).write_bytes(huge(name))
    program = f"""
import pathlib
from storage_stream.media import ImageTooLarge, StreamParser
def peak():
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1])
def refuse(file):
    parser = StreamParser()
    try:
        parser.feed(file.read_bytes())
        parser.close()
    except ImageTooLarge:
        return 1
    return 0
files = sorted(pathlib.Path({str(tmp_path)!r}).iterdir())
refuse(files[0])
before = peak()
print(sum(map(refuse, files)), (peak() - before) // 1024)
"""
    refused, grown = map(int, run(program).split())
    assert refused == len(HUGE)
    assert grown < 5


def test_the_memory_is_that_of_the_picture(tmp_path: Path) -> None:
    """A small piece of a PNG may hold many rows: they are not decompressed all at once."""
    rows = zlib.compress(bytes(1 + 3 * 4000) * 4000)
    data = b"\x89PNG\r\n\x1a\n"
    data += chunk(b"IHDR", struct.pack(">IIBBBBB", 4000, 4000, 8, 2, 0, 0, 0))
    data += chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    (tmp_path / "dark.png").write_bytes(data)
    program = f"""
import pathlib, resource
from storage_stream.media import StreamParser
data = pathlib.Path({str(tmp_path / "dark.png")!r}).read_bytes()
StreamParser().preview()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
parser = StreamParser()
parser.feed(data)
parser.close()
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    assert int(run(program)) < 4 * 4000 * 4000 / MIB + 8


def test_a_parser_can_be_used_again_at_any_time() -> None:
    parser = StreamParser()
    for name in ("jpeg", "webp", "png", "jpeg-progressive", "gif"):
        parser.feed(sample(name)[: len(sample(name)) // 2])
        parser.reset()
        assert (parser.info, parser.image, parser.rows_ready) == (None, None, 0)
        parser.feed(sample(name))
        assert parser.close().tobytes() == opened(sample(name)).tobytes()
        with pytest.raises(ParserClosed):
            parser.close()
        parser.reset()
    with contextlib.suppress(UnidentifiedImage):
        parser.feed(bytes(100_000))
    parser.reset()
    parser.feed(sample("bmp"))
    assert parser.close().size == LARGE


def test_a_block_gives_back_what_the_parser_holds() -> None:
    with StreamParser() as parser:
        parser.feed(sample("png"))
        image = parser.close()
    assert image.getpixel((5, 5)) == opened(sample("png")).getpixel((5, 5))
    with StreamParser() as parser:
        parser.feed(sample("webp"))
    with pytest.raises(ParserClosed):
        parser.close()


def test_a_failed_close_ends_it() -> None:
    parser = StreamParser()
    parser.feed(sample("webp")[:-100])
    with pytest.raises(TruncatedImage):
        parser.close()
    with pytest.raises(ParserClosed):
        parser.feed(sample("webp")[-100:])


@pytest.mark.parametrize("name", ["max_pixels", "max_header", "max_bytes"])
def test_a_limit_is_at_least_one(name: str) -> None:
    with pytest.raises(InvalidArgument):
        StreamParser(**{name: 0})  # type: ignore[arg-type]  # one of several names


def test_an_argument_that_is_none_is_told() -> None:
    with pytest.raises(TypeError, match="'maxpixels'"):
        StreamParser(maxpixels=5)  # type: ignore[call-arg]


def test_without_pillow_the_message_says_what_to_install() -> None:
    program = """
import sys
sys.modules["PIL"] = None
import storage_stream.media
try:
    storage_stream.media.StreamParser()
except ImportError as error:
    print(type(error).__name__, error)
"""
    assert run(program) == (
        "ExtraMissing parsing pictures needs Pillow: install storage-stream[pillow]\n"
    )


def test_a_jpeg_of_endless_scans_is_refused() -> None:
    data = sample("jpeg-progressive")
    scan = data[data.rindex(b"\xff\xda") : -2]
    parser = StreamParser()
    parser.feed(data[:-2] + scan * 50)
    with pytest.raises(DamagedImage, match="scans"):
        parser.feed(scan * 60)


def test_a_tiff_of_endless_numbers_is_refused() -> None:
    strips = struct.pack("<HHII", 273, 3, 4_000_001, 26)
    counts = struct.pack("<HHII", 279, 3, 4_000_001, 26)
    data = b"II*\0" + struct.pack("<IH", 8, 2) + strips + counts + bytes(4) + bytes(8_000_002)
    with pytest.raises(DamagedImage, match="directories"):
        is_tiff_cut(io.BytesIO(data), len(data))


def test_what_pillow_does_not_read_is_not_kept() -> None:
    parser = StreamParser()
    with pytest.raises(UnidentifiedImage, match="HEIF"):
        parser.feed(b"\0\0\0\x18ftypheic\0\0\0\0heicmif1" + bytes(2000))


def test_what_is_no_bytes_is_the_caller_s_mistake_and_harms_nothing() -> None:
    parser = StreamParser()
    parser.feed(sample("png")[:5000])
    with pytest.raises(TypeError):
        parser.feed("text")  # type: ignore[arg-type]  # on purpose
    parser.feed(sample("png")[5000:])
    assert parser.close().size == LARGE
