"""`preview`: the best picture of what has arrived."""

import functools
import math

import pytest
from parsing_samples import LARGE, ROW_BY_ROW, by_libvips, opened, sample
from PIL import Image, ImageChops, ImageStat

from storage_stream.errors import InvalidArgument
from storage_stream.media import ParserClosed, StreamParser


def decibels(image: Image.Image, other: Image.Image) -> float:
    """The peak signal-to-noise ratio of two pictures."""
    squares = ImageStat.Stat(ImageChops.difference(image, other)).sum2
    mean = sum(squares) / (3 * image.width * image.height)
    return math.inf if mean == 0 else 10 * math.log10(255**2 / mean)


@functools.cache
def photo(**options: bool) -> bytes:
    """Large, and smooth with some grain, as a photograph is."""
    plane = Image.radial_gradient("L").resize((2400, 1800))
    tones = Image.merge("RGB", [plane, plane.rotate(90), ImageChops.invert(plane)])
    grain = Image.effect_noise((2400, 1800), 24).convert("RGB")
    return by_libvips(Image.blend(tones, grain, 0.2), ".jpg", Q=88, **options)


def previewed(data: bytes, share: float, size: int | None) -> Image.Image:
    parser = StreamParser()
    parser.feed(data[: int(len(data) * share)])
    image = parser.preview(size)
    assert image is not None
    return image


@pytest.mark.parametrize(("share", "least"), [(0.10, 40.0), (0.5, 50.0)])
def test_a_tenth_of_a_progressive_jpeg_is_a_good_picture(share: float, least: float) -> None:
    data = photo(interlace=True)
    image = previewed(data, share, 500).resize((500, 375))
    final = previewed(data, 1.0, 500).resize((500, 375))
    assert decibels(image, final) >= least
    assert decibels(final, opened(data).resize((500, 375))) > 30


def test_an_interlaced_png_gets_finer() -> None:
    data = sample("png-interlaced")
    whole = opened(data)
    worth = [decibels(previewed(data, share, None), whole) for share in (0.05, 0.2, 0.5, 0.99)]
    assert worth == sorted(worth)
    assert worth[0] > 12
    assert worth[-1] > 25
    assert previewed(data, 1.0, None).tobytes() == whole.tobytes()


@pytest.mark.parametrize("name", ROW_BY_ROW)
def test_what_has_not_come_is_blank(name: str) -> None:
    data = sample(name)
    parser = StreamParser()
    parser.feed(data[: len(data) // 3])
    image = parser.preview(None)
    assert image is not None
    assert image.size == LARGE
    missing = LARGE[1] - parser.rows_ready - 1  # a row may have been begun
    top = 0 if name.startswith(("bmp", "tga", "pfm")) else parser.rows_ready + 1
    rest = image.crop((0, top, LARGE[0], top + missing))
    extrema = rest.getextrema()
    bands = extrema if isinstance(extrema[0], tuple) else (extrema,)
    assert all(low == high for low, high in bands)
    parser.feed(data[len(data) // 3 :])
    assert parser.close().tobytes() == opened(data).tobytes()  # the copy changed nothing


@pytest.mark.parametrize("name", ["jpeg", "jpeg-progressive", "png", "png-palette", "png-1", "bmp"])
def test_it_is_made_smaller_but_not_too_small(name: str) -> None:
    image = previewed(sample(name), 0.6, 60)
    assert max(image.size) >= 60
    assert max(image.size) < max(LARGE)


@pytest.mark.parametrize("name", ["webp", "avif", "jp2", "qoi", "tiff"])
def test_what_is_decoded_at_the_end_has_none(name: str) -> None:
    parser = StreamParser()
    assert parser.preview() is None
    parser.feed(sample(name))
    assert parser.preview() is None


def test_it_counts_what_waits() -> None:
    parser = StreamParser()
    for byte in sample("png-1"):
        parser.feed(bytes((byte,)))
    image = parser.preview(None)
    assert image is not None
    assert image.tobytes() == opened(sample("png-1")).tobytes()


def test_a_closed_parser_has_none() -> None:
    parser = StreamParser()
    parser.feed(sample("png"))
    parser.close()
    with pytest.raises(ParserClosed):
        parser.preview()


def test_a_preview_has_a_size() -> None:
    with pytest.raises(InvalidArgument):
        StreamParser(target_size=0)
    with pytest.raises(InvalidArgument):
        previewed(sample("png"), 1.0, -1)
