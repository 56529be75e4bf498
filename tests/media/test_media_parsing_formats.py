"""Every format, in pieces of every size: the same picture as from the whole file."""

import io
import zlib

import pytest
from parsing_samples import ALL, LARGE, ROW_BY_ROW, SMALL, opened, sample, saved, scene
from PIL import Image

from storage_stream.media import ImageInfo, StreamParser


def fed(parser: StreamParser, data: bytes, size: int) -> StreamParser:
    for start in range(0, len(data), size):
        parser.feed(data[start : start + size])
    return parser


def assert_same(image: Image.Image, expected: Image.Image) -> None:
    assert (image.format, image.mode, image.size) == (
        expected.format,
        expected.mode,
        expected.size,
    )
    assert image.tobytes() == expected.tobytes()
    assert image.getpalette() == expected.getpalette()
    assert image.info == expected.info


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("size", [1, 7, 1024, 8192, 10**9])
def test_the_size_of_the_pieces_does_not_matter(name: str, size: int) -> None:
    data = sample(name, SMALL if size < 1024 else LARGE)
    parser = fed(StreamParser(), data, size)
    assert_same(parser.close(), opened(data))
    assert parser.finished
    assert not parser.truncated
    assert parser.bytes_fed == len(data)


@pytest.mark.parametrize("name", ALL)
def test_what_stands_behind_the_picture_is_ignored(name: str) -> None:
    if name.startswith(("jp2", "j2k", "qoi", "ppm-plain", "avif")):
        pytest.skip("their end is where the file ends")
    data = sample(name, SMALL)
    parser = fed(StreamParser(), data + b"\xff\xd9\x3b behind" * 500, 700)
    assert parser.close().tobytes() == opened(data).tobytes()


@pytest.mark.parametrize("name", ALL)
def test_whether_rows_come_early_is_told(name: str) -> None:
    parser = StreamParser()
    assert not parser.incremental
    fed(parser, sample(name), 4096)
    assert parser.incremental == (name in ROW_BY_ROW)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_bytes_will_do(kind: type) -> None:
    data = sample("png")
    parser = StreamParser()
    parser.feed(b"")
    parser.feed(kind(data[:5000]))
    parser.feed(b"")
    parser.feed(kind(data[5000:]))
    assert parser.close().tobytes() == opened(data).tobytes()


def test_what_was_fed_may_be_changed_afterwards() -> None:
    data = sample("jpeg")
    parser, buffer = StreamParser(), bytearray(700)
    for start in range(0, len(data), 700):
        piece = data[start : start + 700]
        buffer[: len(piece)] = piece
        parser.feed(memoryview(buffer)[: len(piece)])
        buffer[:] = bytes(700)
    assert parser.close().tobytes() == opened(data).tobytes()


def behind_the_pixels(data: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG with more chunks in front of its end."""
    added = b"".join(
        len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")
        for kind, body in chunks
    )
    return data[:-12] + added + data[-12:]


def test_text_behind_the_pixels_of_a_png_is_read() -> None:
    data = behind_the_pixels(
        saved(scene(SMALL), "PNG"),
        (b"tEXt", b"Title\0behind"),
        (b"iTXt", b"Note\0\0\0de\0\0" + "übrigens".encode()),
        (b"eXIf", exif().tobytes()[6:]),
    )
    image = fed(StreamParser(), data, 100).close()
    assert (image.info["Title"], image.info["Note"]) == ("behind", "übrigens")
    assert image.getexif()[0x0112] == 6
    assert image.info == opened(data).info


def test_words_behind_the_pixels_that_cannot_be_read_are_left_out() -> None:
    data = behind_the_pixels(
        saved(scene(SMALL), "PNG"),
        (b"tEXt", b"Short\0word"),
        (b"zTXt", b"Bomb\0\0" + zlib.compress(bytes(3_000_000))),
        (b"tEXt", b"Long\0" + b"x" * 2_000_000),
    )
    image = fed(StreamParser(), data, 5000).close()
    assert image.tobytes() == scene(SMALL).tobytes()
    assert not {"Bomb", "Long"} & image.info.keys()


def exif() -> Image.Exif:
    tags = Image.Exif()
    tags[0x0112] = 6
    return tags


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_orientation_is_in_the_header(kind: str) -> None:
    parser = StreamParser()
    parser.feed(saved(scene(), kind, exif=exif()))
    parser.close()
    assert parser.info is not None
    assert (parser.info.orientation, parser.info.oriented_size) == (6, LARGE[::-1])


def test_the_header_comes_before_the_picture() -> None:
    for name in (*ROW_BY_ROW, "jpeg-progressive", "png-interlaced", "webp", "avif", "jp2", "qoi"):
        heard: list[ImageInfo] = []
        parser = StreamParser(on_header=heard.append)
        data = sample(name)
        parser.feed(data[:4096])
        assert parser.info is not None, name
        known = [(info.format, info.width, info.height) for info in heard]
        assert known == [(opened(data).format, *LARGE)], name
        fed(parser, data[4096:], 4096).close()
        assert len(heard) == 1


def test_a_long_header_is_no_obstacle() -> None:
    file = io.BytesIO()
    scene().save(file, "JPEG", icc_profile=bytes(range(256)) * 1800)
    data = file.getvalue()
    parser = StreamParser()
    parser.feed(data[:450_000])
    assert parser.info is None
    parser.feed(data[450_000:])
    assert parser.close().info["icc_profile"] == bytes(range(256)) * 1800


def test_the_picture_has_its_size_as_soon_as_the_header_is_there() -> None:
    parser = StreamParser()
    parser.feed(sample("jpeg")[:4096])
    assert parser.image is not None
    assert parser.image.size == LARGE


@pytest.mark.parametrize(
    ("target", "size"),
    [(None, LARGE), (110, LARGE), (109, (110, 82)), (54, (55, 41)), (10, (28, 21)),
     ((109, 1000), (110, 82)), ((1000, 1000), LARGE)],
)  # fmt: skip
@pytest.mark.parametrize("name", ["jpeg", "jpeg-progressive"])
def test_a_jpeg_is_decoded_smaller(
    name: str, target: int | tuple[int, int] | None, size: tuple[int, int]
) -> None:
    data = sample(name)
    image = fed(StreamParser(target_size=target), data, 5000).close()
    assert image.size == size
    expected = Image.open(io.BytesIO(data))
    expected.draft(None, (size[0], size[1]) if size == LARGE else (size[0] - 1, size[1] - 1))
    assert image.tobytes() == expected.tobytes()
